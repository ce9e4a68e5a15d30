//! The files of a run: the rows, and beside them the machine.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::machine::Machine;
use crate::row::Row;

/// Both files, open, so that a run does not end with nowhere to put what it found.
pub(crate) struct Results {
    rows: Output,
    machine: Output,
}

struct Output {
    path: PathBuf,
    file: File,
}

impl Results {
    /// Leaves what is in the files until there is something new.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        Ok(Self {
            rows: Output::open(path.to_owned())?,
            machine: Output::open(machine_path(path))?,
        })
    }

    pub(crate) fn write(mut self, rows: &[Row], machine: &Machine) -> Result<(), String> {
        // A row a line, so that two runs can be compared line by line.
        let lines: Result<Vec<_>, _> = rows.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|error| self.rows.cannot(&error))?;
        self.rows
            .replace(&format!("[\n{}\n]\n", lines.join(",\n")))?;
        self.machine.write(machine)
    }
}

impl Output {
    fn open(path: PathBuf) -> Result<Self, String> {
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

    fn write(&mut self, value: &impl Serialize) -> Result<(), String> {
        let text = serde_json::to_string_pretty(value).map_err(|error| self.cannot(&error))?;
        self.replace(&format!("{text}\n"))
    }

    fn replace(&mut self, text: &str) -> Result<(), String> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .map_err(|error| self.cannot(&error))
    }

    fn cannot(&self, error: &dyn std::error::Error) -> String {
        format!("cannot write {}: {error}", self.path.display())
    }
}

/// `peers.machine.json` beside `peers.json`.
fn machine_path(rows: &Path) -> PathBuf {
    rows.with_extension("machine.json")
}

pub(crate) fn read(path: &Path) -> Result<(Vec<Row>, Machine), String> {
    Ok((parse(path)?, parse(&machine_path(path))?))
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("{} is not what a run writes: {error}", path.display()))
}
