//! The protected header (RFC 7516 section 4): constants to write, a strict reading to confirm.

use std::borrow::Cow;

use crate::codec::base64url;
use crate::codec::json::{NotObject, Object};
use crate::error::HeaderProblem;
use crate::keys::algorithm::Algorithm;
use crate::keys::derivation::MAX_PARTY_INFO;

/// `{"enc":"A256GCM","alg":"dir"}`, byte for byte what BankEzy's documentation shows.
pub(crate) const DIR: &str = "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0";

/// `{"alg":"dir","enc":"A256GCM"}`: the same with the members the other way round, as other
/// libraries write it.
const DIR_ALG_FIRST: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0";

/// `{"enc":"A256GCM","alg":"RSA-OAEP-256"}`, members in the same order.
pub(crate) const RSA_OAEP_256: &str = "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAtMjU2In0";

/// Longest header that is read, in base64url characters: apu, apv and an epk fit many times over.
pub(crate) const MAX_LEN: usize = 8 * 1024;

/// A protected header that meets the profile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Dir,
    RsaOaep256,
    EcdhEs(Agreement),
}

/// The members of RFC 7518 section 4.6.1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// The JSON of the ephemeral public key, not yet looked into.
    pub(crate) epk: String,
    pub(crate) apu: Vec<u8>,
    pub(crate) apv: Vec<u8>,
}

impl Header {
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Dir => Algorithm::Dir,
            Self::RsaOaep256 => Algorithm::RsaOaep256,
            Self::EcdhEs(_) => Algorithm::EcdhEs,
        }
    }

    /// The caller's key is for another algorithm.
    pub(crate) fn instead_of(&self, needed: Algorithm) -> HeaderProblem {
        HeaderProblem::AlgorithmMismatch {
            needed,
            found: self.algorithm(),
        }
    }

    /// Reads a header and checks it against the profile.
    #[inline(always)]
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, HeaderProblem> {
        if encoded == DIR.as_bytes() || encoded == DIR_ALG_FIRST.as_bytes() {
            return Ok(Self::Dir);
        }
        Self::read(encoded)
    }

    #[inline(never)]
    fn read(encoded: &[u8]) -> Result<Self, HeaderProblem> {
        let json = decode(encoded)?;
        let members = Object::parse(&json).map_err(|problem| match problem {
            NotObject::DuplicateMember => HeaderProblem::DuplicateMember,
            NotObject::TooManyMembers => HeaderProblem::TooManyMembers,
            NotObject::Syntax | NotObject::Truncated => HeaderProblem::NotJsonObject,
        })?;
        if members.has("crit") {
            return Err(HeaderProblem::Critical);
        }
        if members.has("zip") {
            return Err(HeaderProblem::Compressed);
        }
        let algorithm = Algorithm::from_name(&required(&members, "alg")?)
            .ok_or(HeaderProblem::UnknownAlgorithm)?;
        if required(&members, "enc")? != "A256GCM" {
            return Err(HeaderProblem::UnknownEncryption);
        }
        Ok(match algorithm {
            Algorithm::Dir => Self::Dir,
            Algorithm::RsaOaep256 => Self::RsaOaep256,
            Algorithm::EcdhEs => Self::EcdhEs(Agreement {
                epk: members
                    .raw("epk")
                    .ok_or(HeaderProblem::Missing { member: "epk" })?
                    .to_owned(),
                apu: party_info(&members, "apu")?,
                apv: party_info(&members, "apv")?,
            }),
        })
    }
}

/// The JSON of a header as received.
pub(crate) fn decode(encoded: &[u8]) -> Result<Vec<u8>, HeaderProblem> {
    if encoded.len() > MAX_LEN {
        return Err(HeaderProblem::TooLong { max: MAX_LEN });
    }
    base64url::decode_to_vec(encoded).ok_or(HeaderProblem::NotBase64url)
}

fn required<'a>(members: &Object<'a>, member: &'static str) -> Result<Cow<'a, str>, HeaderProblem> {
    members
        .text(member)
        .map_err(|_| HeaderProblem::Invalid { member })?
        .ok_or(HeaderProblem::Missing { member })
}

/// Absent is the same as empty (RFC 7518 section 4.6.2).
fn party_info(members: &Object<'_>, member: &'static str) -> Result<Vec<u8>, HeaderProblem> {
    let invalid = HeaderProblem::Invalid { member };
    match members.raw_text(member) {
        Ok(None) => Ok(Vec::new()),
        Ok(Some(text)) => base64url::decode_to_vec(text.as_bytes())
            .filter(|info| info.len() <= MAX_PARTY_INFO)
            .ok_or(invalid),
        Err(_) => Err(invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_say_what_they_are_said_to() {
        let json = |encoded: &str| String::from_utf8(decode(encoded.as_bytes()).unwrap()).unwrap();
        assert_eq!(json(DIR), r#"{"enc":"A256GCM","alg":"dir"}"#);
        assert_eq!(json(DIR_ALG_FIRST), r#"{"alg":"dir","enc":"A256GCM"}"#);
        assert_eq!(
            json(RSA_OAEP_256),
            r#"{"enc":"A256GCM","alg":"RSA-OAEP-256"}"#
        );
    }

    #[test]
    fn the_short_cut_and_the_reading_agree() {
        // A blank changes the text, so that it takes the slow path.
        let spaced = base64url::encode_to_string(br#"{"enc":"A256GCM", "alg":"dir"}"#);
        assert_eq!(
            Header::parse(spaced.as_bytes()),
            Header::parse(DIR.as_bytes())
        );
    }
}
