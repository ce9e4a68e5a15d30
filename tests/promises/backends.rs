//! Which backend runs: the one that the caller named, and AWS-LC if none was named.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{KeyPair, PayloadCipher, PayloadSecret, PrivateKeyOpener, PublicKeySealer};

const RSA_2048: &str = include_str!("../data/rsa2048.pem");
const P256: &str = include_str!("../data/p256.pem");

#[test]
fn what_is_named_is_what_runs() {
    let names: Vec<&str> = AVAILABLE.iter().map(|backend| backend.name()).collect();
    let mut built = Vec::new();
    if cfg!(feature = "aws-lc-rs") {
        built.push("aws-lc-rs");
    }
    if cfg!(feature = "rust-crypto") {
        built.push("rust-crypto");
    }
    assert_eq!(names, built);
    for backend in AVAILABLE {
        assert_eq!(backend.to_string(), backend.name());
        assert_eq!(format!("{backend:?}"), format!("Backend({backend})"));
        let secret = PayloadSecret::from_bytes(&[7; 32]).unwrap();
        let cipher = PayloadCipher::with_backend(&secret, backend).unwrap();
        let pair = KeyPair::from_pem_with_backend(P256, backend).unwrap();
        assert_eq!(cipher.backend(), *backend);
        assert_eq!(pair.backend(), *backend);
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        assert_eq!(
            [format!("{cipher:?}"), format!("{sealer:?}")],
            [
                format!("PayloadCipher({backend}, [redacted])"),
                format!("PublicKeySealer({backend})"),
            ]
        );
        let shown = format!("{pair:?}");
        let opener = PrivateKeyOpener::new(pair);
        assert_eq!(format!("{opener:?}"), format!("PrivateKeyOpener({shown})"));
        for other in AVAILABLE {
            assert_eq!(backend == other, backend.name() == other.name());
        }
    }
}

/// A run of the tests that is meant for certain backends says which: features that another package turns
/// on would bring more of them in, and the run would test something else.
#[test]
fn the_backends_are_those_that_the_run_is_meant_for() {
    if let Ok(expected) = std::env::var("BANKEZY_EXPECT_BACKENDS") {
        let names: Vec<&str> = AVAILABLE.iter().map(|backend| backend.name()).collect();
        let expected: Vec<&str> = expected.split(',').collect();
        assert_eq!(names, expected, "BANKEZY_EXPECT_BACKENDS");
    }
}

/// Whatever else is built in.
#[cfg(feature = "aws-lc-rs")]
#[test]
fn what_names_no_backend_runs_on_aws_lc() {
    use bankezy_crypto::backend::AWS_LC_RS;

    let secret = PayloadSecret::from_bytes(&[7; 32]).unwrap();
    assert_eq!(PayloadCipher::new(&secret).unwrap().backend(), AWS_LC_RS);
    let rsa = KeyPair::from_pem(RSA_2048).unwrap();
    let jwk = KeyPair::from_jwk(rsa.to_jwk().unwrap().as_str()).unwrap();
    let pkcs8 = KeyPair::from_pkcs8_der(rsa.to_pkcs8_der().unwrap().as_bytes()).unwrap();
    let sealer = PublicKeySealer::new(rsa.public_key()).unwrap();
    assert_eq!(format!("{sealer:?}"), "PublicKeySealer(aws-lc-rs)");
    let pairs = [KeyPair::generate().unwrap(), rsa, jwk, pkcs8];
    for pair in pairs {
        assert_eq!(pair.backend(), AWS_LC_RS);
    }
}

#[cfg(feature = "rust-crypto")]
#[test]
fn the_crate_rsa_gets_no_key_without_a_feature_that_asks_for_it() {
    use bankezy_crypto::backend::RUST_CRYPTO;
    use bankezy_crypto::{Error, PublicKey};

    let key = PublicKey::from_pem(include_str!("../data/rsa2048.pub.pem")).unwrap();
    let sealer = PublicKeySealer::with_backend(&key, &RUST_CRYPTO);
    assert_eq!(sealer.is_ok(), cfg!(feature = "rust-crypto-rsa"));
    if let Err(error) = sealer {
        let Error::Unsupported { backend, needs, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(backend, "rust-crypto");
        assert!(needs.contains("the feature rust-crypto-rsa"), "{needs}");
    }
}

#[cfg(feature = "rust-crypto")]
#[test]
fn the_crate_rsa_gets_no_private_key_without_the_feature_that_says_the_risk() {
    use bankezy_crypto::Error;
    use bankezy_crypto::backend::RUST_CRYPTO;

    let wanted = cfg!(feature = "rust-crypto-private-rsa-timing-risk");
    let read = KeyPair::from_pem_with_backend(RSA_2048, &RUST_CRYPTO);
    assert_eq!(read.is_ok(), wanted);
    if wanted {
        return;
    }
    let made = KeyPair::generate_rsa_with_backend(2048, &RUST_CRYPTO);
    for refused in [read, made] {
        let Err(Error::Unsupported { backend, needs, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(backend, "rust-crypto");
        assert!(
            needs.contains("rust-crypto-private-rsa-timing-risk"),
            "{needs}"
        );
    }
}
