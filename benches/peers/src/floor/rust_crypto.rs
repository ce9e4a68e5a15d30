//! The RustCrypto crates.

use std::error::Error;
use std::hint::black_box;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use bankezy_crypto::KeyPair;
use p256::elliptic_curve::Generate as _;
use p256::{PublicKey, SecretKey};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::rand_core::OsRng;
use rsa::{Oaep, RsaPrivateKey, RsaPublicKey};

use super::{AAD, Bare, KEY};
use crate::keys;

pub(super) struct RustCrypto {
    aes: Aes256Gcm,
    rsa_public: RsaPublicKey,
    rsa_private: RsaPrivateKey,
    p256: SecretKey,
    peer: Box<[u8]>,
    parsed_peer: PublicKey,
    rng: StdRng,
}

impl Bare for RustCrypto {
    type Aes = Aes256Gcm;

    fn new() -> Result<Self, Box<dyn Error>> {
        let pkcs8 = KeyPair::from_pem(keys::RSA_PEM)?.to_pkcs8_der()?;
        let rsa = RsaPrivateKey::from_pkcs8_der(pkcs8.as_bytes())?;
        let mut rng = StdRng::seed_from_u64(2);
        let peer = SecretKey::generate_from_rng(&mut rng).public_key();
        Ok(Self {
            aes: Self::set_up(&KEY).ok_or("AES-256-GCM key set-up failed")?,
            rsa_public: rsa.to_public_key(),
            rsa_private: rsa,
            p256: SecretKey::generate_from_rng(&mut rng),
            peer: peer.to_sec1_bytes(),
            parsed_peer: peer,
            rng,
        })
    }

    fn set_up(key: &[u8; 32]) -> Option<Aes256Gcm> {
        Some(Aes256Gcm::new(key.into()))
    }

    fn encrypt(
        &self,
        nonce: &[u8; 12],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Option<[u8; 16]> {
        let buffers = InOutBuf::new(plaintext, ciphertext).ok()?;
        self.aes
            .encrypt_inout_detached(nonce.into(), AAD, buffers)
            .ok()
            .map(Into::into)
    }

    fn decrypt(&self, nonce: &[u8; 12], tag: &[u8; 16], in_out: &mut [u8]) -> Option<()> {
        self.aes
            .decrypt_inout_detached(nonce.into(), AAD, in_out.into(), tag.into())
            .ok()
    }

    fn wrap(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        self.rsa_public.encrypt(&mut OsRng, oaep(), key).ok()
    }

    fn unwrap(&self, wrapped: &[u8]) -> Option<()> {
        let key = self
            .rsa_private
            .decrypt_blinded(&mut OsRng, oaep(), wrapped)
            .ok()?;
        black_box(key);
        Some(())
    }

    fn agree(&self) -> Option<()> {
        let peer = PublicKey::from_sec1_bytes(black_box(&self.peer)).ok()?;
        black_box(self.p256.diffie_hellman(&peer));
        Some(())
    }

    fn generate_and_agree(&mut self) -> Option<()> {
        let own = SecretKey::generate_from_rng(&mut self.rng);
        black_box((own.public_key(), own.diffie_hellman(&self.parsed_peer)));
        Some(())
    }
}

fn oaep() -> Oaep {
    Oaep::new::<rsa::sha2::Sha256>()
}
