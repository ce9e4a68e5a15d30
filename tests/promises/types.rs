//! What the types of secrets implement, and what they must not.

use std::hash::Hash;
use std::marker::PhantomData;

use bankezy_crypto::providers::Token;
use bankezy_crypto::{
    Channel, KeyPair, KeyRing, NonceSource, Opened, PayloadCipher, PayloadSecret, PrivateKeyOpener,
    SecretBytes, SecretText,
};
use serde::{Deserialize, Serialize};

/// Whether a type implements a trait: a constant of the type itself hides one of a trait, and it is
/// there only where the bound holds.
macro_rules! implements {
    ($type:ty: $($bound:tt)+) => {{
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "where the bound holds")]
        trait Otherwise {
            const HOLDS: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "where the bound does not hold")]
        impl<T: ?Sized + $($bound)+> Probe<T> {
            const HOLDS: bool = true;
        }
        <Probe<$type>>::HOLDS
    }};
}

/// What would make a copy of a secret, or show it.
macro_rules! leaks {
    ($type:ty) => {
        [
            ("Clone", implements!($type: Clone)),
            ("Serialize", implements!($type: Serialize)),
            ("Deserialize", implements!($type: Deserialize<'static>)),
            ("Display", implements!($type: std::fmt::Display)),
            ("LowerHex", implements!($type: std::fmt::LowerHex)),
            ("Hash", implements!($type: Hash)),
            ("PartialEq", implements!($type: PartialEq)),
            ("PartialOrd", implements!($type: PartialOrd)),
            ("PartialEq with bytes", implements!($type: PartialEq<[u8]>)),
            ("PartialEq with text", implements!($type: PartialEq<str>)),
            ("Into<String>", implements!($type: Into<String>)),
            ("Into<Vec<u8>>", implements!($type: Into<Vec<u8>>)),
        ]
    };
}

#[test]
fn the_probe_finds_implemented_traits() {
    let found: Vec<_> = leaks!(String).into_iter().filter(|(_, is)| *is).collect();
    let names: Vec<_> = found.into_iter().map(|(name, _)| name).collect();
    let of_a_string = [
        "Clone",
        "Serialize",
        "Deserialize",
        "Display",
        "Hash",
        "PartialEq",
        "PartialOrd",
        "PartialEq with text",
        "Into<String>",
        "Into<Vec<u8>>",
    ];
    assert_eq!(names, of_a_string);
    assert!(implements!(u8: std::fmt::LowerHex));
    assert!(implements!(Vec<u8>: PartialEq<[u8]>));
}

#[test]
fn secrets_are_neither_copied_nor_shown_nor_compared() {
    macro_rules! check {
        ($($type:ty),+ $(,)?) => {$(
            for (name, is) in leaks!($type) {
                // In constant time: `benches/timing` says how long that takes.
                let compared = stringify!($type) == "PayloadSecret" && name == "PartialEq";
                assert_eq!(is, compared, "{} and {name}", stringify!($type));
            }
        )+};
    }
    check!(
        PayloadSecret,
        SecretBytes,
        SecretText,
        Opened,
        KeyPair,
        PayloadCipher,
        KeyRing,
        PrivateKeyOpener,
        Token,
    );
    // A clone shares the keys and their counts; there is no copy of a secret.
    let copied: Vec<_> = leaks!(Channel).into_iter().filter(|(_, is)| *is).collect();
    assert_eq!(copied, [("Clone", true)]);
    // To be leased once.
    assert!(!implements!(NonceSource: Clone));
}

#[test]
fn a_payload_secret_is_equal_in_every_bit_or_not_at_all() {
    let ours = PayloadSecret::from_bytes(&[7; 32]).unwrap();
    assert_eq!(ours, PayloadSecret::from_bytes(&[7; 32]).unwrap());
    for bit in 0..256 {
        let mut other = [7; 32];
        other[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(
            ours,
            PayloadSecret::from_bytes(&other).unwrap(),
            "bit {bit}"
        );
    }
}

#[test]
fn debug_shows_nothing_of_them() {
    macro_rules! check {
        ($($made:expr => $shown:expr),+ $(,)?) => {$(
            assert_eq!(format!("{:?}", $made), $shown);
            assert_eq!(format!("{:#?}", $made), $shown);
        )+};
    }
    check!(
        PayloadSecret::from_raw_str("CANARY-secret-of-thirty-two-char").unwrap()
            => "PayloadSecret([redacted])",
        SecretBytes::from(b"CANARY".to_vec()) => "SecretBytes([redacted])",
        SecretText::from("CANARY".to_owned()) => "SecretText([redacted])",
        Opened::new() => "Opened([redacted])",
        NonceSource::random() => "NonceSource(random)",
        NonceSource::leased(0x4341_4e41).unwrap() => "NonceSource(leased)",
    );
}
