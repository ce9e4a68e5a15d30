//! Any payload secret: read as the `base64` crate reads it, and only if it is 32 bytes.
//!
//! The first byte chooses the constructor.
#![no_main]

use bankezy_crypto::{Error, PayloadSecret};
use bankezy_crypto_fuzz::{assert_hidden, base64url};
use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;

/// Above it, a text is refused for its length alone.
const MAX_TEXT: usize = 1024;

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    // Line ends that tools fold with, and blanks at the ends, are passed over.
    let packed = text.trim_ascii().replace(['\r', '\n'], "");
    let strict = |padded: GeneralPurpose, unpadded: GeneralPurpose| {
        padded
            .decode(&packed)
            .or_else(|_| unpadded.decode(&packed))
            .ok()
    };
    let (found, expected) = match choice % 4 {
        0 => (
            PayloadSecret::from_base64(text),
            strict(STANDARD, STANDARD_NO_PAD),
        ),
        1 => (
            PayloadSecret::from_base64url(text),
            strict(URL_SAFE, URL_SAFE_NO_PAD),
        ),
        2 => (PayloadSecret::from_hex(text), from_hex(packed.as_bytes())),
        _ => (PayloadSecret::from_raw_str(text), Some(raw(text).into())),
    };
    match (&found, expected) {
        (Ok(secret), Some(expected)) => {
            assert_eq!(expected.len(), 32);
            assert_eq!(secret.to_base64url().as_str(), base64url(&expected));
            assert!(PayloadSecret::from_bytes(&expected).as_ref() == Ok(secret));
        }
        (Err(Error::SecretZero), Some(expected)) => assert_eq!(expected, [0; 32]),
        (Err(Error::SecretLength { found }), Some(expected)) => {
            assert!(*found == expected.len() && *found != 32 || text.len() > MAX_TEXT);
        }
        (Err(Error::SecretEncoding { .. }), None) => {}
        (Err(Error::SecretByteOrderMark), None) => assert!(text.starts_with('\u{feff}')),
        (Err(Error::SecretLength { .. }), None) => assert!(text.len() > MAX_TEXT),
        (found, expected) => panic!("{found:?}, {:?}", expected.map(|bytes| bytes.len())),
    }
    if let Err(error) = &found {
        assert_hidden(format_args!("{error:?} {error}"));
    }
});

/// One line end after 32 bytes is an editor's.
fn raw(text: &str) -> &str {
    let ends = ["\r\n", "\n", "\r"];
    let line = ends.iter().find_map(|end| text.strip_suffix(end));
    line.filter(|line| line.len() == 32).unwrap_or(text)
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let value = |digit: u8| char::from(digit).to_digit(16);
    pairs
        .iter()
        .map(|[high, low]| Some((value(*high)? * 16 + value(*low)?) as u8))
        .collect()
}
