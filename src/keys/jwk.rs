//! Public keys as JWK (RFC 7517, RFC 7518 section 6).

use core::fmt;
use std::borrow::Cow;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};

use crate::codec::base64url;
use crate::codec::json::{NotObject, Object};
use crate::codec::json_lenient::lenient;
use crate::codec::key_form::{DerForm, unmarked};
use crate::codec::key_len::check_len;
use crate::error::{Error, KeyForm, KeyProblem};
use crate::keys::algorithm::KeyType;
use crate::keys::curve;
use crate::keys::public::{Kind, P256Point, PublicKey, RsaPublicNumbers};

impl PublicKey {
    /// Reads the JSON of a public JWK (RFC 7517): `kty` `EC` with `crv` `P-256`, or `RSA`.
    ///
    /// `use`, `alg` and `key_ops`, where present, have to agree with encryption under this profile. A member
    /// that is `null` or empty counts as absent. `kid` is kept as [`key_id`](Self::key_id).
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

    pub(crate) fn from_jwk_bytes(json: &[u8]) -> Result<Self, Error> {
        let jwk = parse(json)?;
        refuse_private(&jwk)?;
        let key = public_part(&jwk)?;
        require_public_key_ops(&jwk, key.key_type())?;
        Ok(key)
    }
}

/// Reads a JWK's JSON, public or private.
pub(crate) fn parse(json: &[u8]) -> Result<Object<'_>, KeyProblem> {
    check_len(json)?;
    // RFC 8259 section 8.1 lets a reader ignore a byte order mark.
    let jwk = Object::parse(unmarked(json)).map_err(|problem| match problem {
        NotObject::Syntax => match DerForm::of(json) {
            DerForm::Other(found) if found != KeyForm::Jwk => KeyProblem::OtherForm { found },
            _ => lenient(json).map_or(KeyProblem::NotJsonObject, |found| {
                KeyProblem::NotStrictJson { found }
            }),
        },
        NotObject::Truncated => KeyProblem::CutShort,
        NotObject::DuplicateMember => KeyProblem::DuplicateMember,
        NotObject::TooManyMembers => KeyProblem::TooManyMembers,
    })?;
    match around(&jwk) {
        Some(found) if value(&jwk, "kty").is_none() => Err(KeyProblem::OtherForm { found }),
        _ => Ok(jwk),
    }
}

/// What JSON without `kty` is, if it is known to appear around keys, or to be the octets of one.
fn around(jwk: &Object<'_>) -> Option<KeyForm> {
    let has_key = |(_, raw): (&str, &str)| raw.starts_with(['{', '[']) && raw.contains(r#""kty""#);
    if value(jwk, "keys").is_some() {
        Some(KeyForm::JwkSet)
    } else if jwk.has("keys") {
        Some(KeyForm::EmptyJwkSet)
    } else if jwk.raw("type") == Some(r#""Buffer""#) && jwk.has("data") {
        // What Node's JSON.stringify makes of octets.
        Some(KeyForm::Decimal)
    } else {
        jwk.members().any(has_key).then_some(KeyForm::NestedJwk)
    }
}

/// What JSON without `kty` is, if it is a key that other programs write as JSON. Its members may be private ones.
fn of_other_programs(jwk: &Object<'_>) -> Option<KeyForm> {
    let has_key = |(_, raw): (&str, &str)| {
        let text = raw.trim_start_matches(['[', ' ', '\t', '\r', '\n', '"']);
        // DER in base64 starts so, and JSON and PEM in base64.
        let starts = ["MI", "MF", "MD", "eyJ", "LS0t"];
        text.len() > 100 && starts.iter().any(|start| text.starts_with(start))
    };
    if jwk.has("Kty") || jwk.has("KTY") {
        Some(KeyForm::CapitalJwk)
    } else if jwk.has("Modulus") && jwk.has("Exponent") {
        Some(KeyForm::RsaParameters)
    } else {
        jwk.members().any(has_key).then_some(KeyForm::NestedText)
    }
}

/// The JSON text of a member that says something: some libraries write `null`, `""`, `" "`, `[]` or `{}` for what
/// is absent.
pub(crate) fn value<'a>(jwk: &Object<'a>, member: &str) -> Option<&'a str> {
    jwk.raw(member).filter(|raw| says_something(raw))
}

fn says_something(raw: &str) -> bool {
    let is_blank = |inner: &str| inner.trim_ascii().is_empty();
    let inside = |open, close| raw.strip_prefix(open)?.strip_suffix(close);
    raw != "null"
        && !inside('"', '"').is_some_and(is_blank)
        && !inside('[', ']').is_some_and(is_blank)
        && !inside('{', '}').is_some_and(is_blank)
}

/// An ephemeral public key (RFC 7518 section 4.6.1.1) as an uncompressed point (SEC 1 section 2.3.3). The agreement
/// checks that it is on the curve.
pub(crate) fn ephemeral(json: &str) -> Result<[u8; 65], KeyProblem> {
    let jwk = parse(json.as_bytes())?;
    refuse_private(&jwk)?;
    match kind(&jwk)? {
        KeyType::P256 => {}
        KeyType::Rsa => return Err(KeyProblem::UnknownKeyType),
    }
    let point = uncompressed(&jwk)?;
    check_use(&jwk, KeyType::P256)?;
    require_public_key_ops(&jwk, KeyType::P256)?;
    Ok(point)
}

/// The public half of a JWK, with `use` and `alg` checked.
pub(crate) fn public_part(jwk: &Object<'_>) -> Result<PublicKey, KeyProblem> {
    let kind = kind(jwk)?;
    let key = match kind {
        KeyType::P256 => Kind::P256(P256Point::from_sec1(&uncompressed(jwk)?)?),
        KeyType::Rsa => {
            let n = unsigned(jwk, "n")?;
            let e = unsigned(jwk, "e")?;
            Kind::Rsa(RsaPublicNumbers::new(&n, &e)?)
        }
    };
    check_use(jwk, kind)?;
    // A `kid` of another type is ignored.
    let key_id = text(jwk, "kid").ok().flatten();
    Ok(PublicKey::from(key).with_key_id(key_id.as_deref()))
}

fn kind(jwk: &Object<'_>) -> Result<KeyType, KeyProblem> {
    let kty = text(jwk, "kty")?.ok_or_else(|| match of_other_programs(jwk) {
        Some(found) => KeyProblem::OtherForm { found },
        None => KeyProblem::Missing { member: "kty" },
    })?;
    match kty.as_ref() {
        "EC" => Ok(KeyType::P256),
        "RSA" => Ok(KeyType::Rsa),
        _ => Err(KeyProblem::UnknownKeyType),
    }
}

/// `use` and `alg`, where present, have to be those of a key that encrypts.
fn check_use(jwk: &Object<'_>, kind: KeyType) -> Result<(), KeyProblem> {
    let algorithm = match kind {
        KeyType::P256 => "ECDH-ES",
        KeyType::Rsa => "RSA-OAEP-256",
    };
    if text(jwk, "use")?.is_some_and(|found| found != "enc") {
        return Err(KeyProblem::Use);
    }
    if text(jwk, "alg")?.is_some_and(|found| found != algorithm) {
        return Err(KeyProblem::Algorithm);
    }
    Ok(())
}

/// Refuses members of a private key that have a value, also where a serializer writes their names in capital letters.
pub(crate) fn refuse_private(jwk: &Object<'_>) -> Result<(), KeyProblem> {
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    let is_private = |name: &str| private.iter().any(|it| it.eq_ignore_ascii_case(name));
    let is_secret = |raw: &str| says_something(raw) && !matches!(raw, "false" | "true" | "0");
    if jwk
        .members()
        .any(|(name, raw)| is_private(name) && is_secret(raw))
    {
        Err(KeyProblem::PrivateMember)
    } else {
        Ok(())
    }
}

fn require_public_key_ops(jwk: &Object<'_>, kind: KeyType) -> Result<(), KeyProblem> {
    match kind {
        KeyType::P256 => require_key_ops(jwk, ["deriveKey", "deriveBits"]),
        KeyType::Rsa => require_key_ops(jwk, ["encrypt", "wrapKey"]),
    }
}

/// `key_ops`, where present, has to name one of the operations (RFC 7517 section 4.3).
pub(crate) fn require_key_ops(jwk: &Object<'_>, any_of: [&str; 2]) -> Result<(), KeyProblem> {
    let Some(raw) = value(jwk, "key_ops") else {
        return Ok(());
    };
    match serde_json::Deserializer::from_str(raw).deserialize_seq(AnyOf(any_of)) {
        Ok(true) => Ok(()),
        _ => Err(KeyProblem::KeyOps),
    }
}

/// Whether an array of strings holds one of two; nothing of it is kept.
#[derive(Clone, Copy)]
struct AnyOf<'a>([&'a str; 2]);

impl<'de> Visitor<'de> for AnyOf<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut operations: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(is_one) = operations.next_element_seed(self)? {
            found |= is_one;
        }
        Ok(found)
    }

    fn visit_str<E: serde::de::Error>(self, operation: &str) -> Result<bool, E> {
        Ok(self.0.contains(&operation))
    }
}

/// One element of the array.
impl<'de> DeserializeSeed<'de> for AnyOf<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_str(self)
    }
}

/// A secret member of exactly 32 bytes, decoded in place and in constant time.
pub(crate) fn fixed(
    jwk: &Object<'_>,
    member: &'static str,
    out: &mut [u8; 32],
) -> Result<(), KeyProblem> {
    let text = raw(jwk, member)?;
    check_member_len(text, member)?;
    base64url::decode_secret(text, out).ok_or_else(|| invalid(text, member))
}

/// Coordinates and private keys on P-256 have 32 octets, leading zeros among them.
fn check_member_len(text: &str, member: &'static str) -> Result<(), KeyProblem> {
    const NEEDED: usize = 32;
    let is_base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    match base64url::decoded_len(text.len()) {
        Some(NEEDED) => Ok(()),
        Some(found) if text.bytes().all(is_base64url) => Err(KeyProblem::MemberLength {
            member,
            found,
            needed: NEEDED,
        }),
        _ => Err(invalid(text, member)),
    }
}

/// What is wrong with the base64url of a member.
pub(crate) fn invalid(text: &str, member: &'static str) -> KeyProblem {
    if text.ends_with('=') {
        KeyProblem::MemberPadding { member }
    } else if text.contains(['+', '/']) {
        KeyProblem::MemberAlphabet { member }
    } else {
        KeyProblem::Invalid { member }
    }
}

/// The base64url text of a required member.
pub(crate) fn raw<'a>(jwk: &Object<'a>, member: &'static str) -> Result<&'a str, KeyProblem> {
    value(jwk, member).ok_or(KeyProblem::Missing { member })?;
    jwk.raw_text(member)
        .map_err(|_| KeyProblem::Invalid { member })?
        .ok_or(KeyProblem::Missing { member })
}

/// The point of a JWK, not yet checked.
fn uncompressed(jwk: &Object<'_>) -> Result<[u8; 65], KeyProblem> {
    let crv = text(jwk, "crv")?.ok_or(KeyProblem::Missing { member: "crv" })?;
    if crv != "P-256" {
        return Err(curve::other_crv(&crv));
    }
    let mut point = [4; 65];
    let (x, y) = point[1..].split_at_mut(32);
    for (member, coordinate) in [("x", x), ("y", y)] {
        let text = raw(jwk, member)?;
        check_member_len(text, member)?;
        base64url::decode(text.as_bytes(), coordinate).ok_or_else(|| invalid(text, member))?;
    }
    Ok(point)
}

/// Base64urlUInt (RFC 7518 section 2). The leading zero bytes that section 6.3.1.1 warns of are taken off.
fn unsigned(jwk: &Object<'_>, member: &'static str) -> Result<Vec<u8>, KeyProblem> {
    let text = raw(jwk, member)?;
    let number = base64url::decode_to_vec(text.as_bytes());
    let number = number.ok_or_else(|| invalid(text, member))?;
    let number: Vec<u8> = number.into_iter().skip_while(|byte| *byte == 0).collect();
    if number.is_empty() {
        Err(KeyProblem::Invalid { member })
    } else {
        Ok(number)
    }
}

fn text<'a>(jwk: &Object<'a>, member: &'static str) -> Result<Option<Cow<'a, str>>, KeyProblem> {
    if value(jwk, member).is_none() {
        return Ok(None);
    }
    jwk.text(member).map_err(|_| KeyProblem::NotText { member })
}
