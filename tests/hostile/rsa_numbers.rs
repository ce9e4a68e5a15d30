//! RSA private keys whose numbers break a relation of RFC 8017 section 3.2 that octets show: refused alike
//! in every form and on every backend, whatever a backend would make of them.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{KeyPair, KeyProblem as P};

use crate::private_der::{pkcs1, rsa_numbers};
use crate::private_keys::{JWK, PKCS1_DER, check, row};
use crate::{base64url, key};

const N: usize = 0;
const D: usize = 2;
const PRIME_1: usize = 3;
const PRIME_2: usize = 4;
const DP: usize = 5;
const DQ: usize = 6;
const QI: usize = 7;

/// The sum of two big-endian numbers.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut sum = Vec::new();
    let mut carry = 0;
    for place in 0..a.len().max(b.len()) + 1 {
        let digit = |number: &[u8]| match place < number.len() {
            true => u16::from(number[number.len() - 1 - place]),
            false => 0,
        };
        let all = digit(a) + digit(b) + carry;
        sum.push(all as u8);
        carry = all >> 8;
    }
    while sum.last() == Some(&0) {
        sum.pop();
    }
    sum.reverse();
    sum
}

/// An odd number less 1.
fn less_one(odd: &[u8]) -> Vec<u8> {
    let mut less = odd.to_vec();
    *less.last_mut().unwrap() &= 0xfe;
    less
}

/// What is changed, which numbers are put in other's places, and how the key is refused.
type Change = (&'static str, Vec<(usize, Vec<u8>)>, P);

fn jwk(numbers: &[Vec<u8>]) -> String {
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let members: Vec<_> = names
        .iter()
        .zip(numbers)
        .map(|(name, number)| format!(r#","{name}":"{}""#, base64url(number)))
        .collect();
    format!(r#"{{"kty":"RSA"{}}}"#, members.concat())
}

#[test]
fn numbers_that_break_a_relation_of_the_standard_are_refused_in_every_form() {
    let genuine = rsa_numbers();
    let numbers = |relation| P::PrivateNumbers { relation };
    let plus = |at: usize, more: &[u8]| (at, sum(&genuine[at], more));
    let [less_p, less_q] = [PRIME_1, PRIME_2].map(|at| less_one(&genuine[at]));
    // The multiple of p - 1 that is added to an exponent has no effect on what it computes.
    let changes: [Change; 20] = [
        ("d above n", vec![plus(D, &genuine[N])], numbers("d < n")),
        ("d is n", vec![(D, genuine[N].clone())], numbers("d < n")),
        ("dp above p", vec![plus(DP, &less_p)], numbers("dP < p")),
        (
            "dp is p",
            vec![(DP, genuine[PRIME_1].clone())],
            numbers("dP < p"),
        ),
        ("dq above q", vec![plus(DQ, &less_q)], numbers("dQ < q")),
        (
            "dq is q",
            vec![(DQ, genuine[PRIME_2].clone())],
            numbers("dQ < q"),
        ),
        (
            "qi above p",
            vec![plus(QI, &genuine[PRIME_1])],
            numbers("qInv < p"),
        ),
        (
            "qi is p",
            vec![(QI, genuine[PRIME_1].clone())],
            numbers("qInv < p"),
        ),
        ("qi zero", vec![(QI, vec![0])], numbers("qInv is not zero")),
        (
            "p even",
            vec![(PRIME_1, less_p.clone())],
            numbers("p and q are odd"),
        ),
        (
            "q even",
            vec![(PRIME_2, less_q.clone())],
            numbers("p and q are odd"),
        ),
        (
            "p is q",
            vec![(PRIME_1, genuine[PRIME_2].clone())],
            numbers("p and q differ"),
        ),
        (
            "d zero",
            vec![(D, vec![0])],
            numbers("d, dP and dQ are odd"),
        ),
        (
            "d even",
            vec![plus(D, &[1])],
            numbers("d, dP and dQ are odd"),
        ),
        (
            "dp zero",
            vec![(DP, vec![0])],
            numbers("d, dP and dQ are odd"),
        ),
        (
            "dp even",
            vec![plus(DP, &[1])],
            numbers("d, dP and dQ are odd"),
        ),
        (
            "dq even",
            vec![plus(DQ, &[1])],
            numbers("d, dP and dQ are odd"),
        ),
        (
            "dq zero",
            vec![(DQ, vec![0])],
            numbers("d, dP and dQ are odd"),
        ),
        (
            "p is n, q is 1",
            vec![(PRIME_1, genuine[N].clone()), (PRIME_2, vec![1])],
            P::PrimeLengths,
        ),
        (
            "primes of a shorter key",
            vec![(PRIME_1, vec![0x81; 127]), (PRIME_2, vec![0x83; 127])],
            P::PrimeLengths,
        ),
    ];
    let mut ders = Vec::new();
    let mut jwks = Vec::new();
    for (name, changed, problem) in &changes {
        let mut numbers = genuine.clone();
        for (at, number) in changed {
            numbers[*at] = number.clone();
        }
        ders.push(row(name, pkcs1(&numbers), *problem));
        jwks.push(row(name, jwk(&numbers), *problem));
    }
    check(&ders, PKCS1_DER);
    check(&jwks, JWK);
}

/// Made with a private exponent that was raised by a multiple of the least common multiple of p - 1 and
/// q - 1: everything but its size is right.
#[test]
fn a_private_exponent_above_the_modulus_is_refused_by_both_backends() {
    let pem = include_str!("../data/rsa2048-d-above-n.pkcs1.pem");
    let problem = P::PrivateNumbers { relation: "d < n" };
    for backend in AVAILABLE {
        let found = KeyPair::from_pem_with_backend(pem, backend).map(drop);
        assert_eq!(found, Err(key(problem)), "{backend}");
        // The message has to say what is wrong.
        assert!(key(problem).to_string().contains("d < n"));
    }
}
