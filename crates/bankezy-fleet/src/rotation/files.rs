//! The folder of key files.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bankezy_crypto::PayloadSecret;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::connection::lock;
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

/// Reads the folder, which can be one of another machine: within so long.
pub(super) async fn read(folder: &Path, within: Duration) -> Result<Folder, FleetError> {
    let late = FleetError::KeyFolder(ErrorKind::TimedOut);
    let found = timeout(within, read_in_a_thread(folder, within)).await;
    found.map_err(|_| late)?
}

/// In a thread of its own, which goes on if nobody waits for it any more. A runtime does not end before the threads do
/// that it started for blocking work.
async fn read_in_a_thread(folder: &Path, within: Duration) -> Result<Folder, FleetError> {
    while !begins(folder, within) {
        sleep(Duration::from_millis(10)).await;
    }
    let ends = Ends(folder.to_owned());
    let (answer, found) = oneshot::channel();
    let read = move || {
        let found = read_now(&ends.0);
        drop(ends);
        let _ = answer.send(found);
    };
    // Without a thread, what it was to do is dropped.
    let _ = std::thread::Builder::new().spawn(read);
    let failed = Err(FleetError::KeyFolder(ErrorKind::Other));
    found.await.unwrap_or(failed)
}

/// Readings of each folder that are under way in this process. Each one that hangs keeps a thread.
static READINGS: Mutex<BTreeMap<PathBuf, Readings>> = Mutex::new(BTreeMap::new());

struct Readings {
    under_way: u32,
    last: Instant,
}

/// How many of a folder may hang before the next one waits.
const AT_ONCE: u32 = 4;

impl Readings {
    /// Whether another one begins. Where many hang, after a pause that doubles with each, up to 255 times as long as one may
    /// take: the folder may be another one by then.
    fn begin(&mut self, within: Duration) -> bool {
        let hanging = self.under_way.saturating_sub(AT_ONCE - 1).min(8);
        let pause = within.saturating_mul((1 << hanging) - 1);
        let begins = self.last.elapsed() >= pause;
        if begins {
            self.under_way += 1;
            self.last = Instant::now();
        }
        begins
    }
}

fn begins(folder: &Path, within: Duration) -> bool {
    let (under_way, last) = (0, Instant::now());
    let mut readings = lock(&READINGS);
    let of_folder = readings.entry(folder.to_owned());
    of_folder
        .or_insert(Readings { under_way, last })
        .begin(within)
}

/// When it is dropped, a reading of this folder ends.
struct Ends(PathBuf);

impl Drop for Ends {
    fn drop(&mut self) {
        let mut readings = lock(&READINGS);
        if let Some(of_folder) = readings.get_mut(&self.0) {
            of_folder.under_way -= 1;
            if of_folder.under_way == 0 {
                readings.remove(&self.0);
            }
        }
    }
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

    /// A folder that hangs for a day costs some hundred threads.
    #[test]
    fn readings_that_hang_let_another_begin_less_and_less_often() {
        let second = Duration::from_secs(1);
        let (under_way, last) = (0, Instant::now());
        let mut readings = Readings { under_way, last };
        let mut began = Vec::new();
        // With the longest time of 5 s, 86,400 s are so many.
        for now in 0..17_280_u32 {
            // As if so many seconds had passed since the last one.
            let last = began.last().map_or(0, |last| now - last);
            readings.last = Instant::now() - last * second;
            if readings.begin(second) {
                began.push(now);
            }
        }
        assert!((60..90).contains(&began.len()), "{began:?}");
        assert_eq!(began[..4], [0, 1, 2, 3]);
        readings.under_way = 0;
        assert!(readings.begin(second));
    }
}
