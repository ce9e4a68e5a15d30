//! Random nonces (NIST SP 800-38D section 8.2.2), one generator for each thread.

use core::cell::RefCell;

use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _, TryRng as _};

use super::fork;
use super::words::Nonce;

/// Fresh seed after this many nonces: bounds what a leaked generator state tells of later nonces.
const RESEED_AFTER: u32 = 1 << 16;

/// One generator a thread, so that drawing takes no lock.
struct Generator {
    rng: StdRng,
    generation: u64,
    left: u32,
}

thread_local! {
    static GENERATOR: RefCell<Option<Generator>> = const { RefCell::new(None) };
}

/// A random nonce from a generator that is seeded by the operating system, and seeded anew after a
/// `fork`: a child that went on with its parent's generator would repeat its nonces, which under
/// GCM gives the authentication key away.
pub(crate) fn nonce() -> Option<Nonce> {
    // Where forks cannot be seen, keep no state that a child could repeat.
    let Some(generation) = fork::generation() else {
        return from_system();
    };
    let drawn = GENERATOR.try_with(|slot| match slot.try_borrow_mut() {
        Ok(mut slot) => from_generator(&mut slot, generation),
        Err(_) => from_system(),
    });
    // At the very end of a thread its generator is gone.
    drawn.unwrap_or_else(|_| from_system())
}

fn from_generator(slot: &mut Option<Generator>, generation: u64) -> Option<Nonce> {
    let generator = match slot {
        Some(generator) if generator.generation == generation && generator.left > 0 => generator,
        _ => slot.insert(Generator {
            rng: StdRng::try_from_rng(&mut SysRng).ok()?,
            generation,
            left: RESEED_AFTER,
        }),
    };
    generator.left = generator.left.saturating_sub(1);
    // Words: filling bytes takes the generator twice as long.
    let (front, back) = (generator.rng.next_u64(), generator.rng.next_u32());
    Some(Nonce::new(front, back))
}

fn from_system() -> Option<Nonce> {
    let (front, back) = (SysRng.try_next_u64(), SysRng.try_next_u32());
    Some(Nonce::new(front.ok()?, back.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nonces_differ_within_and_across_threads() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| -> Vec<_> {
                    (0..RESEED_AFTER + 10).map(|_| nonce().unwrap()).collect()
                })
            })
            .collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for nonce in thread.join().unwrap() {
                assert!(seen.insert(nonce), "a nonce repeats");
            }
        }
    }

    #[test]
    fn every_byte_of_a_nonce_is_random() {
        for draw in [nonce, from_system] {
            let nonces: Vec<_> = (0..1_000).map(|_| draw().unwrap().to_bytes()).collect();
            for place in 0..12 {
                let values: HashSet<u8> = nonces.iter().map(|nonce| nonce[place]).collect();
                assert!(values.len() > 200, "{} at {place}", values.len());
            }
        }
    }

    #[test]
    fn a_generator_is_seeded_anew_when_it_has_given_its_share() {
        let left = || GENERATOR.with_borrow(|slot| slot.as_ref().map(|it| it.left));
        let on_a_fresh_thread = std::thread::spawn(move || {
            for given in 1..=RESEED_AFTER {
                nonce().unwrap();
                assert_eq!(left(), Some(RESEED_AFTER - given));
            }
            nonce().unwrap();
            assert_eq!(left(), Some(RESEED_AFTER - 1));
        });
        on_a_fresh_thread.join().unwrap();
    }
}
