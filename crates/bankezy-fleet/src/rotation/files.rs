//! The folder of key files.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bankezy_crypto::PayloadSecret;
use tokio::sync::oneshot;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::error::{FleetError, KeyFileProblem};

/// The longest key file that is read. A secret has 44 characters.
const MAX_FILE: u64 = 1024;

/// What a folder holds: at least one secret.
pub(super) struct Folder {
    pub(super) secrets: BTreeMap<String, PayloadSecret>,
    /// Files that hold none, or cannot be read, and why.
    bad: BTreeMap<String, FleetError>,
}

impl Folder {
    pub(super) fn has(&self, name: &str) -> bool {
        self.secrets.contains_key(name) || self.bad.contains_key(name)
    }

    /// Why a file could not be used, if there is one.
    pub(super) fn check(&self) -> Result<(), FleetError> {
        self.bad.values().next().cloned().map_or(Ok(()), Err)
    }
}

pub(super) type Reading = oneshot::Receiver<Result<Folder, FleetError>>;

/// In a thread of its own: a runtime does not end before those that it started for blocking work do.
pub(super) fn read(folder: PathBuf) -> Reading {
    let (answer, reading) = oneshot::channel();
    let read = move || drop(answer.send(read_now(&folder)));
    // Without a thread the answer is dropped.
    let _ = std::thread::Builder::new().spawn(read);
    reading
}

/// Waits for a read: a folder can be one of another machine. Fails if it takes longer, and it goes on.
pub(super) async fn finish(
    reading: &mut Reading,
    within: Duration,
) -> Result<Result<Folder, FleetError>, FleetError> {
    let late = FleetError::KeyFolder(ErrorKind::TimedOut);
    let finished = timeout(within, reading).await.map_err(|_| late)?;
    Ok(finished.unwrap_or(Err(FleetError::KeyFolder(ErrorKind::Other))))
}

fn read_now(folder: &Path) -> Result<Folder, FleetError> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.map_err(|error| FleetError::KeyFolder(error.kind()))?;
    let (mut secrets, mut bad) = (BTreeMap::new(), BTreeMap::new());
    for entry in entries {
        let entry = entry.map_err(|error| FleetError::KeyFolder(error.kind()))?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        // Not of the entry itself, which may be a link. One that leads nowhere is a file that is gone; if its file
        // cannot be seen for another reason, nothing says that it is.
        let found = match std::fs::metadata(entry.path()) {
            Ok(found) if found.is_file() => secret(&entry.path()),
            Ok(_) => continue,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => Err(KeyFileProblem::Io(error.kind())),
        };
        match found {
            Ok(secret) => drop(secrets.insert(name, secret)),
            Err(problem) => {
                let error = FleetError::KeyFile {
                    name: name.clone(),
                    problem,
                };
                bad.insert(name, error);
            }
        }
    }
    let folder = Folder { secrets, bad };
    if folder.secrets.is_empty() {
        // A mount that is not there looks like one without files.
        return folder.check().and(Err(FleetError::NoKeys));
    }
    Ok(folder)
}

fn secret(path: &Path) -> Result<PayloadSecret, KeyFileProblem> {
    let text = read_text(path).map_err(|error| KeyFileProblem::Io(error.kind()))?;
    PayloadSecret::from_base64url(text.trim()).map_err(KeyFileProblem::Secret)
}

fn read_text(path: &Path) -> std::io::Result<Zeroizing<String>> {
    let file = std::fs::File::open(path)?;
    // With all of its room at once: it does not move and leave a copy.
    let mut text = Zeroizing::new(String::with_capacity(2048));
    file.take(MAX_FILE).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_that_hangs_is_an_error_and_its_read_goes_on() {
        let (answer, mut reading) = oneshot::channel();
        let late = finish(&mut reading, Duration::from_millis(20)).await;
        let expected = FleetError::KeyFolder(ErrorKind::TimedOut);
        assert_eq!(late.err(), Some(expected));
        assert!(answer.send(Err(FleetError::NoKeys)).is_ok());
        let found = finish(&mut reading, Duration::from_secs(60)).await.unwrap();
        assert_eq!(found.err(), Some(FleetError::NoKeys));
    }
}
