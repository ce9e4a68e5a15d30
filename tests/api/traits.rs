//! Which traits of other crates our types implement: what users rely on without seeing it in a signature.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;

use bankezy_crypto::{
    Algorithm, Channel, KeyRing, KeyType, Opened, PayloadCipher, PayloadSecret, PublicKey, Seal,
    SecretBytes, SecretText, SharedSecret,
};
use zeroize::ZeroizeOnDrop;

/// Compiles only if each copy of a secret is wiped.
#[test]
fn secret_types_wipe_themselves() {
    const fn wipes<T: ZeroizeOnDrop>() {}
    const {
        wipes::<PayloadSecret>();
        wipes::<SecretBytes>();
        wipes::<SecretText>();
        wipes::<SharedSecret>();
        wipes::<Opened>();
    }
}

/// So that a server can seal within `catch_unwind`.
#[test]
fn a_cipher_can_be_used_after_a_panic_was_caught() {
    const fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
    const {
        unwinds::<PayloadCipher>();
        unwinds::<PublicKey>();
    }
    let secret = PayloadSecret::generate().unwrap();
    let backend = &bankezy_crypto::backend::AVAILABLE[0];
    let cipher = PayloadCipher::with_backend(&secret, backend).unwrap();
    let panicked = catch_unwind(|| {
        cipher.seal(b"before").unwrap();
        panic!("as it is told to");
    });
    panicked.unwrap_err();
    let sealed = cipher.seal(b"after").unwrap();
    assert_eq!(cipher.open(&sealed).unwrap().as_bytes(), b"after");
    assert_eq!(cipher.nonce_budget().used(), 2);
}

/// Token caches distinguish secrets by it.
#[test]
fn a_key_tag_is_that_of_the_cipher_behind_each_pointer() {
    fn tag(cipher: impl Seal) -> [u8; 32] {
        cipher.key_tag()
    }
    let backend = &bankezy_crypto::backend::AVAILABLE[0];
    let [one, other] = [1, 2].map(|octet| {
        let secret = PayloadSecret::from_bytes(&[octet; 32]).unwrap();
        Arc::new(PayloadCipher::with_backend(&secret, backend).unwrap())
    });
    assert_ne!(one.key_tag(), other.key_tag());
    assert_ne!(one.key_tag(), [0; 32]);
    let shared: Arc<dyn Seal> = Arc::new(Arc::clone(&one));
    for found in [tag(&*one), tag(Arc::clone(&one)), tag(&shared), tag(shared)] {
        assert_eq!(found, one.key_tag());
    }
}

#[test]
fn names_are_read_back() {
    for kind in [KeyType::P256, KeyType::Rsa] {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    for algorithm in [Algorithm::Dir, Algorithm::RsaOaep256, Algorithm::EcdhEs] {
        assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
    }
    for text in ["", "p-256", "CANARY", "RSA-OAEP-256 ", "EC"] {
        let kind = text.parse::<KeyType>().unwrap_err();
        assert_eq!(kind.to_string(), "unknown name: expected P-256 or RSA");
        let algorithm = text.parse::<Algorithm>().unwrap_err();
        let expected = "unknown name: expected dir, RSA-OAEP-256 or ECDH-ES";
        assert_eq!(algorithm.to_string(), expected);
    }
}

/// Equal keys have equal hashes, whatever identifier they came with.
#[test]
fn keys_hash_as_they_compare() {
    let point = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
    let plain = PublicKey::from_jwk(&format!("{{{point}}}")).unwrap();
    let named = PublicKey::from_jwk(&format!(r#"{{{point},"kid":"1"}}"#)).unwrap();
    assert_eq!(plain, named);
    assert_ne!(plain.key_id(), named.key_id());
    let state = RandomState::new();
    assert_eq!(state.hash_one(&plain), state.hash_one(&named));
    let other = r#"{"kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}"#;
    let other = PublicKey::from_jwk(other).unwrap();
    assert_ne!(state.hash_one(&plain), state.hash_one(&other));
}

/// Clones share the keys: a channel is handed to each task.
#[test]
fn a_channel_is_cheap_to_clone() {
    const fn shared<T: Clone + Send + Sync>() {}
    const { shared::<Channel>() };
    assert!(size_of::<Channel>() <= 5 * size_of::<usize>());
    let secret = PayloadSecret::generate().unwrap();
    let backend = &bankezy_crypto::backend::AVAILABLE[0];
    let cipher = PayloadCipher::with_backend(&secret, backend).unwrap();
    let ring = Arc::new(KeyRing::new("1", cipher));
    let channel = Channel::from(Arc::clone(&ring));
    let _clones = [channel.clone(), channel.clone()];
    assert_eq!(Arc::strong_count(&ring), 4);
}
