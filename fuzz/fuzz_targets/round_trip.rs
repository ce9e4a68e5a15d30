//! Any payload: what one backend seals, both open, and memory that is used again shows in nothing.
//!
//! The first two bytes say how much memory is used again; the others are the payload.
#![no_main]

use bankezy_crypto::PayloadCipher;
use bankezy_crypto_fuzz::{CIPHERS, DIR, SECRET, base64url, seal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [sealed_before, opened_before, payload @ ..] = input else {
        return;
    };
    let earlier = vec![0xa5; usize::from(*opened_before) * 8];
    let earlier = seal(SECRET, DIR.as_bytes(), &[], &earlier);
    let mut sealed = "\u{e9}".repeat(usize::from(*sealed_before) * 16);
    let start = format!("{}..", base64url(DIR.as_bytes()));
    for cipher in CIPHERS.each_ref() {
        let (place, room) = (sealed.as_ptr(), sealed.capacity());
        cipher.seal_into(payload, &mut sealed).unwrap();
        assert!(sealed.starts_with(&start));
        assert_eq!(sealed.len(), PayloadCipher::sealed_len(payload.len()));
        assert_eq!(sealed.len(), 81 + (payload.len() * 4).div_ceil(3));
        // Promised: no allocation where there is room.
        assert!(place == sealed.as_ptr() || room < sealed.len());
        for opener in CIPHERS.each_ref() {
            let mut opened = opener.open(&earlier).unwrap();
            opener.open_into(&sealed, &mut opened).unwrap();
            assert_eq!(opened.as_bytes(), payload);
        }
    }
});
