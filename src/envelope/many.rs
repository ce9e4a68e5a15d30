//! Many messages at once, on all processors.

use core::ops::Range;

use rayon::prelude::*;

use super::{KeyRing, OpenedByKey, PayloadCipher};
use crate::error::Error;
use crate::secret::Opened;

/// Least work for one thread, in bytes: handing over less costs more than sealing it.
const AT_LEAST: usize = 64 * PER_MESSAGE;
/// Fixed cost of a message, as the number of bytes that take as long.
const PER_MESSAGE: usize = 512;

impl PayloadCipher {
    /// Seals many payloads on the threads of rayon's current pool; results in the same order.
    ///
    /// # Errors
    /// Each payload has its own result, as for [`seal`](Self::seal).
    pub fn seal_many<T: AsRef<[u8]> + Sync>(&self, plaintexts: &[T]) -> Vec<Result<String, Error>> {
        many(plaintexts, |plaintext| self.seal(plaintext))
    }

    /// Opens many sealed texts on the threads of rayon's current pool; results in the same order.
    ///
    /// # Errors
    /// Each text has its own result, as for [`open`](Self::open).
    pub fn open_many<T: AsRef<[u8]> + Sync>(&self, sealed: &[T]) -> Vec<Result<Opened, Error>> {
        many(sealed, |sealed| self.open(sealed))
    }
}

impl KeyRing {
    /// Opens many sealed texts on the threads of rayon's current pool; results in the same order. A
    /// key that is retired meanwhile opens none of those that are not yet begun.
    ///
    /// # Errors
    /// Each text has its own result, as for [`open`](Self::open).
    pub fn open_many<T: AsRef<[u8]> + Sync>(
        &self,
        sealed: &[T],
    ) -> Vec<Result<(Opened, OpenedByKey), Error>> {
        many(sealed, |sealed| self.open(sealed))
    }
}

fn many<T, R>(messages: &[T], run: impl Fn(&[u8]) -> R + Send + Sync) -> Vec<R>
where
    T: AsRef<[u8]> + Sync,
    R: Send,
{
    pieces(messages.iter().map(|message| message.as_ref().len()))
        .into_par_iter()
        .flat_map_iter(|piece| messages.get(piece).unwrap_or_default())
        .map(|message| run(message.as_ref()))
        .collect()
}

/// Runs of messages that are worth a thread each, the last one apart.
fn pieces(lengths: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut end, mut cost) = (0_usize, 0_usize, 0_usize);
    for length in lengths {
        end = end.saturating_add(1);
        cost = cost.saturating_add(length).saturating_add(PER_MESSAGE);
        if cost >= AT_LEAST {
            pieces.push(start..end);
            (start, cost) = (end, 0);
        }
    }
    if start < end {
        pieces.push(start..end);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_all_messages_in_order_by_bytes() {
        let of = |lengths: &[usize]| pieces(lengths.iter().copied());
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[0; 65]), [0..64, 64..65]);
        assert_eq!(of(&[1 << 20, 1 << 20, 10, 1 << 20]), [0..1, 1..2, 2..4]);
        assert_eq!(of(&[usize::MAX, usize::MAX]), [0..1, 1..2]);
    }
}
