//! Names each step in words, as a shell filter and in Rust. `derivation_terms` does so for derivations.

use core::fmt;

use crate::diagnose::encoding::{Encoding, applied};
use crate::diagnose::function::{Function, Take};
use crate::diagnose::reading::Reading;
use crate::diagnose::wrapper::Wrapper;

/// A step in words, as a filter that a shell runs, and as a Rust expression in which `{}` is the input.
struct Term {
    words: &'static str,
    shell: &'static str,
    rust: &'static str,
}

const fn term(words: &'static str, shell: &'static str, rust: &'static str) -> Term {
    Term { words, shell, rust }
}

impl Wrapper {
    fn words(self) -> &'static str {
        match self {
            Self::Utf16 => "converting it from UTF-16",
            Self::ByteOrderMark => "removing the byte order mark",
            Self::WhiteSpace => "removing white space around it",
            Self::Quotes => "removing the quotation marks",
            Self::Assignment => "removing `NAME=`",
            Self::Json => "taking it out of the JSON",
            Self::OctJwk => "taking `k` out of the JWK",
            Self::HexPrefix => "removing `0x`",
            Self::Separators => "removing colons, dashes and spaces",
            Self::LineBreaks => "removing white space within it",
        }
    }
}

impl Encoding {
    /// The value of the flag `--encoding`, where it has one.
    pub(crate) fn flag(self) -> Option<&'static str> {
        match self {
            Self::Base64url => Some("base64url"),
            Self::Base64 => Some("base64"),
            Self::Hex => Some("hex"),
            Self::Utf8 => Some("utf8"),
            _ => None,
        }
    }

    /// The constructor that takes the secret as it is written, where there is one.
    fn constructor(self) -> Option<&'static str> {
        match self {
            Self::Base64url => Some("PayloadSecret::from_base64url(secret)"),
            Self::Base64 => Some("PayloadSecret::from_base64(secret)"),
            Self::Hex => Some("PayloadSecret::from_hex(secret)"),
            Self::Utf8 => Some("PayloadSecret::from_bytes(secret.as_bytes())"),
            Self::RawBytes => Some("PayloadSecret::from_bytes(secret)"),
            _ => None,
        }
    }

    fn term(self) -> Term {
        match self {
            Self::Base64url => term(
                "the decoded base64url",
                "basenc --base64url -d",
                "BASE64_URL.decode({})?",
            ),
            Self::Base64 => term("the decoded base64", "base64 -d", "BASE64.decode({})?"),
            Self::Hex => term("the decoded hex", "xxd -r -p", "hex::decode({})?"),
            Self::Utf8 => term("the text", "", "{}.as_bytes()"),
            Self::RawBytes => term("the raw bytes", "", "{}"),
            Self::Base64OfBase64 => term(
                "the twice decoded base64",
                "base64 -d | base64 -d",
                "BASE64.decode(BASE64.decode({})?)?",
            ),
            Self::Base64OfHex => term(
                "the decoded base64 of hex",
                "base64 -d | xxd -r -p",
                "hex::decode(BASE64.decode({})?)?",
            ),
            Self::HexOfBase64 => term(
                "the decoded hex of base64",
                "xxd -r -p | base64 -d",
                "BASE64.decode(hex::decode({})?)?",
            ),
            Self::LowerText => term(
                "the text in lower case",
                "tr A-Z a-z",
                "{}.to_ascii_lowercase().as_bytes()",
            ),
            Self::UpperText => term(
                "the text in upper case",
                "tr a-z A-Z",
                "{}.to_ascii_uppercase().as_bytes()",
            ),
            Self::DashedText => term(
                "the UUID with dashes as text",
                "sed -E 's/(.{8})(.{4})(.{4})(.{4})/\\1-\\2-\\3-\\4-/'",
                "Uuid::parse_str({})?.to_string().as_bytes()",
            ),
            Self::LowerHexText => term(
                "the decoded base64 as lower-case hex text",
                "base64 -d | xxd -p -c 0",
                "hex::encode(BASE64.decode({})?).as_bytes()",
            ),
            Self::UpperHexText => term(
                "the decoded base64 as upper-case hex text",
                "base64 -d | xxd -u -p -c 0",
                "hex::encode_upper(BASE64.decode({})?).as_bytes()",
            ),
            Self::Base64Text => term(
                "the decoded hex as base64 text",
                "xxd -r -p | base64 -w 0",
                "BASE64.encode(hex::decode({})?).as_bytes()",
            ),
            Self::Base64urlText => term(
                "the decoded hex as base64url text",
                "xxd -r -p | basenc --base64url -w 0 | tr -d =",
                "BASE64_URL.encode(hex::decode({})?).as_bytes()",
            ),
            Self::Utf16Le => term(
                "the text in UTF-16 (little-endian)",
                "iconv -t UTF-16LE",
                "{}.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()",
            ),
            Self::Utf16Be => term(
                "the text in UTF-16 (big-endian)",
                "iconv -t UTF-16BE",
                "{}.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()",
            ),
        }
    }
}

impl Encoding {
    pub(crate) fn rust(self) -> &'static str {
        self.term().rust
    }
}

impl Function {
    fn term(self) -> Term {
        match self {
            Self::Identity => term("", "", "{}"),
            Self::Sha256 => term(
                "SHA-256 of ",
                "openssl dgst -sha256 -binary",
                "Sha256::digest({})",
            ),
            Self::Sha384 => term(
                "SHA-384 of ",
                "openssl dgst -sha384 -binary",
                "Sha384::digest({})",
            ),
            Self::Sha512 => term(
                "SHA-512 of ",
                "openssl dgst -sha512 -binary",
                "Sha512::digest({})",
            ),
            Self::Sha256Twice => term(
                "SHA-256 of SHA-256 of ",
                "openssl dgst -sha256 -binary | openssl dgst -sha256 -binary",
                "Sha256::digest(Sha256::digest({}))",
            ),
            Self::Md5Hex => term(
                "lower-case hex text of MD5 of ",
                "openssl dgst -md5 -binary | xxd -p -c 0 | tr -d '\\n'",
                "hex::encode(Md5::digest({})).as_bytes()",
            ),
            Self::Md5HexUpper => term(
                "upper-case hex text of MD5 of ",
                "openssl dgst -md5 -binary | xxd -u -p -c 0 | tr -d '\\n'",
                "hex::encode_upper(Md5::digest({})).as_bytes()",
            ),
            Self::Sha256Hex => term(
                "lower-case hex text of SHA-256 of ",
                "openssl dgst -sha256 -binary | xxd -p -c 0",
                "hex::encode(Sha256::digest({})).as_bytes()",
            ),
            Self::Sha256HexUpper => term(
                "upper-case hex text of SHA-256 of ",
                "openssl dgst -sha256 -binary | xxd -u -p -c 0",
                "hex::encode_upper(Sha256::digest({})).as_bytes()",
            ),
            Self::Sha256Base64 => term(
                "base64 text of SHA-256 of ",
                "openssl dgst -sha256 -binary | base64 -w 0",
                "BASE64.encode(Sha256::digest({})).as_bytes()",
            ),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        self.term().words
    }

    pub(crate) fn rust(self) -> &'static str {
        self.term().rust
    }
}

impl Take {
    fn term(self) -> Term {
        match self {
            Self::Whole => term("", "", "{}"),
            Self::First32 => term("first 32 bytes of ", "head -c 32", "&{}[..32]"),
            Self::Last32 => term("last 32 bytes of ", "tail -c 32", "last_32({})"),
            Self::ZeroPadded => term("zeros after ", "", "zero_padded({})"),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        self.term().words
    }

    pub(crate) fn rust(self) -> &'static str {
        self.term().rust
    }
}

impl Reading {
    /// Whether the command line and [`PayloadSecret`](bankezy_crypto::PayloadSecret) have a word for it,
    /// apart from what is removed around the secret.
    fn is_usual(&self) -> bool {
        (self.function, self.take) == (Function::Identity, Take::Whole)
            && self.encoding.constructor().is_some()
    }

    /// The flags of the command line that read the secret in this way, where there are such.
    #[must_use]
    pub fn flags(&self) -> Option<String> {
        let flag = self.encoding.flag().filter(|_| self.is_usual())?;
        self.wrappers
            .is_empty()
            .then(|| format!("--encoding {flag}"))
    }

    /// A shell command that writes the key as hexadecimal digits, to be used with `--encoding hex`.
    /// `$SECRET` is the secret without what [`wrappers`](Self::wrappers) names.
    #[must_use]
    pub fn shell(&self) -> String {
        let steps = [
            self.encoding.term().shell,
            self.function.term().shell,
            self.take.term().shell,
            "xxd -p -c 0",
        ];
        let mut command = r#"printf %s "$SECRET""#.to_owned();
        for step in steps.into_iter().filter(|step| !step.is_empty()) {
            command.push_str(" | ");
            command.push_str(step);
        }
        command
    }

    /// A Rust expression for it, where `secret` is the secret without what
    /// [`wrappers`](Self::wrappers) names. `sha2`, `md5`, `hex` and `base64` are crates; keep what
    /// they return in types that wipe themselves.
    #[must_use]
    pub fn rust(&self) -> String {
        if let Some(constructor) = self.encoding.constructor().filter(|_| self.is_usual()) {
            return constructor.to_owned();
        }
        let octets = applied(self.encoding.term().rust, "secret");
        let hashed = applied(self.function.term().rust, &octets);
        let taken = applied(self.take.term().rust, &hashed);
        let reference = if taken.starts_with('&') { "" } else { "&" };
        format!("PayloadSecret::from_bytes({reference}{taken})")
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.encoding.flag() {
            Some(flag) if self.is_usual() => f.write_str(flag)?,
            _ if self.is_usual() => f.write_str("the 32 raw bytes (PayloadSecret::from_bytes)")?,
            _ => {
                let [take, function] = [self.take.words(), self.function.words()];
                write!(f, "{take}{function}{}", self.encoding.term().words)?;
            }
        }
        for (place, wrapper) in self.wrappers.iter().enumerate() {
            let separator = if place == 0 { " after" } else { "," };
            write!(f, "{separator} {}", wrapper.words())?;
        }
        Ok(())
    }
}
