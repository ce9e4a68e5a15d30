//! Input in blocks of whole lines, in memory that does not grow.

use std::fs::File;
use std::io::{self, Read as _};

use bankezy_crypto::SecretBytes;

/// Bytes that are read at a time.
const BLOCK: usize = 2 * 1024 * 1024;

/// Whole lines, and the beginning of the next one after them.
pub(super) struct Block {
    memory: SecretBytes,
    filled: usize,
    /// Where the last whole line ends.
    whole: usize,
    /// The lines are followed by one that was too long and skipped.
    pub(super) overlong: bool,
}

/// The source of blocks.
pub(super) struct Source {
    file: File,
    max_line: usize,
    ended: bool,
}

impl Block {
    pub(super) fn new(max_line: usize) -> Self {
        let capacity = max_line.saturating_add(BLOCK);
        Self {
            memory: vec![0; capacity].into(),
            filled: 0,
            whole: 0,
            overlong: false,
        }
    }

    /// Whole lines, each with its end, except for the last one of a file without a final line end.
    pub(super) fn lines(&self) -> &[u8] {
        self.memory.as_bytes().get(..self.whole).unwrap_or_default()
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
            ended: false,
        }
    }

    /// Length of the input, where it is a file.
    pub(super) fn len(&self) -> Option<u64> {
        let metadata = self.file.metadata().ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Fills `next` with what follows `block`; `false` at the end of the input.
    pub(super) fn fill(&mut self, block: &Block, next: &mut Block) -> io::Result<bool> {
        let remainder = block.remainder();
        (next.filled, next.whole, next.overlong) = (0, 0, false);
        if let Some(place) = next.memory.as_mut().get_mut(..remainder.len()) {
            place.copy_from_slice(remainder);
            next.filled = remainder.len();
        }
        // What followed a line that was skipped may hold whole lines.
        next.whole = memchr::memrchr(b'\n', remainder).map_or(0, |end| end + 1);
        while !self.ended {
            let read = self.read(next)?;
            let fresh = next.filled - read..next.filled;
            let fresh = next.memory.as_bytes().get(fresh).unwrap_or_default();
            if let Some(end) = memchr::memrchr(b'\n', fresh) {
                next.whole = next.filled - read + end + 1;
                if next.filled >= BLOCK {
                    return Ok(true);
                }
            } else if next.filled - next.whole > self.max_line {
                self.skip(next)?;
                return Ok(true);
            }
        }
        // The last line may end with the file.
        next.whole = next.filled;
        Ok(next.whole > 0)
    }

    /// Reads more and appends it.
    fn read(&mut self, block: &mut Block) -> io::Result<usize> {
        let end = block.filled.saturating_add(BLOCK);
        let memory = block.memory.as_mut();
        let end = end.min(memory.len());
        let read = self
            .file
            .read(memory.get_mut(block.filled..end).unwrap_or_default())?;
        self.ended = read == 0;
        block.filled += read;
        Ok(read)
    }

    /// Drops the line that `block` ends with, up to its end.
    fn skip(&mut self, block: &mut Block) -> io::Result<()> {
        block.overlong = true;
        loop {
            block.filled = block.whole;
            let read = self.read(block)?;
            let fresh = block.whole..block.filled;
            let fresh = block.memory.as_bytes().get(fresh).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', fresh) {
                // What follows is the remainder of this block.
                let rest = block.whole + end + 1..block.filled;
                let len = rest.len();
                block.memory.as_mut().copy_within(rest, block.whole);
                block.filled = block.whole + len;
                return Ok(());
            }
            if read == 0 {
                return Ok(());
            }
        }
    }
}
