//! Public keys in their wire form: base64 of a JWK or of a SubjectPublicKeyInfo.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::codec::json::{NotObject, Object};
use crate::codec::key_form::{self, DerForm, unmarked};
use crate::codec::key_len::check_len;
use crate::error::{Error, KeyForm, KeyProblem};
use crate::keys::algorithm::KeyType;
use crate::keys::public::PublicKey;
use crate::secret::SecretBytes;

impl PublicKey {
    /// Reads a public key in its wire form: `sdkPublicKey`, `serverPubKey` and their other names.
    ///
    /// A P-256 key is the base64 of its JWK's JSON; an RSA key is the base64 of its SubjectPublicKeyInfo or of its
    /// JWK's JSON. Base64 and base64url are accepted, padded or not: for BankEzy's JSON they are the same text. Line
    /// ends in it and after it are ignored. Members may come in any order, members that this crate does not know are
    /// ignored.
    ///
    /// The form of P-256 keys is seen in the samples of BankEzy's documentation. That RSA keys
    /// travel too is this crate's own addition; no page shows it.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_wire(text: &str) -> Result<Self, Error> {
        let decoded = decode_wire(text)?;
        let bytes = decoded.as_bytes();
        let key = match unmarked(bytes).trim_ascii_start().first() {
            Some(b'{') => Self::from_jwk_bytes(bytes)?,
            // 0x30 is the tag of a DER SEQUENCE.
            Some(0x30) => Self::from_spki_der(bytes)?,
            _ => return Err(not_a_key(bytes).into()),
        };
        match (bytes.first(), key.key_type()) {
            (Some(0x30), KeyType::P256) => Err(KeyProblem::WireForm.into()),
            _ => Ok(key),
        }
    }

    /// Writes the key in its wire form.
    ///
    /// For P-256: base64 of `{"kty":"EC","crv":"P-256","x":"…","y":"…"}`, members in this order,
    /// 168 characters that need no padding. For RSA: standard base64 of the SubjectPublicKeyInfo,
    /// padded.
    #[must_use]
    pub fn to_wire(&self) -> String {
        match self.key_type() {
            KeyType::P256 => WIRE.encode(self.to_jwk()),
            KeyType::Rsa => base64::engine::general_purpose::STANDARD.encode(self.to_spki_der()),
        }
    }
}

/// Decodes the base64 or base64url of a key in its wire form.
fn decode_wire(text: &str) -> Result<SecretBytes, KeyProblem> {
    check_len(text.as_bytes())?;
    let unfolded = unfold(text);
    // Nothing but line ends was left out.
    let packed = core::str::from_utf8(unfolded.as_bytes()).unwrap_or_default();
    let engine = if packed.contains(['-', '_']) {
        &WIRE_URL_SAFE
    } else {
        &WIRE
    };
    decode(engine, packed.as_bytes()).ok_or_else(|| match key_form::of_text(text) {
        Some(found) => KeyProblem::OtherForm { found },
        None if is_cut_short(packed) => KeyProblem::CutShort,
        None => KeyProblem::NotBase64,
    })
}

/// What was in the base64.
fn not_a_key(bytes: &[u8]) -> KeyProblem {
    match DerForm::of(bytes) {
        DerForm::Other(
            KeyForm::RawPrivateKey | KeyForm::Pvk | KeyForm::MsBlob { private: true },
        ) => KeyProblem::PrivateMember,
        DerForm::Other(found) => KeyProblem::OtherForm { found },
        _ => KeyProblem::NotAKey,
    }
}

/// Without line ends, at the end or between lines, and without blanks beside those: base64 is often folded.
fn unfold(text: &str) -> SecretBytes {
    let mut unfolded = SecretBytes::with_capacity(text.len());
    for (place, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = match place {
            0 => line,
            _ => line.trim_start_matches([' ', '\t']),
        };
        unfolded.append(line.as_bytes());
    }
    unfolded
}

/// Into memory that wipes itself: a private key may have been given in place of a public one.
fn decode(engine: &GeneralPurpose, text: &[u8]) -> Option<SecretBytes> {
    let mut bytes = SecretBytes::zeroed(base64::decoded_len_estimate(text.len()));
    let len = engine.decode_slice(text, bytes.as_mut()).ok()?;
    bytes.truncate(len);
    Some(bytes)
}

/// Whether a text is the start of the base64 of a JWK, cut at any character: one sample in
/// BankEzy's documentation is.
fn is_cut_short(text: &str) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    if !text.as_bytes().iter().all(is_base64) {
        return false;
    }
    // A single character of a last group of four holds no whole byte.
    let whole = match text.as_bytes() {
        [whole @ .., _] if text.len() % 4 == 1 => whole,
        whole => whole,
    };
    decode(&LENIENT, whole).is_some_and(|json| {
        let json = json.as_bytes();
        json.starts_with(b"{") && matches!(Object::parse(json), Err(NotObject::Truncated))
    })
}

const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const WIRE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, INDIFFERENT);
const WIRE_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, INDIFFERENT);
/// For telling a key that was cut short from one that is no base64, never for reading one.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    INDIFFERENT.with_decode_allow_trailing_bits(true),
);
