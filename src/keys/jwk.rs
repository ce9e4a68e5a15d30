//! Public keys as JWK (RFC 7517, RFC 7518 section 6) and as they travel: base64 of it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::codec::base64url;
use crate::codec::json::{NotObject, Object};
use crate::codec::key_len::check_len;
use crate::error::{Error, KeyProblem};
use crate::keys::algorithm::KeyKind;
use crate::keys::public::{Kind, P256Point, PublicKey, RsaPublicNumbers};
use crate::secret::SecretBytes;

impl PublicKey {
    /// Reads a public key as it travels: `sdkPublicKey`, `serverPubKey` and their other names.
    ///
    /// A P-256 key is the base64 of its JWK's JSON; an RSA key is the base64 of its
    /// SubjectPublicKeyInfo or of its JWK's JSON. Base64 and base64url are accepted, padded or not:
    /// for BankEzy's JSON they are the same text. Members may come in any order, members that this
    /// crate does not know are ignored.
    ///
    /// The form of P-256 keys is seen in the samples of BankEzy's documentation. That RSA keys
    /// travel too is this crate's own addition; no page shows it.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_wire(text: &str) -> Result<Self, Error> {
        let decoded = decode_wire(text)?;
        let bytes = decoded.as_bytes();
        let key = match bytes.first() {
            Some(b'{') => Self::from_jwk_bytes(bytes)?,
            // 0x30 is the tag of a DER SEQUENCE.
            Some(0x30) => Self::from_spki_der(bytes)?,
            _ => return Err(KeyProblem::NotAKey.into()),
        };
        match (bytes.first(), key.kind()) {
            (Some(0x30), KeyKind::P256) => Err(KeyProblem::WireForm.into()),
            _ => Ok(key),
        }
    }

    /// Writes the key as it travels.
    ///
    /// For P-256: base64 of `{"kty":"EC","crv":"P-256","x":"…","y":"…"}`, members in this order,
    /// 168 characters that need no padding. For RSA: standard base64 of the SubjectPublicKeyInfo,
    /// padded.
    #[must_use]
    pub fn to_wire(&self) -> String {
        match self.kind() {
            KeyKind::P256 => WIRE.encode(self.to_jwk()),
            KeyKind::Rsa => base64::engine::general_purpose::STANDARD.encode(self.to_spki_der()),
        }
    }

    /// Reads the JSON of a public JWK (RFC 7517): `kty` `EC` with `crv` `P-256`, or `RSA`.
    ///
    /// `use`, `alg` and `key_ops`, where present, have to agree with encryption under this profile.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_jwk(json: &str) -> Result<Self, Error> {
        Self::from_jwk_bytes(json.as_bytes())
    }

    /// Writes the key as a JWK's JSON, only the members that make the key.
    #[must_use]
    pub fn to_jwk(&self) -> String {
        format!("{{{}}}", self.jwk_members())
    }

    /// The members of the JWK, without the braces.
    pub(crate) fn jwk_members(&self) -> String {
        match self.inner() {
            Kind::P256(point) => format!(
                r#""kty":"EC","crv":"P-256","x":"{}","y":"{}""#,
                base64url::encode_to_string(point.x()),
                base64url::encode_to_string(point.y())
            ),
            Kind::Rsa(rsa) => format!(
                r#""kty":"RSA","n":"{}","e":"{}""#,
                base64url::encode_to_string(rsa.n()),
                base64url::encode_to_string(rsa.e())
            ),
        }
    }

    fn from_jwk_bytes(json: &[u8]) -> Result<Self, Error> {
        let jwk = parse(json)?;
        refuse_private(&jwk)?;
        let key = public_part(&jwk)?;
        require_public_key_ops(&jwk, key.kind())?;
        Ok(key)
    }
}

/// Reads a JWK's JSON, public or private.
pub(crate) fn parse(json: &[u8]) -> Result<Object<'_>, KeyProblem> {
    check_len(json)?;
    Object::parse(json).map_err(|problem| match problem {
        NotObject::Syntax => KeyProblem::NotJsonObject,
        NotObject::Truncated => KeyProblem::CutShort,
        NotObject::DuplicateMember => KeyProblem::DuplicateMember,
        NotObject::TooManyMembers => KeyProblem::TooManyMembers,
    })
}

/// An ephemeral public key (RFC 7518 section 4.6.1.1) as an uncompressed point (SEC 1 section 2.3.3).
/// Whether that is on the curve is left to the agreement, which does not take it otherwise.
pub(crate) fn ephemeral(json: &str) -> Result<[u8; 65], KeyProblem> {
    let jwk = parse(json.as_bytes())?;
    refuse_private(&jwk)?;
    match kind(&jwk)? {
        KeyKind::P256 => {}
        KeyKind::Rsa => return Err(KeyProblem::UnknownKeyType),
    }
    let point = uncompressed(&jwk)?;
    check_use(&jwk, KeyKind::P256)?;
    require_public_key_ops(&jwk, KeyKind::P256)?;
    Ok(point)
}

/// The public half of a JWK, with `use` and `alg` checked.
pub(crate) fn public_part(jwk: &Object<'_>) -> Result<PublicKey, KeyProblem> {
    let kind = kind(jwk)?;
    let key = match kind {
        KeyKind::P256 => Kind::P256(P256Point::from_sec1(&uncompressed(jwk)?)?),
        KeyKind::Rsa => {
            let n = unsigned(jwk, "n")?;
            let e = unsigned(jwk, "e")?;
            Kind::Rsa(RsaPublicNumbers::new(&n, &e)?)
        }
    };
    check_use(jwk, kind)?;
    Ok(key.into())
}

fn kind(jwk: &Object<'_>) -> Result<KeyKind, KeyProblem> {
    let kty = text(jwk, "kty")?.ok_or(KeyProblem::Missing { member: "kty" })?;
    match kty.as_ref() {
        "EC" => Ok(KeyKind::P256),
        "RSA" => Ok(KeyKind::Rsa),
        _ => Err(KeyProblem::UnknownKeyType),
    }
}

/// `use` and `alg`, where present, have to be those of a key that encrypts.
fn check_use(jwk: &Object<'_>, kind: KeyKind) -> Result<(), KeyProblem> {
    let algorithm = match kind {
        KeyKind::P256 => "ECDH-ES",
        KeyKind::Rsa => "RSA-OAEP-256",
    };
    if text(jwk, "use")?.is_some_and(|found| found != "enc") {
        return Err(KeyProblem::Use);
    }
    if text(jwk, "alg")?.is_some_and(|found| found != algorithm) {
        return Err(KeyProblem::Algorithm);
    }
    Ok(())
}

fn refuse_private(jwk: &Object<'_>) -> Result<(), KeyProblem> {
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    match private.iter().any(|member| jwk.has(member)) {
        true => Err(KeyProblem::PrivateMember),
        false => Ok(()),
    }
}

fn require_public_key_ops(jwk: &Object<'_>, kind: KeyKind) -> Result<(), KeyProblem> {
    match kind {
        // A public ECDH key has no operation of its own, so an empty list is right for it.
        KeyKind::P256 => require_key_ops(jwk, ["deriveKey", "deriveBits"], true),
        KeyKind::Rsa => require_key_ops(jwk, ["encrypt", "wrapKey"], false),
    }
}

/// `key_ops`, where present, has to name one of the operations (RFC 7517 section 4.3).
pub(crate) fn require_key_ops(
    jwk: &Object<'_>,
    any_of: [&str; 2],
    may_be_empty: bool,
) -> Result<(), KeyProblem> {
    let Some(raw) = jwk.raw("key_ops") else {
        return Ok(());
    };
    let found: Vec<String> = serde_json::from_str(raw).map_err(|_| KeyProblem::KeyOps)?;
    let fits = found.iter().any(|op| any_of.contains(&op.as_str()));
    match fits || (may_be_empty && found.is_empty()) {
        true => Ok(()),
        false => Err(KeyProblem::KeyOps),
    }
}

/// A secret member of exactly 32 bytes, decoded in place and in constant time.
pub(crate) fn fixed(
    jwk: &Object<'_>,
    member: &'static str,
    out: &mut [u8; 32],
) -> Result<(), KeyProblem> {
    base64url::decode_secret(raw(jwk, member)?, out).ok_or(KeyProblem::Invalid { member })
}

/// The base64url text of a required member.
pub(crate) fn raw<'a>(jwk: &Object<'a>, member: &'static str) -> Result<&'a str, KeyProblem> {
    jwk.raw_text(member)
        .map_err(|_| KeyProblem::Invalid { member })?
        .ok_or(KeyProblem::Missing { member })
}

/// The point of a JWK, not yet looked at.
fn uncompressed(jwk: &Object<'_>) -> Result<[u8; 65], KeyProblem> {
    let crv = text(jwk, "crv")?.ok_or(KeyProblem::Missing { member: "crv" })?;
    if crv != "P-256" {
        return Err(KeyProblem::WrongCurve);
    }
    let mut point = [4; 65];
    let (x, y) = point[1..].split_at_mut(32);
    for (member, coordinate) in [("x", x), ("y", y)] {
        base64url::decode(raw(jwk, member)?.as_bytes(), coordinate)
            .ok_or(KeyProblem::Invalid { member })?;
    }
    Ok(point)
}

/// Base64urlUInt (RFC 7518 section 2): no leading zero byte.
fn unsigned(jwk: &Object<'_>, member: &'static str) -> Result<Vec<u8>, KeyProblem> {
    base64url::decode_to_vec(raw(jwk, member)?.as_bytes())
        .filter(|number| number.first().is_some_and(|first| *first != 0))
        .ok_or(KeyProblem::Invalid { member })
}

fn text<'a>(jwk: &Object<'a>, member: &'static str) -> Result<Option<Cow<'a, str>>, KeyProblem> {
    jwk.text(member).map_err(|_| KeyProblem::NotText { member })
}

/// Undoes the base64 or base64url of a key as it travels.
fn decode_wire(text: &str) -> Result<SecretBytes, KeyProblem> {
    check_len(text.as_bytes())?;
    let engine = match text.contains(['-', '_']) {
        true => &WIRE_URL_SAFE,
        false => &WIRE,
    };
    decode(engine, text.as_bytes()).ok_or_else(|| match is_cut_short(text) {
        true => KeyProblem::CutShort,
        false => KeyProblem::NotBase64,
    })
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
