//! How many allocations sealing and opening need: one for the result, and none into a buffer that is large enough.
//!
//! Only what Rust code allocates is counted, not what AWS-LC, which is C, allocates.

#[path = "common/counting.rs"]
mod counting;

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{Error, NonceSource, Opened, PayloadCipher, PayloadSecret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use counting::{allocations, kept};

const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const SIZES: [usize; 6] = [0, 64, 512, 4 * 1024, 64 * 1024, 1024 * 1024];

fn cipher(backend: &Backend) -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&KEY).unwrap();
    PayloadCipher::with_backend(&secret, backend).unwrap()
}

fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

/// Sizes and backends in turn, each with a cipher that has sealed and opened once: the first nonce
/// of a thread sets up its generator.
fn on_each(test: impl Fn(&str, &PayloadCipher, &[u8])) {
    for backend in AVAILABLE {
        let cipher = cipher(backend);
        cipher.open(cipher.seal(b"warm-up").unwrap()).unwrap();
        for size in SIZES {
            let name = format!("{} B on {}", size, backend.name());
            test(&name, &cipher, &plaintext(size));
        }
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(1_u8)).0, 1);
    assert_eq!(allocations(|| vec![0_u8; 100]).0, 1, "zeroed");
    let mut text = String::from("text");
    assert_eq!(allocations(|| text.reserve(1000)).0, 1, "grown");
    assert_eq!(allocations(|| text.push('x')).0, 0, "has room");
    // Allocations of another thread do not count, beyond what starting it takes.
    let (counted, theirs) = allocations(|| {
        std::thread::scope(|scope| {
            let others =
                scope.spawn(|| allocations(|| (0..1000).map(Box::new).collect::<Vec<_>>()).0);
            others.join().unwrap()
        })
    });
    assert!(theirs >= 1000 && counted < 100, "{theirs}, {counted}");
}

#[test]
fn seal_allocates_once() {
    on_each(|name, cipher, plaintext| {
        let (counted, sealed) = allocations(|| cipher.seal(plaintext).unwrap());
        assert_eq!(counted, 1, "{name}");
        assert_eq!(sealed.len(), PayloadCipher::sealed_len(plaintext.len()));
        assert_eq!(sealed.capacity(), sealed.len(), "{name}");
    });
}

#[test]
fn seal_into_a_large_enough_text_allocates_nothing() {
    on_each(|name, cipher, plaintext| {
        for more in [0, 1, 1000] {
            let room = PayloadCipher::sealed_len(plaintext.len()) + more;
            let mut sealed = String::with_capacity(room);
            for round in ["fresh", "used"] {
                let (counted, ()) =
                    allocations(|| cipher.seal_into(plaintext, &mut sealed).unwrap());
                assert_eq!(counted, 0, "{name}, {round}, {more} more than needed");
            }
            assert_eq!(cipher.open(&sealed).unwrap().as_bytes(), plaintext);
        }
    });
}

#[test]
fn open_allocates_once() {
    on_each(|name, cipher, plaintext| {
        let sealed = [
            ("own", cipher.seal(plaintext).unwrap()),
            ("alg first", alg_first(plaintext)),
        ];
        for (by, sealed) in sealed {
            let (counted, opened) = allocations(|| cipher.open(&sealed).unwrap());
            // An empty plaintext needs no memory at all.
            let expected = usize::from(!plaintext.is_empty());
            assert_eq!(counted, expected, "{name}, {by}");
            assert_eq!(opened.as_bytes(), plaintext, "{name}, {by}");
        }
    });
}

#[test]
fn open_in_place_allocates_nothing() {
    on_each(|name, cipher, plaintext| {
        let sealed = [
            ("own", cipher.seal(plaintext).unwrap()),
            ("alg first", alg_first(plaintext)),
        ];
        for (by, sealed) in sealed {
            let body = sealed.into_bytes();
            let (counted, opened) = allocations(|| cipher.open_in_place(body).unwrap());
            assert_eq!(counted, 0, "{name}, {by}");
            assert_eq!(opened.as_bytes(), plaintext, "{name}, {by}");
        }
    });
}

#[test]
fn open_into_a_large_enough_buffer_allocates_nothing() {
    on_each(|name, cipher, plaintext| {
        let mut opened = Opened::with_capacity(plaintext.len());
        let sealed = [
            ("own", cipher.seal(plaintext).unwrap()),
            ("alg first", alg_first(plaintext)),
        ];
        for (by, sealed) in sealed {
            let (counted, ()) = allocations(|| cipher.open_into(&sealed, &mut opened).unwrap());
            assert_eq!(counted, 0, "{name}, {by}");
            assert_eq!(opened.as_bytes(), plaintext, "{name}, {by}");
        }
    });
}

#[test]
fn a_buffer_that_opened_more_takes_less_without_an_allocation() {
    on_each(|name, cipher, plaintext| {
        let mut opened = cipher.open(cipher.seal(plaintext).unwrap()).unwrap();
        let half = &plaintext[..plaintext.len() / 2];
        let sealed = cipher.seal(half).unwrap();
        let (counted, ()) = allocations(|| cipher.open_into(&sealed, &mut opened).unwrap());
        assert_eq!(counted, 0, "{name}");
        assert_eq!(opened.as_bytes(), half, "{name}");
        // A changed text returns nothing and allocates nothing either.
        let (rest, tag) = sealed.rsplit_once('.').unwrap();
        let first = if tag.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{rest}.{first}{}", &tag[1..]);
        let (counted, refused) = allocations(|| cipher.open_into(&changed, &mut opened));
        assert_eq!(refused, Err(Error::OpenFailed), "{name}");
        assert!(opened.is_empty(), "{name}");
        assert_eq!(counted, 0, "{name}, refused");
    });
}

/// A process may hold a cipher for each of 100,000 sessions.
#[test]
fn a_cipher_that_one_thread_uses_is_small() {
    type Source = fn() -> NonceSource;
    let sources: [(&str, Source); 2] = [
        ("random", NonceSource::random),
        ("leased", || NonceSource::leased(1).unwrap()),
    ];
    for (backend, (nonces, source)) in AVAILABLE
        .iter()
        .flat_map(|backend| sources.map(|source| (backend, source)))
    {
        let secret = PayloadSecret::from_bytes(&KEY).unwrap();
        let (bytes, cipher) = kept(|| {
            let cipher = PayloadCipher::with_backend(&secret, backend)
                .unwrap()
                .with_nonce_source(source());
            for _ in 0..10_000 {
                cipher.seal(b"").unwrap();
            }
            cipher
        });
        let all = bytes + size_of_val(&cipher);
        let own = all - aead_size(backend.name());
        assert!(
            own <= 512,
            "{own} bytes on {backend} with {nonces} nonces, and {all} with the AEAD's key"
        );
    }
}

/// What the AEAD's key takes of Rust's memory.
fn aead_size(backend: &str) -> usize {
    match backend {
        #[cfg(feature = "aws-lc-rs")]
        "aws-lc-rs" => size_of::<aws_lc_rs::aead::LessSafeKey>(),
        #[cfg(feature = "rust-crypto")]
        "rust-crypto" => size_of::<aes_gcm::Aes256Gcm>(),
        other => panic!("{other}"),
    }
}

/// Sealed by the cryptographic library itself, with the members of the header the other way round,
/// as most other JOSE libraries write them.
fn alg_first(plaintext: &[u8]) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let nonce = [7; 12];
    let (ciphertext, tag) = encrypt(&nonce, header.as_bytes(), plaintext);
    let [nonce, ciphertext, tag] =
        [&nonce[..], &ciphertext, &tag].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}..{nonce}.{ciphertext}.{tag}")
}

#[cfg(feature = "aws-lc-rs")]
fn encrypt(nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> (Vec<u8>, [u8; 16]) {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).unwrap());
    let mut text = plaintext.to_vec();
    let tag = key
        .seal_in_place_separate_tag(Nonce::from(nonce), Aad::from(aad), &mut text)
        .unwrap();
    (text, tag.as_ref().try_into().unwrap())
}

#[cfg(not(feature = "aws-lc-rs"))]
fn encrypt(nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> (Vec<u8>, [u8; 16]) {
    use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
    let mut text = plaintext.to_vec();
    let tag = aes_gcm::Aes256Gcm::new(&KEY.into())
        .encrypt_inout_detached(nonce.into(), aad, text.as_mut_slice().into())
        .unwrap();
    (text, tag.into())
}
