//! `--lines`: one message per line, in order, in memory that does not grow with the input.
//!
//! While a block of lines is worked on by all processors, the one before it is written and the one
//! after it read. Nothing waits for a full block: a line that arrives alone is a block.

mod block;

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use bankezy_crypto::{Error, Opened, SecretBytes};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::failure::Failure;
use crate::streams;
use block::{Block, Source};

/// Bytes of lines that one processor works on at a time.
const SEGMENT: usize = 128 * 1024;

/// The operation on a line: the result goes directly into the output buffer.
pub(crate) type Work<'a> = dyn Fn(&[u8], &mut Output) -> Result<(), LineError> + Sync + 'a;

/// Why a line has no result.
pub(crate) struct LineError(String);

/// Results of a segment, and buffers that are reused for each line.
#[derive(Default)]
pub(crate) struct Output {
    sealed: Vec<u8>,
    opened: Opened,
    results: SecretBytes,
    /// By the line's place in the segment.
    errors: Vec<(u64, LineError)>,
    lines: u64,
}

impl Output {
    /// Has `seal` write a sealed text, and takes that.
    pub(crate) fn sealed(
        &mut self,
        seal: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), LineError> {
        seal(&mut self.sealed)?;
        push(&mut self.results, &self.sealed);
        Ok(())
    }

    /// Has `open` write a payload, and takes that. If it ends in a line end, that ends its line.
    pub(crate) fn opened(
        &mut self,
        open: impl FnOnce(&mut Opened) -> Result<(), Error>,
    ) -> Result<(), LineError> {
        open(&mut self.opened)?;
        let line = self.opened.strip_suffix(b"\n").unwrap_or(&self.opened);
        if memchr::memchr(b'\n', line).is_some() {
            let reason = "the payload contains a line break: open it without --lines";
            return Err(LineError(reason.to_owned()));
        }
        push(&mut self.results, line);
        Ok(())
    }

    /// Works on the lines of a segment.
    fn fill(&mut self, segment: &[u8], max_line: usize, work: &Work<'_>) {
        let mut rest = segment;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let (line, behind) = rest.split_at(end);
            rest = behind.get(1..).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let done = if line.len() > max_line {
                Err(too_long(max_line))
            } else {
                work(line, self)
            };
            self.end_line(done);
        }
    }

    fn end_line(&mut self, done: Result<(), LineError>) {
        self.lines += 1;
        if let Err(error) = done {
            self.errors.push((self.lines, error));
        }
        // A line that failed is empty, so that line numbers stay the same.
        push(&mut self.results, b"\n");
    }
}

/// Works on standard input line by line; lines of more than `max_line` bytes fail.
pub(crate) fn run(max_line: usize, work: &Work<'_>) -> Result<(), Failure> {
    let reading = |error| Failure::operation(format!("cannot read standard input: {error}"));
    let writing = |error| Failure::operation(format!("cannot write standard output: {error}"));
    let mut source = Source::new(streams::stdin().map_err(reading)?, max_line);
    let bar = progress(source.len());
    let mut writer = Writer::new(streams::stdout().map_err(writing)?, bar.clone());
    let (mut block, mut next) = (Block::default(), Block::default());
    let (mut outputs, mut done) = (Vec::new(), Vec::new());

    let mut more = source.fill(&mut block).map_err(reading)?;
    while more {
        source.begin(&mut next, &block);
        let working = AtomicBool::new(true);
        // This thread is not one of those that work, so that it may wait for input.
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| {
                fill_all(&block, max_line, work, &mut outputs);
                working.store(false, Ordering::Release);
            });
            writer.write(&mut done).map_err(writing)?;
            let goes_on = || working.load(Ordering::Acquire);
            source.fill_while(&mut next, goes_on).map_err(reading)
        })?;
        bar.inc(block.lines().len().try_into().unwrap_or(0));
        std::mem::swap(&mut block, &mut next);
        std::mem::swap(&mut outputs, &mut done);
        if !block.has_lines() {
            // Results do not wait for the next line.
            writer.write(&mut done).map_err(writing)?;
            more = source.fill(&mut block).map_err(reading)?;
        }
    }
    writer.write(&mut done).map_err(writing)?;
    writer.finish()
}

/// A progress bar if a person is watching and it does not mix with the results.
fn progress(total: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    match total {
        Some(total) => ProgressBar::new(total).with_style(style(
            "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        )),
        None => ProgressBar::no_length().with_style(style("{bytes} {bytes_per_sec}")),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn fill_all(block: &Block, max_line: usize, work: &Work<'_>, outputs: &mut Vec<Output>) {
    let segments = segments(block.lines());
    outputs.resize_with(outputs.len().max(segments.len() + 1), Output::default);
    segments
        .par_iter()
        .zip(outputs.par_iter_mut())
        .for_each(|(segment, output)| output.fill(segment, max_line, work));
    if block.overlong
        && let Some(last) = outputs.get_mut(segments.len())
    {
        last.end_line(Err(too_long(max_line)));
    }
}

/// Splits whole lines into pieces of whole lines.
fn segments(mut lines: &[u8]) -> Vec<&[u8]> {
    let mut segments = Vec::with_capacity(lines.len() / SEGMENT + 1);
    while !lines.is_empty() {
        let behind = lines.get(SEGMENT..).unwrap_or_default();
        let len = match memchr::memchr(b'\n', behind) {
            Some(end) => SEGMENT + end + 1,
            None => lines.len(),
        };
        let (segment, rest) = lines.split_at(len);
        segments.push(segment);
        lines = rest;
    }
    segments
}

/// Writes results in order, and errors with the numbers of their lines.
struct Writer {
    out: File,
    errors: Box<dyn io::Write + Send>,
    bar: ProgressBar,
    lines: u64,
    failed: u64,
}

impl Writer {
    fn new(out: File, bar: ProgressBar) -> Self {
        Self {
            out,
            errors: Box::new(streams::stderr()),
            bar,
            lines: 0,
            failed: 0,
        }
    }

    fn write(&mut self, outputs: &mut [Output]) -> io::Result<()> {
        for output in outputs {
            self.out.write_all(output.results.as_bytes())?;
            output.results.wipe();
            for (line, LineError(error)) in output.errors.drain(..) {
                let line = self.lines + line;
                self.failed += 1;
                let errors = &mut self.errors;
                // A reader of errors that has gone must not cost the results of later lines.
                let _ = self
                    .bar
                    .suspend(|| writeln!(errors, "bankezy: line {line}: {error}"));
            }
            self.lines += std::mem::take(&mut output.lines);
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        match self.failed {
            0 => Ok(()),
            failed => Err(Failure::operation(format!(
                "{failed} of {} lines failed, and are empty in the output",
                self.lines
            ))),
        }
    }
}

fn push(results: &mut SecretBytes, bytes: &[u8]) {
    // Appending to memory does not fail.
    let _ = results.write_all(bytes);
}

impl From<Error> for LineError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

fn too_long(max: usize) -> LineError {
    LineError(format!("it has more than {max} bytes"))
}
