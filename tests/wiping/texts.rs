//! Payload secrets and the types that everything secret lives in.

use std::io::Write as _;

use bankezy_crypto::{Opened, PayloadSecret, SecretBytes, SecretText};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::secrets::Secrets;
use super::watch::{Left, Watch};
use super::{KEY, all_of_messages, bytes_of, common, payload, payload_secret};

#[test]
fn nothing_of_a_payload_secret_is_left_whichever_way_it_is_read() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    let standard = STANDARD.encode(KEY);
    type Read = fn(&str) -> Result<PayloadSecret, bankezy_crypto::Error>;
    let ways: [(Read, String); 7] = [
        (PayloadSecret::from_base64, standard.clone()),
        (PayloadSecret::from_base64, STANDARD_NO_PAD.encode(KEY)),
        (PayloadSecret::from_base64url, URL_SAFE.encode(KEY)),
        (PayloadSecret::from_base64url, URL_SAFE_NO_PAD.encode(KEY)),
        (PayloadSecret::from_hex, hex.clone()),
        (PayloadSecret::from_hex, hex.to_uppercase()),
        (
            PayloadSecret::from_raw_str,
            std::str::from_utf8(&KEY).unwrap().to_owned(),
        ),
    ];
    for (read, text) in &ways {
        let left = watch.left(&secrets, || {
            let secret = read(text).unwrap();
            assert_eq!(format!("{secret:?}"), "PayloadSecret([redacted])");
            (secret.to_base64url(), secret == payload_secret())
        });
        assert_eq!(left, Left::new());
        // Too long, too short, other characters at the end, twice and many times over.
        let cut = &text[..text.len() - 4];
        for wrong in [
            format!("{text}{}", &text[..4]),
            cut.to_owned(),
            format!("{cut}!!!!"),
            format!("{cut}===="),
            text.repeat(2),
            text.repeat(100),
        ] {
            let left = watch.left(&secrets, || read(&wrong));
            assert_eq!(left, Left::new(), "{} characters", wrong.len());
        }
    }
    for len in [0, 16, 31, 32] {
        let left = watch.left(&secrets, || PayloadSecret::from_bytes(&KEY[..len]));
        assert_eq!(left, Left::new(), "{len} bytes");
    }
}

#[test]
fn nothing_of_a_new_payload_secret_is_left() {
    let watch = Watch::begin();
    let (text, freed) = watch.freed(|| PayloadSecret::generate().unwrap().to_base64url());
    let secret = PayloadSecret::from_base64url(text.as_str()).unwrap();
    let secrets = Secrets::of("payload secret", &bytes_of(&secret));
    assert_eq!(freed.holding(&secrets), Left::new());
}

#[test]
fn nothing_is_left_where_secret_bytes_grow_or_are_taken_over() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    for (pieces, size) in [(1, 34), (200, 34), (3, 5000)] {
        let piece = payload(size);
        let left = watch.left(&secrets, || {
            let mut bytes = SecretBytes::new();
            for _ in 0..pieces {
                bytes.write_all(piece.as_bytes()).unwrap();
            }
            bytes
        });
        assert_eq!(left, Left::new(), "{pieces} times {size}");
    }
    // Room behind the length, a part cut off, and text.
    let mut roomy = payload(1000).into_bytes();
    roomy.reserve(5000);
    let mut cut = payload(1000);
    cut.truncate(10);
    let left = watch.left(&secrets, move || {
        let mut wiped = SecretBytes::from(payload(1).into_bytes());
        wiped.wipe();
        (SecretBytes::from(roomy), SecretText::from(cut), wiped)
    });
    assert_eq!(left, Left::new());
}

#[test]
fn nothing_is_left_of_a_buffer_that_opens_more_and_less() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    common::each_backend(|backend| {
        let cipher = super::cipher(backend);
        let sealed: Vec<String> = [10_000, 10, 70_000, 500, 0]
            .map(|len| cipher.seal(payload(len).as_bytes()).unwrap())
            .into();
        let changed = sealed[2].replace("..", "..A");
        let left = watch.left(&secrets, || {
            let mut opened = Opened::with_capacity(20);
            for sealed in &sealed {
                cipher.open_into(sealed, &mut opened).unwrap();
                cipher.open_into(&changed, &mut opened).unwrap_err();
            }
            opened
        });
        assert_eq!(left, Left::new());
    });
}
