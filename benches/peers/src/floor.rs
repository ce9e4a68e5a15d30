//! The lower bound: the bare operations of a backend, base64url and random bytes, all on memory that is already
//! allocated.

mod aws_lc;
mod rust_crypto;

use std::error::Error;
use std::hint::black_box;

use base64_turbo::URL_SAFE_NO_PAD;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _, TryRng as _};

use crate::measure::Work;
use crate::row::{Algorithm, Way};

/// Additional data of the length that the library authenticates: its header in base64url.
const AAD: &[u8; 39] = b"eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0";
const KEY: [u8; 32] = [7; 32];

/// One backend's primitives with keys of their own.
trait Bare: Sized + 'static {
    type Aes;

    fn new() -> Result<Self, Box<dyn Error>>;

    /// The key set-up of AES-256-GCM.
    fn set_up(key: &[u8; 32]) -> Option<Self::Aes>;

    fn encrypt(
        &self,
        nonce: &[u8; 12],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Option<[u8; 16]>;

    fn decrypt(&self, nonce: &[u8; 12], tag: &[u8; 16], in_out: &mut [u8]) -> Option<()>;

    /// RSA-OAEP-256 of a key with the public key.
    fn wrap(&self, key: &[u8; 32]) -> Option<Vec<u8>>;

    /// The inverse, with the private key.
    fn unwrap(&self, wrapped: &[u8]) -> Option<()>;

    /// With a public key in its wire form, since no two messages have the same.
    fn agree(&self) -> Option<()>;

    /// A new pair, its public key in the wire form, which a message needs, and the agreement with one public key that was
    /// read before.
    fn generate_and_agree(&mut self) -> Option<()>;
}

pub(crate) fn aws_lc(
    way: Way,
    algorithm: Algorithm,
    bytes: usize,
) -> Result<Work<'static>, Box<dyn Error>> {
    work(aws_lc::AwsLc::new()?, way, algorithm, bytes)
}

pub(crate) fn rust_crypto(
    way: Way,
    algorithm: Algorithm,
    bytes: usize,
) -> Result<Work<'static>, Box<dyn Error>> {
    work(rust_crypto::RustCrypto::new()?, way, algorithm, bytes)
}

/// The key set-up of AES-256-GCM on a backend of this name.
pub(crate) fn set_up(backend: &str) -> Result<Work<'static>, String> {
    match backend {
        "aws-lc-rs" => Ok(Work::new(|| aws_lc::AwsLc::set_up(black_box(&KEY)))),
        "rust-crypto" => Ok(Work::new(|| {
            rust_crypto::RustCrypto::set_up(black_box(&KEY))
        })),
        other => Err(format!("the backend {other} has no floor here")),
    }
}

fn work<B: Bare>(
    mut bare: B,
    way: Way,
    algorithm: Algorithm,
    bytes: usize,
) -> Result<Work<'static>, Box<dyn Error>> {
    Ok(match (way, algorithm) {
        (Way::Seal, Algorithm::Dir) => seal(bare, bytes),
        (Way::Open, Algorithm::Dir) => open(bare, bytes)?,
        (Way::Seal, Algorithm::RsaOaep256) => Work::new(move || {
            // Each message has a content key of its own.
            let mut key = [0; 32];
            SysRng.try_fill_bytes(&mut key).ok()?;
            bare.wrap(&key)
        }),
        (Way::Open, Algorithm::RsaOaep256) => {
            let wrapped = bare.wrap(&KEY).ok_or("RSA-OAEP-256 failed")?;
            Work::new(move || bare.unwrap(black_box(&wrapped)))
        }
        (Way::Seal, Algorithm::EcdhEs) => Work::new(move || bare.generate_and_agree()),
        (Way::Open, Algorithm::EcdhEs) => Work::new(move || bare.agree()),
    })
}

/// 12 random bytes, AES-256-GCM, base64url.
fn seal(bare: impl Bare, bytes: usize) -> Work<'static> {
    let plaintext = vec![0x5a; bytes];
    let mut ciphertext = vec![0; bytes];
    let mut text = vec![0; URL_SAFE_NO_PAD.encoded_len(bytes)];
    let mut rng = StdRng::seed_from_u64(1);
    Work::new(move || {
        let (front, back) = (rng.next_u64(), rng.next_u32());
        let mut nonce = [0; 12];
        let (first, last) = nonce.split_at_mut(8);
        first.copy_from_slice(&front.to_le_bytes());
        last.copy_from_slice(&back.to_le_bytes());
        let tag = bare.encrypt(&nonce, black_box(&plaintext), &mut ciphertext)?;
        URL_SAFE_NO_PAD.encode_slice(&ciphertext, &mut text).ok()?;
        black_box(&text);
        Some(tag)
    })
}

/// base64url into the buffer for the plaintext, AES-256-GCM in place.
fn open(bare: impl Bare, bytes: usize) -> Result<Work<'static>, Box<dyn Error>> {
    let nonce = [9; 12];
    let mut ciphertext = vec![0; bytes];
    let tag = bare
        .encrypt(&nonce, &vec![0x5a; bytes], &mut ciphertext)
        .ok_or("AES-256-GCM failed")?;
    let mut text = vec![0; URL_SAFE_NO_PAD.encoded_len(bytes)];
    URL_SAFE_NO_PAD.encode_slice(&ciphertext, &mut text)?;
    // The codec needs space for whole groups of characters.
    let mut room = vec![0; URL_SAFE_NO_PAD.decoded_len_estimate(text.len())];
    Ok(Work::new(move || {
        let decoded = URL_SAFE_NO_PAD
            .decode_slice(black_box(&text), &mut room)
            .ok()?;
        bare.decrypt(&nonce, &tag, room.get_mut(..decoded)?)?;
        black_box(&room);
        Some(())
    }))
}
