//! Bytes to encode and a text to decode, by every kernel that runs here: each does as the strict engine of
//! `base64`. The first byte says how much of the rest is the text.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;

use base64url::{Job, Kernel};

// The library's own file: its kernels are not part of the API.
#[path = "../../src/codec/base64url/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the library uses the rest")]
mod base64url;

fuzz_target!(|input: &[u8]| {
    let Some((&share, rest)) = input.split_first() else {
        return;
    };
    let (text, bytes) = rest.split_at(rest.len() * usize::from(share) / 255);
    let encoded = URL_SAFE_NO_PAD.encode(bytes);
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    // Almost a text of the alphabet, so that more than the first character is looked at.
    let near = text.iter().map(|byte| encoded.as_bytes().get(usize::from(*byte)).unwrap_or(byte));
    let near: Vec<u8> = near.copied().collect();
    for kernel in Kernel::all() {
        assert_eq!(encode(kernel, bytes), encoded.as_bytes());
        assert_eq!(decode(kernel, text), decoded);
        assert_eq!(decode(kernel, &near), URL_SAFE_NO_PAD.decode(&near).ok());
        assert_eq!(decode(kernel, encoded.as_bytes()).as_deref(), Some(bytes));
    }
});

fn encode(kernel: Kernel, bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len();
    let mut buffer = vec![0; base64url::encoded_len(len) - len];
    buffer.extend_from_slice(bytes);
    assert!(kernel.run(Job::Encode {
        buffer: &mut buffer,
        len,
        ends: None,
    }));
    buffer
}

fn decode(kernel: Kernel, text: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; base64url::decoded_len(text.len())?];
    kernel
        .run(Job::Decode {
            text,
            out: &mut out,
            ends: None,
        })
        .then_some(out)
}
