use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as STRICT;
use proptest::prelude::*;

#[test]
fn every_encoder_appends_the_same_text() {
    let bytes: Vec<u8> = (0..=255).collect();
    let text = encode_to_string(&bytes);
    let (mut public, mut secret) = (String::from("a."), String::from("a."));
    encode_onto(&bytes, &mut public);
    encode_secret_onto(&bytes, &mut secret);
    assert_eq!(public, format!("a.{text}"));
    assert_eq!(secret, public);
}

#[test]
fn lengths_agree_with_the_coding() {
    for bytes in (0..200).chain(760..780).chain(1530..1540) {
        let text = encode_to_string(&vec![0xa5; bytes]);
        assert_eq!(text.len(), encoded_len(bytes));
        assert_eq!(decoded_len(text.len()), Some(bytes));
        assert_eq!(decode_to_vec(text.as_bytes()), Some(vec![0xa5; bytes]));
        assert!(is_canonical(text.as_bytes()));
    }
    for chars in [1, 5, 9, usize::MAX - 2] {
        assert_eq!(decoded_len(chars), None);
    }
}

#[test]
fn only_the_canonical_text_decodes() {
    assert_eq!(decode_to_vec(b"-_8"), Some(vec![0xfb, 0xff]));
    for text in [
        "+/8",
        "-_8=",
        "-_9",
        "-_",
        "- 8",
        "-\n8",
        "A",
        "AB",
        "-_8\u{e9}",
    ] {
        assert_eq!(decode_to_vec(text.as_bytes()), None, "{text:?}");
        assert!(!is_canonical(text.as_bytes()), "{text:?}");
        let mut out = vec![0; decoded_len(text.len()).unwrap_or_default()];
        assert_eq!(decode_secret(text, &mut out), None, "{text:?}");
    }
}

/// What the strict engine of the crate `base64` says.
fn strictly(text: &[u8]) -> Option<Vec<u8>> {
    STRICT.decode(text).ok()
}

/// Bytes around what a kernel may write to.
const CANARY: [u8; 80] = [0xc5; 80];

/// `len` bytes, no two in a row alike.
fn bytes(len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (i * 89 % 256) as u8 ^ (i / 256) as u8)
        .collect()
}

/// Encodes in the middle of memory, `offset` bytes off.
fn encode_with(kernel: Kernel, bytes: &[u8], offset: usize) -> Vec<u8> {
    let text_len = encoded_len(bytes.len());
    let mut memory = CANARY[offset..].to_vec();
    let start = memory.len();
    memory.resize(start + text_len - bytes.len(), 0);
    memory.extend_from_slice(bytes);
    memory.extend_from_slice(&CANARY);
    let buffer = &mut memory[start..start + text_len];
    let len = bytes.len();
    assert!(kernel.run(Job::Encode {
        buffer,
        len,
        ends: None
    }));
    assert_eq!(memory[..start], CANARY[offset..], "{kernel:?} {len}");
    assert_eq!(memory[start + text_len..], CANARY, "{kernel:?} {len}");
    memory[start..start + text_len].to_vec()
}

/// Decodes from and to the middle of memory, `offset` bytes off.
fn decode_with(kernel: Kernel, text: &[u8], offset: usize) -> Option<Vec<u8>> {
    let len = decoded_len(text.len())?;
    let source = [&CANARY[offset..], text].concat();
    let mut memory = [&CANARY[..], &vec![0; len], &CANARY].concat();
    let good = kernel.run(Job::Decode {
        text: &source[CANARY.len() - offset..],
        out: &mut memory[CANARY.len()..CANARY.len() + len],
        ends: None,
    });
    assert_eq!(memory[..CANARY.len()], CANARY, "{kernel:?} {len}");
    assert_eq!(memory[CANARY.len() + len..], CANARY, "{kernel:?} {len}");
    good.then(|| memory[CANARY.len()..CANARY.len() + len].to_vec())
}

#[test]
fn every_length_at_every_offset_codes_as_the_strict_engine_does() {
    // Under Miri: past the largest turn of each kernel, and offsets of an odd step.
    let (most, step) = if cfg!(miri) { (200, 13) } else { (1_000, 1) };
    for kernel in Kernel::all() {
        for len in 0..most {
            let bytes = bytes(len);
            let text = STRICT.encode(&bytes);
            let offset = len % 64;
            assert_eq!(encode_with(kernel, &bytes, offset), text.as_bytes());
            assert_eq!(decode_with(kernel, text.as_bytes(), offset), Some(bytes));
        }
        for offset in (0..64).step_by(step) {
            let bytes = bytes(if cfg!(miri) { 103 } else { 463 });
            let text = STRICT.encode(&bytes);
            assert_eq!(encode_with(kernel, &bytes, offset), text.as_bytes());
            assert_eq!(decode_with(kernel, text.as_bytes(), offset), Some(bytes));
        }
    }
}

#[test]
fn long_texts_code_as_the_strict_engine_does() {
    for kernel in Kernel::all() {
        for len in [4_096, 65_536, 65_537, 70_001, 1 << 20] {
            let bytes = bytes(if cfg!(miri) { len / 64 } else { len });
            let text = STRICT.encode(&bytes);
            assert_eq!(encode_with(kernel, &bytes, 0), text.as_bytes());
            assert_eq!(decode_with(kernel, text.as_bytes(), 0), Some(bytes));
        }
    }
}

/// Whole iterations, whole vectors, a vector that overlaps, and a part of a group, of every kernel.
#[test]
fn every_byte_at_every_place_decodes_as_the_strict_engine_does() {
    // Under Miri every byte takes too long.
    let (lens, step): (&[usize], usize) = if cfg!(miri) {
        (&[2, 28], 15)
    } else {
        (&[2, 28, 163, 248], 1)
    };
    for kernel in Kernel::all() {
        for &len in lens {
            let text = encode_to_string(&bytes(len)).into_bytes();
            for place in 0..text.len() {
                for byte in (0..=255).step_by(step) {
                    let mut text = text.clone();
                    text[place] = byte;
                    let decoded = decode_with(kernel, &text, 0);
                    assert_eq!(decoded, strictly(&text), "{kernel:?}: {byte} at {place}");
                }
            }
        }
    }
}

#[test]
fn a_message_is_its_three_parts() {
    // Under Miri all of it takes too long.
    let (lens, step): (&[usize], usize) = if cfg!(miri) {
        (&[0, 2, 24, 64], 51)
    } else {
        (&[0, 1, 2, 3, 23, 24, 47, 48, 64, 100, 512], 1)
    };
    for kernel in Kernel::all() {
        for &len in lens {
            // No two bytes alike, so that none can take the place of another.
            let iv: [u8; 12] = std::array::from_fn(|i| 200 + i as u8);
            let tag: [u8; 16] = std::array::from_fn(|i| 251 - 7 * i as u8);
            let ciphertext = bytes(len);
            let (mut iv_text, mut tag_text) = ([0; 16], [0; 22]);
            let mut buffer = vec![0; encoded_len(len) - len];
            buffer.extend_from_slice(&ciphertext);
            let ends = EncodedEnds {
                iv: &iv,
                iv_text: &mut iv_text,
                tag: &tag,
                tag_text: &mut tag_text,
            };
            assert!(kernel.run(Job::Encode {
                buffer: &mut buffer,
                len,
                ends: Some(ends),
            }));
            assert_eq!(buffer, STRICT.encode(&ciphertext).as_bytes());
            assert_eq!(iv_text, STRICT.encode(iv).as_bytes());
            assert_eq!(tag_text, STRICT.encode(tag).as_bytes());

            let opened = |iv_text: &[u8; 16], text: &[u8], tag_text: &[u8; 22]| {
                let (mut iv, mut tag, mut out) = ([0; 12], [0; 16], vec![0; len]);
                let ends = DecodedEnds {
                    iv_text,
                    iv: &mut iv,
                    tag_text,
                    tag: &mut tag,
                };
                let good = kernel.run(Job::Decode {
                    text,
                    out: &mut out,
                    ends: Some(ends),
                });
                good.then_some((iv, out, tag))
            };
            let all = opened(&iv_text, &buffer, &tag_text);
            assert_eq!(all, Some((iv, ciphertext, tag)), "{kernel:?} {len}");
            for place in 0..22 {
                for byte in (0..=255).step_by(step) {
                    let mut text = tag_text;
                    text[place] = byte;
                    let good = opened(&iv_text, &buffer, &text).is_some();
                    assert_eq!(
                        good,
                        strictly(&text).is_some(),
                        "{kernel:?}: {byte} at {place}"
                    );
                    if place < 16 {
                        let mut text = iv_text;
                        text[place] = byte;
                        let good = opened(&text, &buffer, &tag_text).is_some();
                        assert_eq!(
                            good,
                            strictly(&text).is_some(),
                            "{kernel:?}: {byte} at {place}"
                        );
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_decodes_as_the_strict_engine_does(
        mut text in "[A-Za-z0-9_-]{0,600}",
        other in proptest::option::of((any::<proptest::sample::Index>(), any::<char>())),
    ) {
        if let Some((place, character)) = other {
            text.insert(place.index(text.len() + 1), character);
        }
        for kernel in Kernel::all() {
            prop_assert_eq!(decode_with(kernel, text.as_bytes(), 0), strictly(text.as_bytes()));
        }
    }
}
