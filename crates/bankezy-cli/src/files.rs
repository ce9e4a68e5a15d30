//! Reading and writing: files, and whole streams.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use bankezy_crypto::SecretBytes;

use crate::failure::Failure;
use crate::octet_text::{self, pem_in_other_code};
use crate::{shown, streams};

/// Largest key or secret file that is read.
const MAX_KEY_FILE: usize = 64 * 1024;

/// Secrets have at least this many characters.
const SHORTEST_SECRET: usize = 32;

/// Longest text around a sealed text in a capture, in bytes.
const AROUND: usize = 64 * 1024;

/// How much is read, and the message for more.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Bytes(usize),
    /// A payload; the limit of its sealed text is `--max-len`.
    Payload(usize),
    /// `--max-len` for a sealed text that an editor or `echo` ended with a line end.
    Sealed(usize),
    /// `--max-len` for a sealed text with other text around it.
    Capture(usize),
}

impl From<usize> for Limit {
    fn from(max: usize) -> Self {
        Self::Bytes(max)
    }
}

impl Limit {
    fn bytes(self) -> usize {
        match self {
            Self::Bytes(max) | Self::Payload(max) => max,
            Self::Sealed(max) => max.saturating_add(2),
            Self::Capture(max) => max.saturating_add(AROUND),
        }
    }

    fn exceeded(self, what: &str) -> Failure {
        let (max, more) = match self {
            Self::Bytes(max) => {
                return Failure::operation(format!("{what} has more than {max} bytes"));
            }
            Self::Payload(max) => (max, ", and its sealed text is longer still".to_owned()),
            Self::Sealed(max) => (max, " and a line end".to_owned()),
            Self::Capture(max) => (max, format!(" and {AROUND} around them")),
        };
        Failure::operation(format!(
            "{what} is longer than --max-len {max} allows: it has more than {max} bytes{more}"
        ))
    }
}

/// Names a file in a message by the flag or setting that gave its name. The name itself may be a misplaced secret.
pub(crate) fn named_by(from: &str) -> String {
    format!("the file of {from}")
}

/// Reads a key or secret file into memory that wipes itself. `from` is the flag or variable that
/// names the file.
pub(crate) fn read_key(path: &Path, from: &str) -> Result<SecretBytes, Failure> {
    let bytes = read_file(path, MAX_KEY_FILE, from)?;
    Ok(pem_in_other_code(bytes.as_bytes()).unwrap_or(bytes))
}

/// Reads a file that is not longer than the limit.
pub(crate) fn read_file(
    path: &Path,
    limit: impl Into<Limit>,
    from: &str,
) -> Result<SecretBytes, Failure> {
    // The name of a file that exists is no secret.
    let what = match fs::symlink_metadata(path) {
        Ok(_) => format!("`{}` (from {from})", path.display()),
        Err(_) => named_by(from),
    };
    let file = File::open(path).map_err(|error| {
        if is_content(path) {
            return Failure::operation(format!(
                "{from} takes the name of a file, but was given the content of one: write it to a file and \
                 give the name of that"
            ));
        }
        match similar(path) {
            Some(name) if error.kind() == ErrorKind::NotFound => {
                unreadable(&what, &error).and(&format!("; did you mean `{name}`?"))
            }
            _ => unreadable(&what, &error),
        }
    })?;
    read(file, limit.into(), &what)
}

/// Whether the name of a file is what should be in the file: PEM, JSON, several lines, or 32 octets and more in hex
/// or base64. It is not shown.
pub(crate) fn is_content(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    let is_text = memchr::memmem::find(name, b"-----BEGIN ").is_some()
        || name.trim_ascii_start().starts_with(b"{")
        || name.contains(&b'\n');
    (is_text || octet_text::decoded(name).is_some()) && !path.exists()
}

/// A file in the same folder whose name is similar.
fn similar(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let files = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let files = files.filter_map(|file| file.ok().filter(|file| file.path().is_file()));
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    // A secret that was given as a file name is longer.
    shown::nearest(name, names.filter(|name| name.len() < SHORTEST_SECRET))
}

fn unreadable(what: &str, error: &io::Error) -> Failure {
    Failure::operation(format!("cannot read {what}: {}", reason(error)))
}

/// Why a file cannot be used. The system's wording differs by platform.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::AlreadyExists => "the file exists".to_owned(),
        ErrorKind::InvalidFilename => "not a valid file name".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads standard input that is not longer than the limit.
pub(crate) fn read_stdin(limit: impl Into<Limit>) -> Result<SecretBytes, Failure> {
    let what = "standard input";
    streams::stdin()
        .map_err(|error| unreadable(what, &error))
        .and_then(|input| read(input, limit.into(), what))
}

fn read(source: impl Read, limit: Limit, what: &str) -> Result<SecretBytes, Failure> {
    let mut bytes = SecretBytes::new();
    let max = limit.bytes();
    // One more than allowed, to distinguish a text that is too long from one that just fits.
    let read = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    io::copy(&mut source.take(read), &mut bytes).map_err(|error| unreadable(what, &error))?;
    if bytes.as_bytes().len() > max {
        return Err(limit.exceeded(what));
    }
    Ok(bytes)
}

/// Writes bytes to standard output as they are.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    streams::stdout()
        .and_then(|mut out| {
            out.write_all(bytes)?;
            out.flush()
        })
        .map_err(|error| Failure::operation(format!("cannot write standard output: {error}")))
}

/// Refuses a path where no private key can be written, before one is made for it.
pub(crate) fn check_private(path: &Path, from: &str, force: bool) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Err(Failure::usage(format!(
            "{from} takes the name of a file: a secret is not written to standard output (a file named - is ./-)"
        )));
    }
    let what = named_by(from);
    match fs::symlink_metadata(path) {
        Ok(found) if force && found.is_file() => Ok(()),
        Ok(_) if force => Err(Failure::operation(format!(
            "{what} is not a regular file and is not replaced: name another"
        ))),
        Ok(_) => Err(Failure::operation(format!(
            "{what} exists and is not overwritten: name another file, or add --force"
        ))),
        // Whether it can be created shows when it is created.
        Err(_) => Ok(()),
    }
}

/// Writes a private key to a file that only its owner may read.
///
/// Without `force` an existing file is not changed. With `force` the new file replaces the old one only when it is
/// complete.
pub(crate) fn write_private(
    path: &Path,
    from: &str,
    contents: &[u8],
    force: bool,
) -> Result<(), Failure> {
    check_private(path, from, force)?;
    write_new(path, from, contents, force, create_private)
}

/// Writes a file that anybody may read. Without `force` an existing file is not changed.
pub(crate) fn write_public(
    path: &Path,
    from: &str,
    contents: &[u8],
    force: bool,
) -> Result<(), Failure> {
    write_new(path, from, contents, force, File::create_new)
}

fn write_new(
    path: &Path,
    from: &str,
    contents: &[u8],
    force: bool,
    create: fn(PathBuf) -> io::Result<File>,
) -> Result<(), Failure> {
    let target = if force { beside(path) } else { path.to_owned() };
    let failed = |error| not_written(from, &error);
    let mut file = create(target.clone()).map_err(failed)?;
    file.write_all(contents)
        .and_then(|()| file.sync_all())
        .and_then(|()| {
            if force {
                fs::rename(&target, path)
            } else {
                Ok(())
            }
        })
        .map_err(|error| {
            // No incomplete file is left behind.
            let _ = fs::remove_file(&target);
            failed(error)
        })
}

/// A file that cannot be written, by what gave its name.
pub(crate) fn not_written(from: &str, error: &io::Error) -> Failure {
    Failure::operation(format!(
        "cannot write {}: {}",
        named_by(from),
        reason(error)
    ))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

fn create_private(path: PathBuf) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
