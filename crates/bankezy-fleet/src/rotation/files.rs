//! The folder of key files.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use bankezy_crypto::PayloadSecret;
use zeroize::Zeroizing;

use crate::error::{FleetError, KeyFileProblem};

/// The longest key file that is read. A secret has 44 characters.
const MAX_FILE: u64 = 1024;

pub(super) async fn read(folder: PathBuf) -> Result<BTreeMap<String, PayloadSecret>, FleetError> {
    let reading = tokio::task::spawn_blocking(move || read_now(&folder));
    reading
        .await
        .unwrap_or(Err(FleetError::KeyFolder(ErrorKind::Other)))
}

fn read_now(folder: &Path) -> Result<BTreeMap<String, PayloadSecret>, FleetError> {
    let failed = |name: &str, problem| FleetError::KeyFile {
        name: name.to_owned(),
        problem,
    };
    let entries = std::fs::read_dir(folder);
    let entries = entries.map_err(|error| FleetError::KeyFolder(error.kind()))?;
    let mut secrets = BTreeMap::new();
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
        match std::fs::metadata(entry.path()) {
            Ok(found) if found.is_file() => {}
            Ok(_) => continue,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&name, KeyFileProblem::Io(error.kind()))),
        }
        let text = read_text(&entry.path());
        let text = text.map_err(|error| failed(&name, KeyFileProblem::Io(error.kind())))?;
        let secret = PayloadSecret::from_base64url(text.trim());
        let secret = secret.map_err(|error| failed(&name, KeyFileProblem::Secret(error)))?;
        secrets.insert(name, secret);
    }
    if secrets.is_empty() {
        // A mount that is not there looks like this.
        return Err(FleetError::NoKeys);
    }
    Ok(secrets)
}

fn read_text(path: &Path) -> std::io::Result<Zeroizing<String>> {
    let file = std::fs::File::open(path)?;
    // With all of its room at once: it does not move and leave a copy.
    let mut text = Zeroizing::new(String::with_capacity(2048));
    file.take(MAX_FILE).read_to_string(&mut text)?;
    Ok(text)
}
