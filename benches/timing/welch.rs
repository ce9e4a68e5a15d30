//! Two classes of inputs, one operation, and Welch's t-test over the times that it takes, as in
//! "Dude, is my code constant time?" (Reparaz, Balasch, Verbauwhede, 2017).

use std::hint::black_box;
use std::time::Instant;

/// From here on |t| is evidence of a leak; below the first there is none.
pub(crate) const SOME: f64 = 4.5;
pub(crate) const STRONG: f64 = 10.0;

/// Of the times of both classes together: what lies above is left out, for it is the machine's. The
/// largest |t| of all counts.
const PERCENTILES: [f64; 6] = [1.0, 0.99, 0.95, 0.9, 0.75, 0.5];

#[derive(Clone, Copy)]
pub(crate) struct Finding {
    pub(crate) t: f64,
    /// Mean of the second class less that of the first, in nanoseconds, where |t| is the largest.
    pub(crate) difference: f64,
    /// Of both classes.
    pub(crate) samples: usize,
}

/// Small and fast; nothing secret comes of it.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| (self.next() >> 32) as u8)
    }
}

/// Times `run` on inputs of two classes, drawn at random for each sample. `repeat` runs make one
/// sample, where one is too short for the clock.
///
/// The input is copied to one place before the clock starts, from inputs that lie in turn, one of each
/// class: so the classes differ in nothing but what they are.
pub(crate) fn compare(
    samples: usize,
    repeat: usize,
    classes: [&[Vec<u8>]; 2],
    mut run: impl FnMut(&[u8]),
) -> Finding {
    let count = classes[0].len().max(classes[1].len());
    let len = classes[0][0].len();
    let inputs: Vec<u8> = (0..count)
        .flat_map(|i| classes.map(|inputs| &inputs[i % inputs.len()]))
        .inspect(|input| assert_eq!(input.len(), len))
        .flatten()
        .copied()
        .collect();
    let mut place = vec![0; len];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut times = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    let warm_up = samples / 20;
    for sample in 0..samples + warm_up {
        let drawn = (random.next() >> 20) as usize % (2 * count);
        place.copy_from_slice(&inputs[drawn * len..][..len]);
        let start = Instant::now();
        for _ in 0..repeat {
            run(black_box(&place));
        }
        let time = start.elapsed().as_nanos() as f64 / repeat as f64;
        if sample >= warm_up {
            times[drawn % 2].push(time);
        }
    }
    finding(&times)
}

fn finding(times: &[Vec<f64>; 2]) -> Finding {
    let mut all = times.concat();
    all.sort_by(f64::total_cmp);
    let samples = all.len();
    let at = |percentile: f64| all[((samples - 1) as f64 * percentile) as usize];
    PERCENTILES
        .map(|percentile| {
            let limit = at(percentile);
            let [first, second] = times
                .each_ref()
                .map(|times| Moments::of(times.iter().copied().filter(|time| *time <= limit)));
            let difference = second.mean - first.mean;
            let error = (first.error() + second.error()).sqrt();
            Finding {
                t: if error > 0.0 { difference / error } else { 0.0 },
                difference,
                samples,
            }
        })
        .into_iter()
        .max_by(|one, other| one.t.abs().total_cmp(&other.t.abs()))
        .unwrap()
}

/// Mean and sum of squared differences from it, by Welford's method.
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn of(times: impl Iterator<Item = f64>) -> Self {
        times.fold(Self::default(), |mut moments, time| {
            moments.count += 1.0;
            let off = time - moments.mean;
            moments.mean += off / moments.count;
            moments.squares += off * (time - moments.mean);
            moments
        })
    }

    /// The variance of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0).max(1.0) / self.count.max(1.0)
    }
}
