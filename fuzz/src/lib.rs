//! What the targets share: fixed keys, so that an input that was found once is found again; a second
//! implementation of sealing, on `aes-gcm` and `base64`; and the check of what errors show.

use std::fmt::Display;
use std::sync::LazyLock;

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use bankezy_crypto::backend::{self, Backend};
use bankezy_crypto::{Error, KeyPair, Opened, PayloadCipher, PayloadSecret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Both backends, which have to agree on everything.
pub const BACKENDS: [&Backend; 2] = [&backend::AWS_LC_RS, &backend::RUST_CRYPTO];

/// The key of case 5 of `test-vectors/nimbus.json`, whose text is a seed.
pub const SECRET: &str = "5fzbfmEsUA14MHH7ztyoHXDlhZkXRPvY7JqJwocak9s";

/// The header of BankEzy's envelope.
pub const DIR: &str = r#"{"enc":"A256GCM","alg":"dir"}"#;

/// Stands in the seeds where a token, a text or a secret does, and in the dictionary.
pub const CANARY: &str = "Zq7VXw2mKp9r";

/// The fixed secret on each backend.
pub static CIPHERS: LazyLock<[PayloadCipher; 2]> = LazyLock::new(|| {
    let secret = PayloadSecret::from_base64url(SECRET).unwrap();
    BACKENDS.map(|backend| PayloadCipher::with_backend(&secret, backend).unwrap())
});

/// The key pair of a PEM text on each backend.
pub fn key_pairs(pem: &str) -> [KeyPair; 2] {
    BACKENDS.map(|backend| KeyPair::from_pem_with_backend(pem, backend).unwrap())
}

/// Unpadded base64url.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Seals under a key in base64url with a fixed nonce, apart from the crate.
pub fn seal(key: &str, header: &[u8], encrypted_key: &[u8], plaintext: &[u8]) -> String {
    const NONCE: [u8; 12] = [7; 12];
    let key = URL_SAFE_NO_PAD.decode(key).unwrap();
    let cipher = Aes256Gcm::new_from_slice(&key).unwrap();
    let header = base64url(header);
    let mut text = plaintext.to_vec();
    let tag = cipher
        .encrypt_inout_detached(
            &Nonce::from(NONCE),
            header.as_bytes(),
            text.as_mut_slice().into(),
        )
        .unwrap();
    let [key, nonce, text, tag] = [encrypted_key, &NONCE, &text, &tag].map(base64url);
    format!("{header}.{key}.{nonce}.{text}.{tag}")
}

/// What is shown has nothing of the input: the canary stands for all of it. To look for the input
/// itself would not do, since libFuzzer learns the crate's own texts from such a comparison.
pub fn assert_hidden(shown: impl Display) {
    let shown = shown.to_string();
    assert!(!shown.contains(CANARY), "it shows its input: {shown}");
}

/// Changes that are made to a sealed text, four bytes each: what is done, where (two bytes), and with
/// which byte. A first byte that does nothing ends them; the rest follows it.
pub struct Changes<'a> {
    list: Vec<[u8; 4]>,
    pub rest: &'a [u8],
}

impl<'a> Changes<'a> {
    /// Most changes that are made to one text.
    const MAX: usize = 8;

    pub fn read(mut rest: &'a [u8]) -> Self {
        let mut list = Vec::new();
        while list.len() < Self::MAX {
            match rest.split_first_chunk() {
                Some((change, after)) if change[0] % 6 != 0 => {
                    list.push(*change);
                    rest = after;
                }
                _ => break,
            }
        }
        let rest = rest.get(1..).unwrap_or_default();
        Self { list, rest }
    }

    pub fn apply(&self, text: &str) -> Vec<u8> {
        let mut text = text.as_bytes().to_vec();
        for [what, high, low, byte] in &self.list {
            let place = usize::from(u16::from_be_bytes([*high, *low])) % (text.len() + 1);
            match (what % 6, text.get_mut(place)) {
                (1, Some(old)) => *old = *byte,
                (2, Some(old)) => *old ^= byte,
                (3, _) => text.insert(place, *byte),
                (4, Some(_)) => drop(text.remove(place)),
                (5, _) => text.truncate(place),
                _ => {}
            }
        }
        text
    }
}

/// What two backends say of a text that may have been changed on the way: the same, and it opens only
/// if nothing was changed in the end.
pub fn assert_agree(answers: [Result<Opened, Error>; 2], changed: bool, payload: &[u8]) {
    let answers = answers.map(|answer| answer.map(|opened| opened.as_bytes().to_vec()));
    assert_eq!(answers[0], answers[1]);
    let [answer, _] = answers;
    match (answer, changed) {
        (Ok(opened), false) => assert_eq!(opened, payload),
        (Ok(_), true) => panic!("a changed text opens"),
        (Err(error), true) => assert_hidden(format_args!("{error:?} {error}")),
        (Err(error), false) => panic!("an unchanged text does not open: {error}"),
    }
}
