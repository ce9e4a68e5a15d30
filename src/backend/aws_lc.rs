//! The backend `aws-lc-rs`.

use aws_lc_rs::agreement::{self, ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey, PublicKeyComponents,
};
use aws_lc_rs::{digest, hkdf};

use super::aes_256_gcm::Aes256Gcm;
use super::aws_lc_aead::{self, NAME, failed};
use super::primitives::{P256Private, P256Public, Primitives, RsaPrivate, RsaPublic};
use crate::error::Error;
use crate::secret::{Secret32, SecretBytes};

pub(super) struct AwsLc;

impl Primitives for AwsLc {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aes_256_gcm(&self, key: &Secret32) -> Result<Aes256Gcm, Error> {
        aws_lc_aead::key(key).map(Aes256Gcm::AwsLc)
    }

    fn sha256(&self, parts: &[&[u8]], out: &mut Secret32) {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        out.bytes_mut().copy_from_slice(context.finish().as_ref());
    }

    fn hkdf_sha256(
        &self,
        salt: &[u8],
        input: &Secret32,
        info: &[u8],
        out: &mut Secret32,
    ) -> Result<(), Error> {
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(input.bytes())
            .expand(&[info], hkdf::HKDF_SHA256)
            .and_then(|key| key.fill(out.bytes_mut()))
            .map_err(|_| failed("HKDF-SHA-256"))
    }

    fn is_on_p256(&self, point: &[u8; 65]) -> bool {
        ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, point)).is_ok()
    }

    fn p256_generate(&self) -> Result<Box<dyn P256Private>, Error> {
        Ok(Box::new(generate()?))
    }

    fn p256_private(&self, scalar: &Secret32) -> Option<Box<dyn P256Private>> {
        let key = PrivateKey::from_private_key(&ECDH_P256, scalar.bytes()).ok()?;
        Some(Box::new(key))
    }

    fn p256_public(&self, point: &[u8; 65]) -> Result<Box<dyn P256Public>, Error> {
        let key = ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, point));
        Ok(Box::new(
            key.map_err(|_| failed("P-256 public key import"))?,
        ))
    }

    fn rsa_public(&self, n: &[u8], e: &[u8]) -> Result<Box<dyn RsaPublic>, Error> {
        let failed = || failed("RSA public key import");
        let key: PublicEncryptingKey = PublicKeyComponents { n, e }
            .try_into()
            .map_err(|_| failed())?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| failed())?;
        Ok(Box::new(key))
    }

    fn rsa_generate(&self, bits: usize) -> Result<SecretBytes, Error> {
        let failed = || failed("RSA key generation");
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            8192 => KeySize::Rsa8192,
            _ => return Err(failed()),
        };
        let key = PrivateDecryptingKey::generate(size).map_err(|_| failed())?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| failed())?;
        Ok(der.as_ref().to_vec().into())
    }

    fn rsa_private(&self, pkcs8: &SecretBytes) -> Result<Option<Box<dyn RsaPrivate>>, Error> {
        // AWS-LC checks the parts of the key against each other while it parses it.
        let Ok(key) = PrivateDecryptingKey::from_pkcs8(pkcs8.as_bytes()) else {
            return Ok(None);
        };
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| failed("RSA key import"))?;
        Ok(Some(Box::new(key)))
    }
}

impl P256Private for PrivateKey {
    fn public(&self) -> Result<[u8; 65], Error> {
        let failed = || failed("P-256 public key computation");
        let public = self.compute_public_key().map_err(|_| failed())?;
        public.as_ref().try_into().map_err(|_| failed())
    }

    fn scalar(&self) -> Result<Secret32, Error> {
        let failed = || failed("P-256 key export");
        let bytes: EcPrivateKeyBin<'_> = self.as_be_bytes().map_err(|_| failed())?;
        copied(bytes.as_ref()).ok_or_else(failed)
    }

    fn agree(&self, peer: &[u8; 65]) -> Option<Secret32> {
        agree(self, UnparsedPublicKey::new(&ECDH_P256, peer))
    }
}

impl P256Public for ParsedPublicKey {
    fn agree_with_new(&self) -> Result<([u8; 65], Secret32), Error> {
        let key = generate()?;
        let shared = agree(&key, self.clone()).ok_or_else(|| failed("P-256 key agreement"))?;
        Ok((key.public()?, shared))
    }
}

fn generate() -> Result<PrivateKey, Error> {
    PrivateKey::generate(&ECDH_P256).map_err(|_| failed("P-256 key generation"))
}

fn agree(own: &PrivateKey, peer: impl TryInto<ParsedPublicKey>) -> Option<Secret32> {
    agreement::agree(own, peer, (), |shared| copied(shared).ok_or(())).ok()
}

impl RsaPublic for OaepPublicEncryptingKey {
    fn wrap(&self, key: &Secret32) -> Result<Vec<u8>, Error> {
        let mut wrapped = vec![0; self.ciphertext_size()];
        self.encrypt(&OAEP_SHA256_MGF1SHA256, key.bytes(), &mut wrapped, None)
            .map_err(|_| failed("RSA-OAEP-256 encryption"))?;
        Ok(wrapped)
    }
}

impl RsaPrivate for OaepPrivateDecryptingKey {
    fn unwrap(&self, wrapped: &[u8], key: &mut Secret32) -> Option<()> {
        let mut decrypted = SecretBytes::zeroed(self.min_output_size());
        let decrypted = self
            .decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, decrypted.as_mut(), None)
            .ok()?;
        let found: &[u8; 32] = (&*decrypted).try_into().ok()?;
        key.bytes_mut().copy_from_slice(found);
        Some(())
    }
}

fn copied(bytes: &[u8]) -> Option<Secret32> {
    let mut secret = Secret32::zeroed();
    let bytes: &[u8; 32] = bytes.try_into().ok()?;
    secret.bytes_mut().copy_from_slice(bytes);
    Some(secret)
}
