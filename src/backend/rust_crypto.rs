//! The backend `rust-crypto`: pure Rust crates.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use p256::{PublicKey, SecretKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::aead::Aead;
use super::aes_256_gcm::Aes256Gcm;
use super::primitives::{P256Private, P256Public, Primitives, RsaPrivate, RsaPublic};
use super::rust_crypto_rsa::{self, NAME, failed};
use crate::error::Error;
use crate::secret::{Secret32, SecretBytes};

pub(super) struct RustCrypto;

impl Primitives for RustCrypto {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aes_256_gcm(&self, key: &Secret32) -> Result<Aes256Gcm, Error> {
        let key = aes_gcm::Aes256Gcm::new(key.bytes().into());
        Ok(Aes256Gcm::RustCrypto(Box::new(key)))
    }

    fn sha256(&self, parts: &[&[u8]], out: &mut Secret32) {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        hash.finalize_into(out.bytes_mut().into());
    }

    fn hkdf_sha256(
        &self,
        salt: &[u8],
        input: &Secret32,
        info: &[u8],
        out: &mut Secret32,
    ) -> Result<(), Error> {
        hkdf::Hkdf::<Sha256>::new(Some(salt), input.bytes())
            .expand(info, out.bytes_mut())
            .map_err(|_| failed("HKDF-SHA-256"))
    }

    fn is_on_p256(&self, point: &[u8; 65]) -> bool {
        PublicKey::from_sec1_bytes(point).is_ok()
    }

    fn p256_generate(&self) -> Result<Box<dyn P256Private>, Error> {
        Ok(Box::new(generate()?))
    }

    fn p256_public(&self, point: &[u8; 65]) -> Result<Box<dyn P256Public>, Error> {
        let key = PublicKey::from_sec1_bytes(point);
        Ok(Box::new(
            key.map_err(|_| failed("P-256 public key import"))?,
        ))
    }

    fn p256_private(&self, scalar: &Secret32) -> Option<Box<dyn P256Private>> {
        let key = SecretKey::from_slice(scalar.bytes()).ok()?;
        Some(Box::new(key))
    }

    fn rsa_public(&self, n: &[u8], e: &[u8]) -> Result<Box<dyn RsaPublic>, Error> {
        rust_crypto_rsa::public(n, e)
    }

    fn rsa_generate(&self, bits: usize) -> Result<SecretBytes, Error> {
        rust_crypto_rsa::generate(bits)
    }

    fn rsa_private(&self, pkcs8: &SecretBytes) -> Result<Option<Box<dyn RsaPrivate>>, Error> {
        rust_crypto_rsa::import(pkcs8)
    }
}

impl Aead for aes_gcm::Aes256Gcm {
    fn seal(
        &self,
        nonce: &mut [u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; 16],
    ) -> Result<(), Error> {
        let failed = || failed("AES-256-GCM encryption");
        let buffers = InOutBuf::new(plaintext, ciphertext).map_err(|_| failed())?;
        self.encrypt_inout_detached((&*nonce).into(), aad, buffers)
            .map(|made| *tag = made.into())
            .map_err(|_| failed())
    }

    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        tag: &[u8; 16],
        in_out: &mut [u8],
    ) -> Option<()> {
        self.decrypt_inout_detached(nonce.into(), aad, in_out.into(), tag.into())
            .ok()
    }
}

impl P256Private for SecretKey {
    fn public(&self) -> Result<[u8; 65], Error> {
        self.public_key()
            .to_sec1_bytes()
            .as_ref()
            .try_into()
            .map_err(|_| failed("P-256 public key computation"))
    }

    fn scalar(&self) -> Result<Secret32, Error> {
        let bytes = Zeroizing::new(self.to_bytes());
        let mut scalar = Secret32::zeroed();
        scalar.bytes_mut().copy_from_slice(&bytes);
        Ok(scalar)
    }

    fn agree(&self, peer: &[u8; 65]) -> Option<Secret32> {
        Some(agree(self, &PublicKey::from_sec1_bytes(peer).ok()?))
    }
}

impl P256Public for PublicKey {
    fn agree_with_new(&self) -> Result<([u8; 65], Secret32), Error> {
        let key = generate()?;
        Ok((key.public()?, agree(&key, self)))
    }
}

fn generate() -> Result<SecretKey, Error> {
    // A random 256-bit number is above the order of the curve once in 2^32: then draw again.
    loop {
        if let Ok(key) = SecretKey::from_slice(Secret32::random()?.bytes()) {
            return Ok(key);
        }
    }
}

fn agree(own: &SecretKey, peer: &PublicKey) -> Secret32 {
    let shared = own.diffie_hellman(peer);
    let mut secret = Secret32::zeroed();
    secret
        .bytes_mut()
        .copy_from_slice(shared.raw_secret_bytes());
    secret
}
