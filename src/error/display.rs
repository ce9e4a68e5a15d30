//! The texts: what is wrong and what to do, never any part of the input.

use core::fmt;

use super::{Error, HeaderProblem, JsonProblem, Malformed};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretLength { found } => write!(
                f,
                "the payload secret has {found} bytes, 32 are needed: check which encoding it is written in"
            ),
            Self::SecretZero => f.write_str(
                "the payload secret is 32 zero bytes, which is no key: check that it is read from the right place before it is used",
            ),
            Self::SecretEncoding { expected } => write!(
                f,
                "the payload secret is not valid {expected}: check which encoding it is written in"
            ),
            Self::SecretByteOrderMark => f.write_str(
                "the payload secret has a byte order mark (U+FEFF) in front: remove it, or save the file as UTF-8 without one",
            ),
            Self::PayloadTooLong { len, sealed_len, max } => write!(
                f,
                "the payload has {len} bytes, which seal to {sealed_len}; at most {max} are sealed: raise the cap on both sides if such messages are meant"
            ),
            Self::SealedTooLong { len, max } => write!(
                f,
                "the sealed text has {len} bytes, at most {max} are accepted: raise the cap if such messages are expected"
            ),
            Self::Malformed { problem } => write!(f, "not a sealed text: {problem}"),
            Self::Header { problem } => write!(f, "the protected header is refused: {problem}"),
            Self::OpenFailed => f.write_str(
                "the message could not be opened: it was sealed with another key, or changed on the way",
            ),
            Self::PayloadNotUtf8 => f.write_str("the opened payload is not UTF-8 text"),
            Self::Json { problem, line, column } => {
                f.write_str(match problem {
                    JsonProblem::Syntax => "the payload is not JSON",
                    JsonProblem::Truncated => "the payload's JSON ends early",
                    JsonProblem::Mismatch => "the payload's JSON is not of the expected type",
                    JsonProblem::NotSerializable => "the value cannot be written as JSON",
                })?;
                if *line > 0 {
                    write!(f, " (line {line}, column {column})")?;
                }
                Ok(())
            }
            Self::Key { problem } => write!(f, "the key is refused: {problem}"),
            Self::WrongKeyType { needed, found } => {
                write!(f, "this operation needs a {needed} key, but the one given is {found}")
            }
            Self::PartyInfoTooLong { len, max } => write!(
                f,
                "apu or apv has {len} bytes, at most {max} are allowed"
            ),
            Self::RsaKeySize { bits } => write!(
                f,
                "RSA keys of {bits} bits are not generated: choose 2048, 3072, 4096 or 8192"
            ),
            Self::NonceBudgetSpent { limit } => write!(
                f,
                "the key has sealed its {limit} messages: rotate to a new key"
            ),
            Self::NonceLeaseForked => f.write_str(
                "the nonces were leased before this process was forked: lease another instance number in it",
            ),
            Self::KeyRingFull { max_opening_keys } => write!(
                f,
                "the key ring already has {max_opening_keys} keys beside the newest: wait until one expires, or retire one"
            ),
            Self::DuplicateKeyId => {
                f.write_str("the key ring already has a key with this identifier: choose another")
            }
            Self::DuplicateKeySecret => f.write_str(
                "the key ring already has a key of this secret: promote that key, or make another secret",
            ),
            Self::UnknownKeyId => f.write_str(
                "the key ring has no key with this identifier, or it has expired or was retired: KeyRing::key_ids lists its keys",
            ),
            Self::KeyIsNewest => f.write_str(
                "the newest key cannot be retired: promote another one and drop this one in that step",
            ),
            Self::Unsupported { backend, needs } => {
                write!(f, "the backend {backend} cannot do this: it needs {needs}")
            }
            Self::Backend { backend, operation } => {
                write!(f, "the backend {backend} failed at {operation}")
            }
            Self::Randomness => f.write_str("the operating system gave no random bytes"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::ClearJson => f.write_str("this is unencrypted JSON, not a JWE"),
            Self::PartCount { found } => {
                write!(
                    f,
                    "a compact JWE has 5 parts separated by dots, this has {found}"
                )
            }
            Self::NotBase64url { part } => {
                write!(f, "its {part} is not canonical unpadded base64url")
            }
            Self::PartLength {
                part,
                found,
                needed,
            } => {
                write!(f, "its {part} has {found} characters, {needed} are needed")
            }
        }
    }
}

impl fmt::Display for HeaderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { max } => write!(f, "it has more than {max} characters"),
            Self::NotBase64url => f.write_str("it is not canonical unpadded base64url"),
            Self::NotJsonObject => f.write_str("it is not a JSON object in UTF-8"),
            Self::DuplicateMember => f.write_str("duplicate member"),
            Self::TooManyMembers => f.write_str("it has more than 64 members"),
            Self::Missing { member } => write!(f, "`{member}` is missing"),
            Self::Invalid { member } => write!(f, "`{member}` has the wrong type or form"),
            Self::UnknownAlgorithm => f.write_str("`alg` is none of dir, RSA-OAEP-256 and ECDH-ES"),
            Self::AlgorithmMismatch { needed, found } => {
                write!(f, "`alg` is {found}, the key given is for {needed}")
            }
            Self::UnknownEncryption => f.write_str("`enc` is not A256GCM"),
            Self::Compressed => f.write_str("`zip` is present, and compression is not accepted"),
            Self::Critical => f.write_str("`crit` is present, and no extension is understood"),
        }
    }
}
