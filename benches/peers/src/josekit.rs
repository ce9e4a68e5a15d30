//! josekit: JOSE on OpenSSL.

use std::error::Error;
use std::hint::black_box;

use josekit::JoseError;
use josekit::jwe::{
    self, Dir, ECDH_ES, JweDecrypter, JweEncrypter, JweHeader, RSA_OAEP_256, deserialize_compact,
};
use josekit::jwk::Jwk;

use crate::keys;
use crate::measure::Work;
use crate::ours::{Ours, pairs};
use crate::row::{Algorithm, Way};

pub(crate) const NAME: &str = "josekit";

/// What it seals with a key, and what opens it.
type Pair = (Box<dyn JweEncrypter>, Box<dyn JweDecrypter>);

pub(crate) struct Josekit {
    header: JweHeader,
    dir: Pair,
    rsa: Pair,
    p256: Pair,
}

impl Josekit {
    pub(crate) fn new() -> Result<Self, JoseError> {
        let secret = Jwk::from_bytes(format!(r#"{{"kty":"oct","k":"{}"}}"#, keys::SECRET))?;
        let p256 = Jwk::from_bytes(keys::P256_JWK)?;
        let rsa = Jwk::from_bytes(keys::RSA_JWK)?;
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        Ok(Self {
            header,
            dir: (
                Box::new(Dir.encrypter_from_jwk(&secret)?),
                Box::new(Dir.decrypter_from_jwk(&secret)?),
            ),
            rsa: (
                Box::new(RSA_OAEP_256.encrypter_from_jwk(&rsa)?),
                Box::new(RSA_OAEP_256.decrypter_from_jwk(&rsa)?),
            ),
            p256: (
                Box::new(ECDH_ES.encrypter_from_jwk(&p256)?),
                Box::new(ECDH_ES.decrypter_from_jwk(&p256)?),
            ),
        })
    }

    /// That each opens what the other seals.
    pub(crate) fn check(&self, ours: &[Ours]) -> Result<(), Box<dyn Error>> {
        const PLAINTEXT: &[u8] = br#"{"amount":100}"#;
        for (algorithm, ours) in pairs(ours) {
            let theirs = self.seal(algorithm, PLAINTEXT)?;
            let (opened, _) = self.open(algorithm, &ours.seal(algorithm, PLAINTEXT)?)?;
            if ours.open(algorithm, &theirs)?.as_bytes() != PLAINTEXT || opened != PLAINTEXT {
                return Err("what was opened is not what was sealed".into());
            }
        }
        Ok(())
    }

    pub(crate) fn work<'a>(
        &'a self,
        way: Way,
        algorithm: Algorithm,
        plaintext: &'a [u8],
        sealed: &'a str,
    ) -> Work<'a> {
        match way {
            Way::Seal => Work::new(move || self.seal(algorithm, black_box(plaintext)).ok()),
            Way::Open => Work::new(move || self.open(algorithm, black_box(sealed)).ok()),
        }
    }

    fn pair(&self, algorithm: Algorithm) -> &Pair {
        match algorithm {
            Algorithm::Dir => &self.dir,
            Algorithm::RsaOaep256 => &self.rsa,
            Algorithm::EcdhEs => &self.p256,
        }
    }

    fn seal(&self, algorithm: Algorithm, plaintext: &[u8]) -> Result<String, JoseError> {
        jwe::serialize_compact(plaintext, &self.header, self.pair(algorithm).0.as_ref())
    }

    fn open(&self, algorithm: Algorithm, sealed: &str) -> Result<(Vec<u8>, JweHeader), JoseError> {
        deserialize_compact(sealed, self.pair(algorithm).1.as_ref())
    }
}
