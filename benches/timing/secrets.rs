//! Payload secrets: compared and decoded.

use std::hint::black_box;

use bankezy_crypto::PayloadSecret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::welch::{Random, compare};
use super::{Kind, Report};

const SAMPLES: usize = 400_000;
const REPEAT: usize = 40;
/// Different inputs of a class of random ones.
const INPUTS: usize = 1000;

pub(crate) fn measure(report: &mut Report) {
    comparison(report);
    decoding(report);
}

/// A secret, and others that differ from it in the first or in the last byte.
fn comparison(report: &mut Report) {
    let secret: [u8; 32] = Random(1).bytes();
    let differing = |at: usize| {
        let mut other = secret;
        other[at] ^= 1;
        vec![other.to_vec()]
    };
    let (first, last, same) = (differing(0), differing(31), vec![secret.to_vec()]);
    let samples = report.samples(SAMPLES);

    // Both are on the heap, and stay where they are.
    let ours = secret.to_vec();
    let stops_early = |input: &[u8]| {
        let same = ours
            .iter()
            .zip(input)
            .all(|(one, other)| black_box(one == other));
        black_box(same);
    };
    let finding = compare(samples, REPEAT, [&first, &last], stops_early);
    let name = "comparison that stops early: first byte / last byte differs";
    report.add(Kind::Control, name, finding);

    let ours = PayloadSecret::from_bytes(&secret).unwrap();
    // The secret to compare with is made anew each time: the same for both classes.
    let compares = |input: &[u8]| {
        black_box(PayloadSecret::from_bytes(input).unwrap() == ours);
    };
    let finding = compare(samples, REPEAT, [&first, &last], compares);
    let name = "PayloadSecret ==: first byte / last byte differs";
    report.add(Kind::Promise, name, finding);
    let finding = compare(samples, REPEAT, [&same, &first], compares);
    report.add(
        Kind::Promise,
        "PayloadSecret ==: same / first byte differs",
        finding,
    );
}

/// Secrets of one repeated byte against random ones, in each encoding. The last byte differs, because 32 zero bytes
/// are refused.
fn decoding(report: &mut Report) {
    let hex =
        |secret: &[u8]| -> String { secret.iter().map(|byte| format!("{byte:02x}")).collect() };
    type Encode<'a> = &'a dyn Fn(&[u8]) -> String;
    type Decode = fn(&str) -> Result<PayloadSecret, bankezy_crypto::Error>;
    let encodings: [(&str, Decode, Encode<'_>); 3] = [
        ("from_base64url", PayloadSecret::from_base64url, &|it| {
            URL_SAFE_NO_PAD.encode(it)
        }),
        ("from_base64", PayloadSecret::from_base64, &|it| {
            STANDARD.encode(it)
        }),
        ("from_hex", PayloadSecret::from_hex, &hex),
    ];
    let mut random = Random(2);
    for (name, decode, encode) in encodings {
        let randoms: Vec<Vec<u8>> = (0..INPUTS)
            .map(|_| encode(&random.bytes::<32>()).into_bytes())
            .collect();
        for byte in [0x00, 0xff] {
            let mut secret = [byte; 32];
            secret[31] = 0x01;
            let constant = vec![encode(&secret).into_bytes()];
            let decodes = |input: &[u8]| {
                let text = std::str::from_utf8(input).unwrap();
                black_box(decode(text).unwrap());
            };
            let samples = report.samples(SAMPLES);
            let finding = compare(samples, REPEAT / 4, [&constant, &randoms], decodes);
            let name = format!("{name}: {byte:02x} over and over / random");
            report.add(Kind::Promise, &name, finding);
        }
    }
}
