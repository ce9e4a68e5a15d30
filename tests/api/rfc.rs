//! The worked examples of RFC 7516, RFC 7518 and RFC 7520, on every backend.
//!
//! No example of these RFCs is in the locked profile: each must be refused, and for the reason that
//! makes it one. `test-vectors/rfc.json` adds controls that differ in that one thing and must open.

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    Derivation, Error, HeaderProblem, KeyPair, Opened, PayloadCipher, PayloadSecret,
    PrivateKeyOpener, PublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: u32,
    result: Expected,
    comment: String,
    #[serde(flatten)]
    key: Key,
    plaintext_b64u: String,
    jwe: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Valid,
    Invalid,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Key {
    Dir {
        key_b64u: String,
    },
    EcdhEs {
        server_pub_key: String,
        server_private_d_b64u: String,
    },
    #[serde(rename = "rsa-oaep-256")]
    RsaOaep256 {
        public_spki_b64: String,
        private_pkcs8_b64: String,
    },
}

/// The result of a case: the inner one is that of opening, the outer one that of the key.
type Outcome = Result<Result<Opened, Error>, Error>;

impl Case {
    fn open(&self, backend: &Backend) -> Outcome {
        match &self.key {
            Key::Dir { key_b64u } => {
                let secret = PayloadSecret::from_base64url(key_b64u)?;
                Ok(PayloadCipher::with_backend(&secret, backend)?.open(&self.jwe))
            }
            Key::EcdhEs {
                server_pub_key,
                server_private_d_b64u,
            } => {
                let public = PublicKey::from_wire(server_pub_key)?.to_jwk();
                let members = public.trim_end_matches('}');
                let private = format!(r#"{members},"d":"{server_private_d_b64u}"}}"#);
                let pair = KeyPair::from_jwk_with_backend(&private, backend)?;
                Ok(PrivateKeyOpener::new(pair).open(&self.jwe))
            }
            Key::RsaOaep256 {
                public_spki_b64,
                private_pkcs8_b64,
            } => {
                let pkcs8 = STANDARD.decode(private_pkcs8_b64).unwrap();
                let pair = KeyPair::from_pkcs8_der_with_backend(&pkcs8, backend)?;
                let public = STANDARD.decode(public_spki_b64).unwrap();
                assert_eq!(pair.public_key(), &PublicKey::from_spki_der(&public)?);
                Ok(PrivateKeyOpener::new(pair).open(&self.jwe))
            }
        }
    }

    /// The one thing that is wrong with an invalid case.
    fn refusal(&self) -> Error {
        match self.id {
            // CBC has a vector of 16 bytes; the header, which says why, is named first.
            1 | 2 | 5 | 6 | 9 => HeaderProblem::UnknownEncryption.into(),
            4 | 8 | 11 | 13 | 15 | 16 | 17 => HeaderProblem::UnknownAlgorithm.into(),
            // That the encrypted key did not unwrap must not show.
            12 => Error::OpenFailed,
            id => panic!("case {id} has no reason to be refused here"),
        }
    }
}

#[test]
fn examples_outside_the_profile_are_refused_and_their_controls_open() {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../test-vectors/rfc.json")).unwrap();
    assert_eq!(vectors.cases.len(), 17);
    for backend in AVAILABLE {
        let (mut opened, mut refused, mut skipped) = (0, 0, 0);
        for case in &vectors.cases {
            let what = format!("case {} on {}: {}", case.id, backend.name(), case.comment);
            match (case.open(backend), &case.result) {
                (Ok(Ok(plaintext)), Expected::Valid) => {
                    let expected = URL_SAFE_NO_PAD.decode(&case.plaintext_b64u).unwrap();
                    assert_eq!(plaintext.as_bytes(), expected, "{what}");
                    opened += 1;
                }
                (Ok(Err(error)), Expected::Invalid) => {
                    assert_eq!(error, case.refusal(), "{what}");
                    refused += 1;
                }
                (Err(Error::Unsupported { needs, .. }), _) => {
                    eprintln!("skipped {what}: it needs {needs}");
                    skipped += 1;
                }
                (outcome, _) => panic!("{what}: {outcome:?}"),
            }
        }
        eprintln!(
            "{}: {opened} opened, {refused} refused, {skipped} skipped",
            backend.name()
        );
        let expected = match does_private_rsa(backend) {
            true => (4, 13, 0),
            false => (3, 7, 7),
        };
        assert_eq!((opened, refused, skipped), expected, "{}", backend.name());
    }
}

fn does_private_rsa(backend: &Backend) -> bool {
    backend.name() != "rust-crypto" || cfg!(feature = "rust-crypto-private-rsa-timing-risk")
}

/// RFC 7518 appendix C, and its derived key computed anew for A256GCM.
#[derive(Deserialize)]
struct AppendixC {
    alice: Box<RawValue>,
    bob: Box<RawValue>,
    apu: String,
    apv: String,
    z: [u8; 32],
    concat_kdf_a256gcm_b64u: String,
}

#[test]
fn appendix_c_of_rfc_7518_is_agreed_and_derived_from_both_sides() {
    let example: AppendixC =
        serde_json::from_str(include_str!("../../test-vectors/rfc7518-appendix-c.json")).unwrap();
    let concat_kdf = Derivation::ConcatKdf {
        apu: example.apu.as_bytes(),
        apv: example.apv.as_bytes(),
    };
    for backend in AVAILABLE {
        let pair = |jwk: &RawValue| KeyPair::from_jwk_with_backend(jwk.get(), backend).unwrap();
        let (alice, bob) = (pair(&example.alice), pair(&example.bob));
        for (side, own, peer) in [("Alice", &alice, &bob), ("Bob", &bob, &alice)] {
            let key = |derivation| {
                let secret = own.agree(peer.public_key(), derivation).unwrap();
                secret.to_base64url().as_str().to_owned()
            };
            let what = format!("{side} on {}", backend.name());
            let z = key(&Derivation::RawSharedSecret);
            assert_eq!(z, URL_SAFE_NO_PAD.encode(example.z), "{what}");
            assert_eq!(key(&concat_kdf), example.concat_kdf_a256gcm_b64u, "{what}");
        }
    }
}
