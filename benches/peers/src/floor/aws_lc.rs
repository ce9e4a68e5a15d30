//! AWS-LC.

use std::error::Error;
use std::hint::black_box;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use bankezy_crypto::KeyPair;

use super::{AAD, Bare, KEY};
use crate::keys;

pub(super) struct AwsLc {
    aes: LessSafeKey,
    rsa_public: OaepPublicEncryptingKey,
    rsa_private: OaepPrivateDecryptingKey,
    p256: PrivateKey,
    peer: Vec<u8>,
    parsed_peer: ParsedPublicKey,
}

impl Bare for AwsLc {
    type Aes = LessSafeKey;

    fn new() -> Result<Self, Box<dyn Error>> {
        let pkcs8 = KeyPair::from_pem(keys::RSA_PEM)?.to_pkcs8_der()?;
        let rsa = PrivateDecryptingKey::from_pkcs8(pkcs8.as_bytes())?;
        let peer = PrivateKey::generate(&ECDH_P256)?
            .compute_public_key()?
            .as_ref()
            .to_vec();
        Ok(Self {
            aes: Self::set_up(&KEY).ok_or("AES-256-GCM key set-up failed")?,
            rsa_public: OaepPublicEncryptingKey::new(rsa.public_key())?,
            rsa_private: OaepPrivateDecryptingKey::new(rsa)?,
            p256: PrivateKey::generate(&ECDH_P256)?,
            parsed_peer: UnparsedPublicKey::new(&ECDH_P256, &peer).try_into()?,
            peer,
        })
    }

    fn set_up(key: &[u8; 32]) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, key)
            .map(LessSafeKey::new)
            .ok()
    }

    fn encrypt(
        &self,
        nonce: &[u8; 12],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Option<[u8; 16]> {
        let mut tag = [0; 16];
        self.aes
            .seal_out_of_place_scatter(
                Nonce::from(nonce),
                Aad::from(AAD),
                plaintext,
                ciphertext,
                &[],
                &mut tag,
            )
            .ok()?;
        Some(tag)
    }

    fn decrypt(&self, nonce: &[u8; 12], tag: &[u8; 16], in_out: &mut [u8]) -> Option<()> {
        self.aes
            .open_in_place_separate_tag(Nonce::from(nonce), Aad::from(AAD), tag, in_out)
            .ok()
            .map(drop)
    }

    fn wrap(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        let mut wrapped = vec![0; self.rsa_public.ciphertext_size()];
        self.rsa_public
            .encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut wrapped, None)
            .ok()?;
        Some(wrapped)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Option<()> {
        let mut key = [0; 256];
        self.rsa_private
            .decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut key, None)
            .ok()?;
        black_box(&key);
        Some(())
    }

    fn agree(&self) -> Option<()> {
        let peer = UnparsedPublicKey::new(&ECDH_P256, black_box(&self.peer));
        agree(&self.p256, peer)
    }

    fn generate_and_agree(&mut self) -> Option<()> {
        let own = PrivateKey::generate(&ECDH_P256).ok()?;
        black_box(own.compute_public_key().ok()?);
        // Cloning counts references.
        agree(&own, self.parsed_peer.clone())
    }
}

fn agree(own: &PrivateKey, peer: impl TryInto<ParsedPublicKey>) -> Option<()> {
    agreement::agree(own, peer, (), |shared| {
        black_box(shared);
        Ok(())
    })
    .ok()
}
