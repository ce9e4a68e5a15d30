//! What long-running examples need to know about their own process.

use std::error::Error;

/// The number that follows a flag on the command line.
///
/// # Errors
/// If what follows is no number.
pub fn argument(name: &str, default: u64) -> Result<u64, Box<dyn Error>> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    match (arguments.next(), arguments.next()) {
        (None, _) => Ok(default),
        (Some(_), Some(value)) => Ok(value.parse()?),
        (Some(_), None) => Err(format!("{name} needs a number").into()),
    }
}

/// Resident memory in bytes; Linux only. `status` has it in KiB whatever the page size, `statm` in pages.
#[must_use]
pub fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// How many files and sockets are open, including the directory that is read; Linux only.
#[must_use]
pub fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}
