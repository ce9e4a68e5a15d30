//! Medians of many short samples of all candidates in turn, so that other load on the machine affects them alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Serialize;

/// Runs before each sample that are not measured: they bring code and data back into the caches, which the others
/// used. A message of 1 MiB needs more than one to settle.
const WARM_UP: u32 = 4;

/// How long to measure.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Effort {
    /// The number of rounds, unless the time is up.
    pub(crate) rounds: usize,
    /// The number of rounds, however long they take.
    pub(crate) least_rounds: usize,
    /// Target duration of one sample.
    pub(crate) sample_ms: f64,
    /// Target duration of all candidates together.
    pub(crate) at_most_ms: f64,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        rounds: 201,
        least_rounds: 41,
        sample_ms: 1.0,
        at_most_ms: 3000.0,
    };
    /// Enough to check that everything runs.
    pub(crate) const QUICK: Self = Self {
        rounds: 3,
        least_rounds: 3,
        sample_ms: 0.1,
        at_most_ms: 100.0,
    };

    /// Whether another round is due.
    pub(crate) fn goes_on(&self, rounds_done: usize, start: Instant) -> bool {
        rounds_done < self.least_rounds
            || (rounds_done < self.rounds && milliseconds(start.elapsed()) < self.at_most_ms)
    }

    /// How often to do in one sample what took `elapsed` for `times`; `None` if that was too short
    /// to tell.
    pub(crate) fn times(&self, times: u32, elapsed: Duration) -> Option<u32> {
        let took = milliseconds(elapsed);
        // A cast saturates.
        (took >= self.sample_ms / 4.0)
            .then(|| (f64::from(times) * self.sample_ms / took).round().max(1.0) as u32)
    }
}

/// Something to be measured: runs it that many times, and returns nothing if it failed.
pub(crate) struct Work<'a>(Box<dyn FnMut(u32) -> Option<Duration> + 'a>);

impl<'a> Work<'a> {
    /// The loop is compiled around `once`: no call through a pointer is measured.
    pub(crate) fn new<T>(mut once: impl FnMut() -> Option<T> + 'a) -> Self {
        Self(Box::new(move |times| {
            for _ in 0..WARM_UP {
                once()?;
            }
            let start = Instant::now();
            for _ in 0..times {
                black_box(once()?);
            }
            Some(start.elapsed())
        }))
    }

    fn calibrated(mut self, effort: &Effort) -> Option<Entrant<'a>> {
        let mut tried = 1;
        loop {
            let elapsed = (self.0)(tried)?;
            if let Some(times) = effort.times(tried, elapsed) {
                return Some(Entrant {
                    work: self,
                    times,
                    samples: Vec::new(),
                });
            }
            tried *= 2;
        }
    }
}

struct Entrant<'a> {
    work: Work<'a>,
    times: u32,
    /// Nanoseconds for one.
    samples: Vec<f64>,
}

impl Entrant<'_> {
    fn sample(&mut self) -> Option<()> {
        let elapsed = (self.work.0)(self.times)?;
        self.samples.push(nanoseconds(elapsed, self.times));
        Some(())
    }
}

/// Nanoseconds for one, round after round.
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn median(&self) -> Option<f64> {
        median(self.0.clone())
    }

    /// The median of `floor` times the median of the ratio to it within a round: what slows a round down, slows
    /// both, and leaves the ratio alone.
    pub(crate) fn beside(&self, floor: &Self) -> Option<f64> {
        let ratios = self.0.iter().zip(&floor.0).map(|(own, floor)| own / floor);
        Some(floor.median()? * median(ratios.collect())?)
    }
}

/// The samples of each, in the order given; nothing if one of them failed.
pub(crate) fn samples(works: Vec<Work<'_>>, effort: &Effort) -> Option<Vec<Samples>> {
    let mut entrants = works
        .into_iter()
        .map(|work| work.calibrated(effort))
        .collect::<Option<Vec<_>>>()?;
    let mut turns: Vec<&mut Entrant<'_>> = entrants.iter_mut().collect();
    let (mut rounds, start) = (0, Instant::now());
    while effort.goes_on(rounds, start) {
        for entrant in &mut turns {
            entrant.sample()?;
        }
        // Nobody is always the first of a round.
        if !turns.is_empty() {
            turns.rotate_left(1);
        }
        rounds += 1;
    }
    let samples = entrants.into_iter().map(|entrant| Samples(entrant.samples));
    Some(samples.collect())
}

pub(crate) fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied()
}

pub(crate) fn nanoseconds(elapsed: Duration, times: u32) -> f64 {
    elapsed.as_secs_f64() * 1e9 / f64::from(times)
}

fn milliseconds(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    #[test]
    fn medians_keep_the_order_of_the_candidates() {
        let of = |ms| {
            Work::new(move || {
                sleep(Duration::from_millis(ms));
                Some(())
            })
        };
        let found = samples(vec![of(40), of(5), of(20)], &Effort::QUICK).unwrap();
        let found: Vec<f64> = found.iter().map(|found| found.median().unwrap()).collect();
        assert!(
            found[0] > found[2] && found[2] > found[1] && found[1] >= 1e6,
            "{found:?}"
        );
    }

    /// The machine is ten times slower in one round, and three times in another.
    #[test]
    fn a_slow_round_leaves_the_ratio_alone() {
        let floor = Samples(vec![100.0, 1000.0, 300.0, 100.0, 100.0]);
        let own = Samples(vec![120.0, 1200.0, 360.0, 900.0, 120.0]);
        let beside = own.beside(&floor).unwrap();
        assert!((beside - 120.0).abs() < 1e-9, "{beside}");
        assert_eq!(own.median(), Some(360.0));
    }

    #[test]
    fn what_fails_once_has_no_median() {
        let mut left = 10;
        let works = vec![
            Work::new(|| Some(())),
            Work::new(move || {
                left -= 1;
                sleep(Duration::from_millis(1));
                (left != 0).then_some(())
            }),
        ];
        assert!(samples(works, &Effort::QUICK).is_none());
    }

    #[test]
    fn a_sample_takes_about_the_time_set() {
        let effort = Effort::FULL;
        assert_eq!(effort.times(100, Duration::from_micros(500)), Some(200));
        assert_eq!(effort.times(1, Duration::from_millis(30)), Some(1));
        assert_eq!(effort.times(1, Duration::from_micros(200)), None);
    }
}
