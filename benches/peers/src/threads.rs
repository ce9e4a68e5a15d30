//! Two threads that share one cipher, against one that has it alone.

use std::error::Error;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::measure::{Effort, median, nanoseconds};
use crate::ours::Ours;
use crate::row::{Op, Row, SMALL, rounded};

/// How much longer a sample is than elsewhere.
const LONGER: u32 = 20;

pub(crate) fn run(ours: &[Ours], effort: &Effort) -> Result<Vec<Row>, Box<dyn Error>> {
    eprintln!("measuring two threads");
    let plaintext = [0x5a; SMALL];
    let mut rows = Vec::new();
    for ours in ours {
        let sealed = ours.cipher.seal(&plaintext)?;
        let seal = || ours.cipher.seal(black_box(&plaintext)).ok();
        let open = || ours.cipher.open(black_box(&sealed)).ok();
        for (op, found) in [
            (Op::SealTwoThreads, compare(seal, effort)),
            (Op::OpenTwoThreads, compare(open, effort)),
        ] {
            let (one, two) = found.ok_or_else(|| format!("{op} failed while it was measured"))?;
            rows.push(Row {
                op,
                bytes: SMALL,
                backend: ours.backend.name().to_owned(),
                ours_ns: rounded(two),
                floor_ns: rounded(one / 2.0),
                peers: Default::default(),
            });
        }
    }
    Ok(rows)
}

/// Nanoseconds of wall time for a message: with one thread, with two.
fn compare<T>(work: impl Fn() -> Option<T> + Sync, effort: &Effort) -> Option<(f64, f64)> {
    let mut tried = 1;
    let times = loop {
        let span = together(1, &work, tried)?;
        match effort.times(tried, span.1 - span.0) {
            // Beginning and ending together takes a moment, which must not show in short runs.
            Some(times) if times > 1 => break times.saturating_mul(LONGER),
            Some(times) => break times,
            None => tried *= 2,
        }
    };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    let (mut rounds, start) = (0, Instant::now());
    while effort.goes_on(rounds, start) {
        for threads in [1 + rounds % 2, 2 - rounds % 2] {
            let (start, end) = together(threads, &work, times)?;
            let samples = if threads == 1 { &mut one } else { &mut two };
            samples.push(nanoseconds(end - start, times) / threads as f64);
        }
        rounds += 1;
    }
    Some((median(one)?, median(two)?))
}

/// From the first thread's beginning to the last one's end; each does the work so many times.
fn together<T>(
    threads: usize,
    work: &(impl Fn() -> Option<T> + Sync),
    times: u32,
) -> Option<(Instant, Instant)> {
    let arrived = AtomicUsize::new(0);
    let lane = || {
        // A new thread has no random generator, no memory of its own and nothing in its caches.
        let warm = (0..times / 2 + 1).try_for_each(|_| work().map(drop));
        arrived.fetch_add(1, Ordering::AcqRel);
        while arrived.load(Ordering::Acquire) < threads {
            spin_loop();
        }
        warm?;
        let start = Instant::now();
        for _ in 0..times {
            black_box(work()?);
        }
        Some((start, Instant::now()))
    };
    // All of them new threads, as those of a server are: the first one of a process has another heap.
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..threads).map(|_| scope.spawn(lane)).collect();
        let spans = lanes.into_iter().map(|lane| lane.join().ok()?);
        spans.reduce(|span, other| {
            let ((start, end), (other_start, other_end)) = (span?, other?);
            Some((start.min(other_start), end.max(other_end)))
        })?
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_waits_takes_half_as_long_with_two_threads() {
        let wait = || {
            thread::sleep(Duration::from_millis(30));
            Some(())
        };
        let (one, two) = compare(wait, &Effort::QUICK).unwrap();
        let ratio = one / two;
        assert!((1.5..2.5).contains(&ratio), "{ratio}");
    }

    #[test]
    fn what_waits_for_itself_takes_as_long() {
        let lock = std::sync::Mutex::new(());
        let wait = || {
            let _held = lock.lock().ok()?;
            thread::sleep(Duration::from_millis(30));
            Some(())
        };
        let (one, two) = compare(wait, &Effort::QUICK).unwrap();
        let ratio = one / two;
        assert!((0.7..1.3).contains(&ratio), "{ratio}");
    }
}
