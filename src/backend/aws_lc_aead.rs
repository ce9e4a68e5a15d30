//! AES-256-GCM of AWS-LC. In its FIPS module the nonces are made inside, as FIPS 140-3 asks (Implementation
//! Guidance C.H).

#[cfg(any(test, feature = "fips"))]
use aws_lc_rs::aead::RandomizedNonceKey;
use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use super::aead::Aead;
use crate::error::Error;
use crate::secret::Secret32;

pub(super) const NAME: &str = "aws-lc-rs";

/// The key in use.
#[cfg(not(feature = "fips"))]
pub(super) type Key = LessSafeKey;
#[cfg(feature = "fips")]
pub(super) type Key = ModuleKey;

pub(super) fn key(key: &Secret32) -> Result<Key, Error> {
    #[cfg(feature = "fips")]
    return ModuleKey::new(key);
    #[cfg(not(feature = "fips"))]
    less_safe_key(key)
}

fn less_safe_key(key: &Secret32) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&aead::AES_256_GCM, key.bytes())
        .map(LessSafeKey::new)
        .map_err(|_| failed("AES-256-GCM key set-up"))
}

impl Aead for LessSafeKey {
    fn seal(
        &self,
        nonce: &mut [u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; 16],
    ) -> Result<(), Error> {
        let (nonce, aad) = (Nonce::from(&*nonce), Aad::from(aad));
        self.seal_out_of_place_scatter(nonce, aad, plaintext, ciphertext, &[], tag)
            .map_err(|_| failed("AES-256-GCM encryption"))
    }

    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        tag: &[u8; 16],
        in_out: &mut [u8],
    ) -> Option<()> {
        self.open_in_place_separate_tag(Nonce::from(nonce), Aad::from(aad), tag, in_out)
            .ok()
            .map(drop)
    }
}

/// Makes its nonces itself.
#[cfg(any(test, feature = "fips"))]
pub(super) struct ModuleKey {
    sealing: RandomizedNonceKey,
    /// The other method needs the tag directly behind the ciphertext, so the tag would have to be copied.
    opening: LessSafeKey,
}

#[cfg(any(test, feature = "fips"))]
impl ModuleKey {
    fn new(key: &Secret32) -> Result<Self, Error> {
        let opening = less_safe_key(key)?;
        let sealing = RandomizedNonceKey::new(&aead::AES_256_GCM, key.bytes())
            .map_err(|_| failed("AES-256-GCM key set-up"))?;
        Ok(Self { sealing, opening })
    }
}

#[cfg(any(test, feature = "fips"))]
impl Aead for ModuleKey {
    /// `nonce` is not used, and is replaced with the module's.
    fn seal(
        &self,
        nonce: &mut [u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; 16],
    ) -> Result<(), Error> {
        let failed = || failed("AES-256-GCM encryption");
        ciphertext.copy_from_slice(plaintext);
        let sealed = self
            .sealing
            .seal_in_place_separate_tag(Aad::from(aad), ciphertext);
        let Ok((made, made_tag)) = sealed else {
            // The plaintext is never returned in place of a ciphertext.
            ciphertext.fill(0);
            return Err(failed());
        };
        nonce.copy_from_slice(made.as_ref());
        *tag = made_tag.as_ref().try_into().map_err(|_| failed())?;
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        tag: &[u8; 16],
        in_out: &mut [u8],
    ) -> Option<()> {
        Aead::open_in_place(&self.opening, nonce, aad, tag, in_out)
    }
}

pub(super) fn failed(operation: &'static str) -> Error {
    Error::Backend {
        backend: NAME,
        operation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_key_in_use_makes_its_nonces_exactly_where_the_module_does() {
        let key = key(&Secret32::random().unwrap()).unwrap();
        let mut nonce = [0; 12];
        key.seal(&mut nonce, b"aad", b"", &mut [], &mut [0; 16])
            .unwrap();
        assert_eq!(nonce != [0; 12], cfg!(feature = "fips"));
    }

    #[test]
    fn the_module_makes_the_nonces() {
        let secret = Secret32::random().unwrap();
        let key = ModuleKey::new(&secret).unwrap();
        let other = less_safe_key(&secret).unwrap();
        let mut seen = HashSet::new();
        for len in [0, 1, 15, 16, 17, 1000] {
            let plaintext = vec![b'x'; len];
            let (mut nonce, mut sealed, mut tag) = ([0; 12], vec![0; len], [0; 16]);
            key.seal(&mut nonce, b"aad", &plaintext, &mut sealed, &mut tag)
                .unwrap();
            assert!(nonce != [0; 12] && seen.insert(nonce));
            for opens in [&key as &dyn Aead, &other] {
                let mut opened = sealed.clone();
                opens
                    .open_in_place(&nonce, b"aad", &tag, &mut opened)
                    .unwrap();
                assert_eq!(opened, plaintext);
            }
        }
    }
}
