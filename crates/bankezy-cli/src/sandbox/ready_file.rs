//! The ready file: written last and atomically, removed at the end, never in place of any other file.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use bankezy_crypto::SecretText;
use serde_json::Value;

use crate::failure::Failure;
use crate::files;

const FLAG: &str = "--ready-file";
/// A longer file is not one of ours.
const MAX: usize = 64 * 1024;

/// A ready file that exists as long as the emulator runs.
pub(crate) struct ReadyFile {
    path: PathBuf,
    contents: SecretText,
    /// Locked as long as the emulator runs, however it ends. `None` if the file system has no locks.
    _locked: Option<File>,
}

impl ReadyFile {
    /// Refuses to replace a file that is not a ready file, or that of a running emulator.
    pub(crate) fn check(path: &Path, force: bool) -> Result<(), Failure> {
        match fs::symlink_metadata(path) {
            Err(_) => Ok(()),
            Ok(found) if found.is_file() && force => Ok(()),
            Ok(found) if found.is_file() && is_ready_file(path) => {
                if is_locked(path) {
                    return Err(Failure::operation(format!(
                        "{} belongs to an emulator that is running: end it, name another file, or add --force",
                        files::named_by(FLAG)
                    )));
                }
                Ok(())
            }
            Ok(found) if found.is_file() => Err(Failure::operation(format!(
                "{} exists and is not overwritten, since it is not a ready file: name another file, or add \
                 --force",
                files::named_by(FLAG)
            ))),
            Ok(_) => files::check_private(path, FLAG, true),
        }
    }

    pub(crate) fn write(path: &Path, contents: SecretText, force: bool) -> Result<Self, Failure> {
        Self::check(path, force)?;
        // Readers see all of it or nothing.
        files::write_private(path, FLAG, contents.as_str().as_bytes(), true)?;
        // Shared, since on Windows an exclusive lock would keep readers out.
        let file = File::open(path).ok();
        let _locked = file.filter(|file| file.lock_shared().is_ok());
        Ok(Self {
            path: path.to_owned(),
            contents,
            _locked,
        })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // The file of another emulator, which started later, stays.
        let found = files::read_file(&self.path, MAX, FLAG);
        if found.is_ok_and(|found| found.as_bytes() == self.contents.as_str().as_bytes()) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether the emulator that wrote it runs.
fn is_locked(path: &Path) -> bool {
    let file = File::open(path);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The file of a run that was killed, or of one that is running.
fn is_ready_file(path: &Path) -> bool {
    let Ok(found) = files::read_file(path, MAX, FLAG) else {
        return false;
    };
    let Ok(json) = serde_json::from_slice::<Value>(found.as_bytes()) else {
        return false;
    };
    let has = |place: &str| json.pointer(place).is_some_and(Value::is_string);
    has("/url") && has("/bankezy/apiKey") && has("/bankezy/payloadSecret")
}
