//! This crate, on one of its backends.

use std::hint::black_box;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Error, KeyPair, Opened, PayloadCipher, PayloadSecret, PrivateKeyOpener, PublicKeySealer,
};

use crate::keys;
use crate::measure::Work;
use crate::row::{Algorithm, Op, Way};

pub(crate) struct Ours {
    pub(crate) backend: Backend,
    pub(crate) cipher: PayloadCipher,
    rsa: (PublicKeySealer, PrivateKeyOpener),
    p256: (PublicKeySealer, PrivateKeyOpener),
}

/// Every algorithm on every backend.
pub(crate) fn pairs(ours: &[Ours]) -> impl Iterator<Item = (Algorithm, &Ours)> {
    Algorithm::ALL
        .into_iter()
        .flat_map(move |algorithm| ours.iter().map(move |ours| (algorithm, ours)))
}

impl Ours {
    pub(crate) fn new(backend: &Backend) -> Result<Self, Error> {
        let pair = |pem| {
            let key = KeyPair::from_pem_with_backend(pem, backend)?;
            let sealer = PublicKeySealer::with_backend(key.public_key(), backend)?;
            Ok::<_, Error>((sealer, PrivateKeyOpener::new(key)))
        };
        let secret = PayloadSecret::from_base64url(keys::SECRET)?;
        Ok(Self {
            backend: *backend,
            cipher: PayloadCipher::with_backend(&secret, backend)?,
            rsa: pair(keys::RSA_PEM)?,
            p256: pair(keys::P256_PEM)?,
        })
    }

    pub(crate) fn seal(&self, algorithm: Algorithm, plaintext: &[u8]) -> Result<String, Error> {
        match algorithm {
            Algorithm::Dir => self.cipher.seal(plaintext),
            Algorithm::RsaOaep256 => self.rsa.0.seal(plaintext),
            Algorithm::EcdhEs => self.p256.0.seal(plaintext),
        }
    }

    pub(crate) fn open(&self, algorithm: Algorithm, sealed: &str) -> Result<Opened, Error> {
        match algorithm {
            Algorithm::Dir => self.cipher.open(sealed),
            Algorithm::RsaOaep256 => self.rsa.1.open(sealed),
            Algorithm::EcdhEs => self.p256.1.open(sealed),
        }
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

    /// Into memory that is kept; nothing for another operation.
    pub(crate) fn work_into<'a>(
        &'a self,
        op: Op,
        plaintext: &'a [u8],
        sealed: &'a str,
    ) -> Option<Work<'a>> {
        let cipher = &self.cipher;
        let sealed_len = PayloadCipher::sealed_len(plaintext.len());
        Some(match op {
            Op::SealInto => into(String::with_capacity(sealed_len), move |out| {
                cipher.seal_into(black_box(plaintext), out)
            }),
            Op::SealToBytes => into(Vec::with_capacity(sealed_len), move |out| {
                cipher.seal_to_bytes(black_box(plaintext), out)
            }),
            Op::AppendSealed => into(Vec::with_capacity(sealed_len), move |out| {
                out.clear();
                cipher.append_sealed(black_box(plaintext), out)
            }),
            Op::OpenInto => into(Opened::with_capacity(plaintext.len()), move |out| {
                cipher.open_into(black_box(sealed), out)
            }),
            _ => return None,
        })
    }
}

fn into<'a, T: 'a>(mut out: T, mut run: impl FnMut(&mut T) -> Result<(), Error> + 'a) -> Work<'a> {
    Work::new(move || {
        run(&mut out).ok()?;
        black_box(&out);
        Some(())
    })
}
