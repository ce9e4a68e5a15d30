//! The backend `rust-crypto`: pure Rust crates.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use p256::{PublicKey, SecretKey};
use rsa::{BigUint, Oaep, RsaPublicKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::aead::Aead;
use super::aes_256_gcm::Aes256Gcm;
use super::checked_rng::CheckedRng;
use super::primitives::{P256Private, Primitives, RsaPrivate, RsaPublic};
use crate::error::Error;
use crate::secret::{Secret32, SecretBytes};

const NAME: &str = "rust-crypto";

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
        // A random 256-bit number is above the order of the curve once in 2^32: then draw again.
        loop {
            if let Some(key) = self.p256_private(&Secret32::random()?) {
                return Ok(key);
            }
        }
    }

    fn p256_private(&self, scalar: &Secret32) -> Option<Box<dyn P256Private>> {
        let key = SecretKey::from_slice(scalar.bytes()).ok()?;
        Some(Box::new(key))
    }

    fn rsa_public(&self, n: &[u8], e: &[u8]) -> Result<Box<dyn RsaPublic>, Error> {
        let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
        let key = RsaPublicKey::new_with_max_size(n, e, 8192)
            .map_err(|_| failed("RSA public key import"))?;
        Ok(Box::new(key))
    }

    fn rsa_generate(&self, bits: usize) -> Result<SecretBytes, Error> {
        private_rsa::generate(bits)
    }

    fn rsa_private(&self, pkcs8: &SecretBytes) -> Result<Option<Box<dyn RsaPrivate>>, Error> {
        private_rsa::import(pkcs8)
    }
}

impl Aead for aes_gcm::Aes256Gcm {
    fn seal(
        &self,
        nonce: &mut [u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Result<[u8; 16], Error> {
        let failed = || failed("AES-256-GCM encryption");
        let buffers = InOutBuf::new(plaintext, ciphertext).map_err(|_| failed())?;
        self.encrypt_inout_detached((&*nonce).into(), aad, buffers)
            .map(Into::into)
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
        let peer = PublicKey::from_sec1_bytes(peer).ok()?;
        let shared = self.diffie_hellman(&peer);
        let mut secret = Secret32::zeroed();
        secret
            .bytes_mut()
            .copy_from_slice(shared.raw_secret_bytes());
        Some(secret)
    }
}

impl RsaPublic for RsaPublicKey {
    fn wrap(&self, key: &Secret32) -> Result<Vec<u8>, Error> {
        let mut rng = CheckedRng::default();
        let wrapped = self.encrypt(&mut rng, oaep(), key.bytes());
        rng.check()?;
        wrapped.map_err(|_| failed("RSA-OAEP-256 encryption"))
    }
}

fn oaep() -> Oaep {
    Oaep::new::<rsa::sha2::Sha256>()
}

fn failed(operation: &'static str) -> Error {
    Error::Backend {
        backend: NAME,
        operation,
    }
}

#[cfg(feature = "rust-crypto-private-rsa-timing-risk")]
mod private_rsa {
    use rsa::RsaPrivateKey;
    use rsa::pkcs1::UintRef;
    use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, PrivateKeyInfo};
    use rsa::traits::PrivateKeyParts as _;

    use super::*;

    pub(super) fn generate(bits: usize) -> Result<SecretBytes, Error> {
        let mut rng = CheckedRng::default();
        let key = RsaPrivateKey::new(&mut rng, bits);
        rng.check()?;
        key.ok()
            .and_then(|key| key.to_pkcs8_der().ok())
            .map(|der| der.as_bytes().to_vec().into())
            .ok_or(failed("RSA key generation"))
    }

    pub(super) fn import(pkcs8: &SecretBytes) -> Result<Option<Box<dyn RsaPrivate>>, Error> {
        Ok(RsaPrivateKey::from_pkcs8_der(pkcs8.as_bytes())
            .ok()
            .filter(|key| key.validate().is_ok() && crt_fits(key, pkcs8.as_bytes()))
            .map(|key| Box::new(key) as Box<dyn RsaPrivate>))
    }

    /// The crate `rsa` works out exponents and coefficient of its own and ignores those of the key:
    /// a key whose own do not fit would work here and fail on another backend.
    fn crt_fits(key: &RsaPrivateKey, pkcs8: &[u8]) -> bool {
        let Ok(info) = PrivateKeyInfo::try_from(pkcs8) else {
            return false;
        };
        let Ok(stated) = rsa::pkcs1::RsaPrivateKey::try_from(info.private_key) else {
            return false;
        };
        let fits = |own: Option<BigUint>, stated: UintRef<'_>| {
            let stated = Zeroizing::new(BigUint::from_bytes_be(stated.as_bytes()));
            own.map(Zeroizing::new).is_some_and(|own| *own == *stated)
        };
        fits(key.dp().cloned(), stated.exponent1)
            && fits(key.dq().cloned(), stated.exponent2)
            && fits(key.crt_coefficient(), stated.coefficient)
    }

    impl RsaPrivate for RsaPrivateKey {
        fn unwrap(&self, wrapped: &[u8], key: &mut Secret32) -> Option<()> {
            // Blinding hides part of the timing, not all of it: RUSTSEC-2023-0071.
            let mut rng = CheckedRng::default();
            let decrypted = self.decrypt_blinded(&mut rng, oaep(), wrapped).ok()?;
            let decrypted = SecretBytes::from(decrypted);
            rng.check().ok()?;
            let found: &[u8; 32] = decrypted.as_bytes().try_into().ok()?;
            key.bytes_mut().copy_from_slice(found);
            Some(())
        }
    }
}

#[cfg(not(feature = "rust-crypto-private-rsa-timing-risk"))]
mod private_rsa {
    use super::*;

    const MISSING: Error = Error::Unsupported {
        backend: NAME,
        needs: "the backend aws-lc-rs for private RSA keys, or the feature rust-crypto-private-rsa-timing-risk",
    };

    pub(super) fn generate(_bits: usize) -> Result<SecretBytes, Error> {
        Err(MISSING)
    }

    pub(super) fn import(_pkcs8: &SecretBytes) -> Result<Option<Box<dyn RsaPrivate>>, Error> {
        Err(MISSING)
    }
}
