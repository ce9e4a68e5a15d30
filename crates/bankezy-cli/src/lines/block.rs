//! Input in blocks of whole lines, in memory that does not grow.

use std::fs::File;
use std::io::{self, Read as _};
use std::time::Duration;

use bankezy_crypto::SecretBytes;

/// Bytes of lines after which a block is full, and that are read at a time.
const BLOCK: usize = 2 * 1024 * 1024;
/// How long to look for more input before `goes_on` is asked again.
const WAIT: Duration = Duration::from_millis(2);

/// Whole lines, and the beginning of the next one after them.
#[derive(Default)]
pub(super) struct Block {
    memory: SecretBytes,
    filled: usize,
    /// Where the last whole line ends.
    whole: usize,
    /// The lines are followed by one that is too long, which is skipped.
    pub(super) overlong: bool,
}

/// The source of blocks.
pub(super) struct Source {
    file: File,
    max_line: usize,
    /// Within a line that is too long.
    skipping: bool,
    ended: bool,
}

impl Block {
    /// Whole lines, each with its end, except for the last one of a file without a final line end.
    pub(super) fn lines(&self) -> &[u8] {
        self.memory.as_bytes().get(..self.whole).unwrap_or_default()
    }

    /// Whether there is anything to work on.
    pub(super) fn has_lines(&self) -> bool {
        self.whole > 0 || self.overlong
    }

    /// Makes room for `len` bytes, and for twice as many as there was, but no more than a line of `max_line` needs.
    fn make_room(&mut self, len: usize, max_line: usize) {
        let old = self.memory.as_bytes();
        if len > old.len() {
            let most = max_line.saturating_add(2 * BLOCK);
            let mut grown = SecretBytes::from(vec![0; len.max(2 * old.len()).min(most)]);
            if let Some(place) = grown.as_mut().get_mut(..old.len()) {
                place.copy_from_slice(old);
            }
            self.memory = grown;
        }
    }

    fn is_full(&self) -> bool {
        self.overlong || self.whole > 0 && self.filled >= BLOCK
    }

    fn remainder(&self) -> &[u8] {
        let filled = self.whole..self.filled;
        self.memory.as_bytes().get(filled).unwrap_or_default()
    }
}

impl Source {
    pub(super) fn new(file: File, max_line: usize) -> Self {
        Self {
            file,
            max_line,
            skipping: false,
            ended: false,
        }
    }

    /// Length of the input, where it is a file.
    pub(super) fn len(&self) -> Option<u64> {
        let metadata = self.file.metadata().ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Begins `next` with the part of a line that `block` ends with.
    pub(super) fn begin(&self, next: &mut Block, block: &Block) {
        let remainder = block.remainder();
        next.make_room(remainder.len(), self.max_line);
        if let Some(place) = next.memory.as_mut().get_mut(..remainder.len()) {
            place.copy_from_slice(remainder);
        }
        (next.filled, next.whole, next.overlong) = (remainder.len(), 0, false);
    }

    /// Waits until `block` has a whole line, and adds what else is there. `false` at the end of the input.
    pub(super) fn fill(&mut self, block: &mut Block) -> io::Result<bool> {
        while !self.ended && !block.has_lines() {
            self.read(block)?;
        }
        self.fill_while(block, || false)?;
        if self.ended {
            // The last line may end with the file.
            block.whole = block.filled;
        }
        Ok(block.has_lines())
    }

    /// Adds what is there, and while `goes_on` what arrives, until `block` is full. Does not wait for the
    /// end of a line.
    pub(super) fn fill_while(
        &mut self,
        block: &mut Block,
        goes_on: impl Fn() -> bool,
    ) -> io::Result<()> {
        while !self.ended && !block.is_full() {
            let wait = if goes_on() { WAIT } else { Duration::ZERO };
            if is_ready(&self.file, wait)? {
                self.read(block)?;
            } else if wait.is_zero() {
                break;
            }
        }
        Ok(())
    }

    /// Reads once, and appends it.
    fn read(&mut self, block: &mut Block) -> io::Result<()> {
        let start = block.filled;
        let end = start.saturating_add(BLOCK);
        block.make_room(end, self.max_line);
        let memory = block.memory.as_mut();
        let end = end.min(memory.len());
        let place = memory.get_mut(start..end).unwrap_or_default();
        let read = self.file.read(place)?;
        self.ended = read == 0;
        let fresh = place.get_mut(..read).unwrap_or_default();
        let mut kept = read;
        if self.skipping {
            // What follows the end of the long line, if that is there.
            let end = memchr::memchr(b'\n', fresh).map(|end| end + 1);
            self.skipping = end.is_none();
            let end = end.unwrap_or(read);
            fresh.copy_within(end.., 0);
            kept = read - end;
        }
        block.filled = start + kept;
        let fresh = fresh.get(..kept).unwrap_or_default();
        if let Some(end) = memchr::memrchr(b'\n', fresh) {
            block.whole = start + end + 1;
        }
        // The line end may be CR LF, of which the CR alone may have arrived.
        let ends_in_cr = usize::from(block.remainder().ends_with(b"\r"));
        if block.filled - block.whole - ends_in_cr > self.max_line {
            (self.skipping, block.overlong) = (true, true);
            block.filled = block.whole;
        }
        Ok(())
    }
}

/// Whether reading does not wait.
#[cfg(unix)]
fn is_ready(file: &File, wait: Duration) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut polled = [PollFd::new(file, PollFlags::IN)];
    let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
    match poll(&mut polled, Some(&wait)) {
        Err(rustix::io::Errno::INTR) => Ok(false),
        // At the end of the input as well, or after an error, which reading then has.
        ready => Ok(ready? > 0),
    }
}

/// Whether reading does not wait, as far as it can be known.
#[cfg(not(unix))]
fn is_ready(file: &File, wait: Duration) -> io::Result<bool> {
    let is_ready = file.metadata()?.is_file();
    if !is_ready {
        std::thread::sleep(wait);
    }
    Ok(is_ready)
}
