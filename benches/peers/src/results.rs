//! The file of a run: the machine, the rows and the goals.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::goals::Goal;
use crate::machine::Machine;
use crate::row::Row;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<Row>,
    pub(crate) goals: Vec<Goal>,
}

impl Results {
    /// A row and a goal a line, so that two runs can be compared line by line.
    fn text(&self) -> serde_json::Result<String> {
        let machine = serde_json::to_string(&self.machine)?;
        let (rows, goals) = (lines(&self.rows)?, lines(&self.goals)?);
        Ok(format!(
            "{{\n\"machine\":{machine},\n\"rows\":{rows},\n\"goals\":{goals}\n}}\n"
        ))
    }
}

fn lines<T: Serialize>(values: &[T]) -> serde_json::Result<String> {
    let lines: Result<Vec<_>, _> = values.iter().map(serde_json::to_string).collect();
    Ok(format!("[\n{}\n]", lines?.join(",\n")))
}

/// The file, open, so that a run does not end with nowhere to put what it found.
pub(crate) struct Output {
    path: PathBuf,
    file: File,
}

impl Output {
    /// Leaves what is in the file until there is something new.
    pub(crate) fn open(path: PathBuf) -> Result<Self, String> {
        let opened = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        match opened {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(format!("cannot write {}: {error}", path.display())),
        }
    }

    pub(crate) fn write(mut self, results: &Results) -> Result<(), String> {
        let text = results.text().map_err(|error| self.cannot(&error))?;
        self.file
            .set_len(0)
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .map_err(|error| self.cannot(&error))
    }

    fn cannot(&self, error: &dyn std::error::Error) -> String {
        format!("cannot write {}: {error}", self.path.display())
    }
}

pub(crate) fn read(path: &Path) -> Result<Results, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("{} is not what a run writes: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let results = Results {
            machine: Machine::this(),
            rows: Vec::new(),
            goals: crate::goals::goals(&Machine::this(), &[], Some(80.0)),
        };
        let read: Results = serde_json::from_str(&results.text().unwrap()).unwrap();
        assert_eq!(read.text().unwrap(), results.text().unwrap());
    }
}
