//! The relations between the numbers of an RSA private key, as far as their octets show them.

use pkcs1::RsaPrivateKeyRef;
use subtle::{Choice, ConstantTimeEq as _, ConstantTimeLess as _};

use crate::error::KeyProblem;
use crate::keys::public::bit_len;

/// RFC 8017 section 3.2, without arithmetic on secrets: no number is zero; `d` < `n`; `p` and `q` are odd,
/// differ, and have together the length of `n`; `dP` < `p`, `dQ` < `q` and `qInv` < `p`; the three exponents
/// are odd, as they are inverse to an odd `e` modulo an even number. What remains (`n` = `p` `q`, and that
/// the exponents belong to `e`) is for a backend to check.
///
/// Both primes have half the length of the modulus (FIPS 186-5 section A.1.1), or a bit more or less
/// where that is odd. With a first prime far shorter, decryption in the crate `rsa` does not end.
pub(super) fn check(key: &RsaPrivateKeyRef<'_>) -> Result<(), KeyProblem> {
    let n = key.modulus.as_bytes();
    let d = key.private_exponent.as_bytes();
    let [p, q] = [key.prime1, key.prime2].map(|prime| prime.as_bytes());
    let [dp, dq] = [key.exponent1, key.exponent2].map(|exponent| exponent.as_bytes());
    let qi = key.coefficient.as_bytes();
    if !lengths_fit(n, p, q) {
        return Err(KeyProblem::PrimeLengths);
    }
    for (fits, relation) in [
        (is_below(d, n), "d < n"),
        (is_odd(p) & is_odd(q), "p and q are odd"),
        (!p.ct_eq(q), "p and q differ"),
        (is_below(dp, p), "dP < p"),
        (is_below(dq, q), "dQ < q"),
        (is_below(qi, p), "qInv < p"),
        (is_odd(d) & is_odd(dp) & is_odd(dq), "d, dP and dQ are odd"),
        // The odd ones are not zero.
        (is_positive(qi), "qInv is not zero"),
    ] {
        if !bool::from(fits) {
            return Err(KeyProblem::PrivateNumbers { relation });
        }
    }
    Ok(())
}

/// A product of `a` and `b` bits has `a + b` bits or one less.
fn lengths_fit(n: &[u8], p: &[u8], q: &[u8]) -> bool {
    let [n, p, q] = [n, p, q].map(bit_len);
    let product = p.saturating_add(q);
    p.abs_diff(q) <= 1 && (n == product || n.saturating_add(1) == product)
}

/// Whether `a` < `b`, both big-endian without leading zeros, in a time that depends on their lengths alone.
fn is_below(a: &[u8], b: &[u8]) -> Choice {
    if a.len() != b.len() {
        return Choice::from(u8::from(a.len() < b.len()));
    }
    let (mut below, mut equal) = (Choice::from(0), Choice::from(1));
    for (a, b) in a.iter().zip(b) {
        below |= equal & a.ct_lt(b);
        equal &= a.ct_eq(b);
    }
    below
}

fn is_odd(number: &[u8]) -> Choice {
    Choice::from(number.last().map_or(0, |last| last & 1))
}

fn is_positive(number: &[u8]) -> Choice {
    let any = number.iter().fold(0, |any, byte| any | byte);
    !any.ct_eq(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_is_that_of_numbers() {
        for a in (0..=0x0300_u32).step_by(7) {
            for b in [0_u32, 1, 0x7f, 0xff, 0x100, 0x1ff, 0x200, 0x2fe, 0x300] {
                let (wide_a, wide_b) = (a.to_be_bytes(), b.to_be_bytes());
                let stripped = |wide: &[u8; 4]| {
                    let zeros = wide.iter().take_while(|byte| **byte == 0).count();
                    wide[zeros..].to_vec()
                };
                for (left, right) in [
                    (wide_a.to_vec(), wide_b.to_vec()),
                    (stripped(&wide_a), stripped(&wide_b)),
                ] {
                    assert_eq!(bool::from(is_below(&left, &right)), a < b, "{a} {b}");
                }
            }
            assert_eq!(bool::from(is_odd(&a.to_be_bytes())), a % 2 == 1);
            assert_eq!(bool::from(is_positive(&a.to_be_bytes())), a > 0);
        }
        assert!(!bool::from(is_odd(&[])) && !bool::from(is_positive(&[])));
    }
}
