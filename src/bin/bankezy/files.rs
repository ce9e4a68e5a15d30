//! Reading and writing: files, standard input and output.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use bankezy_crypto::SecretBytes;

use crate::failure::Failure;

/// Largest key or secret file that is read.
const MAX_KEY_FILE: usize = 64 * 1024;

/// Reads a key or secret file into memory that wipes itself.
pub(crate) fn read_key(path: &Path) -> Result<SecretBytes, Failure> {
    read_file(path, MAX_KEY_FILE)
}

/// Reads a file of at most `max` bytes.
pub(crate) fn read_file(path: &Path, max: usize) -> Result<SecretBytes, Failure> {
    let shown = path.display();
    let file = File::open(path)
        .map_err(|error| Failure::operation(format!("cannot read {shown}: {error}")))?;
    read(file, max, &shown.to_string())
}

/// Reads standard input of at most `max` bytes.
pub(crate) fn read_stdin(max: usize) -> Result<SecretBytes, Failure> {
    read(io::stdin().lock(), max, "standard input")
}

fn read(source: impl Read, max: usize, name: &str) -> Result<SecretBytes, Failure> {
    let mut bytes = SecretBytes::from(Vec::new());
    // One more than allowed, to tell a text that is too long from one that just fits.
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    io::copy(&mut source.take(limit), &mut bytes)
        .map_err(|error| Failure::operation(format!("cannot read {name}: {error}")))?;
    if bytes.as_bytes().len() > max {
        return Err(Failure::operation(format!(
            "{name} has more than {max} bytes"
        )));
    }
    Ok(bytes)
}

/// Writes bytes to standard output as they are.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::operation(format!("cannot write standard output: {error}")))
}

/// Writes a private key to a file that only its owner may read.
///
/// Without `force` an existing file is left as it is. With `force` the new file takes the old one's
/// place only once it is whole.
pub(crate) fn write_private(path: &Path, contents: &[u8], force: bool) -> Result<(), Failure> {
    let target = match force {
        true => beside(path),
        false => path.to_owned(),
    };
    let shown = path.display();
    let mut file = create_private(&target).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists if !force => Failure::operation(format!(
            "{shown} exists and is left as it is: choose another file, or --force"
        )),
        _ => Failure::operation(format!("cannot create {shown}: {error}")),
    })?;
    let written = file
        .write_all(contents)
        .and_then(|()| file.sync_all())
        .and_then(|()| match force {
            true => fs::rename(&target, path),
            false => Ok(()),
        });
    written.map_err(|error| {
        // Nothing half written stays behind.
        let _ = fs::remove_file(&target);
        Failure::operation(format!("cannot write {shown}: {error}"))
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
