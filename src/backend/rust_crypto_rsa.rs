//! RSA of the backend `rust-crypto`: on the crate `rsa`, where features ask for it.

#[cfg(feature = "rust-crypto-rsa")]
use super::checked_rng::CheckedRng;
use super::primitives::{RsaPrivate, RsaPublic};
use crate::error::Error;

pub(super) use private::{generate, import};
pub(super) use public::public;

pub(super) const NAME: &str = "rust-crypto";

pub(super) fn failed(operation: &'static str) -> Error {
    Error::Backend {
        backend: NAME,
        operation,
    }
}

#[cfg(feature = "rust-crypto-rsa")]
mod public {
    use rsa::{BigUint, Oaep, RsaPublicKey};

    use super::{CheckedRng, Error, RsaPublic, failed};
    use crate::secret::Secret32;

    pub(in super::super) fn public(n: &[u8], e: &[u8]) -> Result<Box<dyn RsaPublic>, Error> {
        let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
        let key = RsaPublicKey::new_with_max_size(n, e, 8192)
            .map_err(|_| failed("RSA public key import"))?;
        Ok(Box::new(key))
    }

    impl RsaPublic for RsaPublicKey {
        fn wrap(&self, key: &Secret32) -> Result<Vec<u8>, Error> {
            let mut rng = CheckedRng::default();
            let wrapped = self.encrypt(&mut rng, oaep(), key.bytes());
            rng.check()?;
            wrapped.map_err(|_| failed("RSA-OAEP-256 encryption"))
        }
    }

    pub(super) fn oaep() -> Oaep {
        Oaep::new::<rsa::sha2::Sha256>()
    }
}

#[cfg(not(feature = "rust-crypto-rsa"))]
mod public {
    use super::{Error, NAME, RsaPublic};

    pub(in super::super) fn public(_n: &[u8], _e: &[u8]) -> Result<Box<dyn RsaPublic>, Error> {
        Err(Error::Unsupported {
            backend: NAME,
            needs: "the backend aws-lc-rs for RSA keys, or the feature rust-crypto-rsa for public ones",
        })
    }
}

#[cfg(feature = "rust-crypto-private-rsa-timing-risk")]
mod private {
    use rsa::pkcs1::UintRef;
    use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, PrivateKeyInfo};
    use rsa::traits::PrivateKeyParts as _;
    use rsa::{BigUint, RsaPrivateKey};
    use zeroize::Zeroizing;

    use super::public::oaep;
    use super::{CheckedRng, Error, RsaPrivate, failed};
    use crate::secret::{Secret32, SecretBytes};

    pub(in super::super) fn generate(bits: usize) -> Result<SecretBytes, Error> {
        let mut rng = CheckedRng::default();
        let key = RsaPrivateKey::new(&mut rng, bits);
        rng.check()?;
        key.ok()
            .and_then(|key| key.to_pkcs8_der().ok())
            .map(|der| der.as_bytes().to_vec().into())
            .ok_or(failed("RSA key generation"))
    }

    pub(in super::super) fn import(
        pkcs8: &SecretBytes,
    ) -> Result<Option<Box<dyn RsaPrivate>>, Error> {
        Ok(RsaPrivateKey::from_pkcs8_der(pkcs8.as_bytes())
            .ok()
            .filter(|key| key.validate().is_ok() && crt_fits(key, pkcs8.as_bytes()))
            .map(|key| Box::new(key) as Box<dyn RsaPrivate>))
    }

    /// The crate `rsa` computes exponents and coefficient itself and ignores those of the key: a key with wrong ones
    /// would work here and fail on another backend.
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
mod private {
    use super::{Error, NAME, RsaPrivate};
    use crate::secret::SecretBytes;

    const MISSING: Error = Error::Unsupported {
        backend: NAME,
        needs: "the backend aws-lc-rs for private RSA keys, or the feature rust-crypto-private-rsa-timing-risk",
    };

    pub(in super::super) fn generate(_bits: usize) -> Result<SecretBytes, Error> {
        Err(MISSING)
    }

    pub(in super::super) fn import(
        _pkcs8: &SecretBytes,
    ) -> Result<Option<Box<dyn RsaPrivate>>, Error> {
        Err(MISSING)
    }
}
