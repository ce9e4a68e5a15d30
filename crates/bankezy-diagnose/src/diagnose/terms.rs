//! Names each reading in words, as a shell command and in Rust. `derivation_terms` does so for derivations.

use core::fmt;

use crate::diagnose::encoding::{Encoding, applied};
use crate::diagnose::function::{Function, Take};
use crate::diagnose::reading::Reading;
use crate::diagnose::term::{Term, term};
use crate::diagnose::wrapper::Wrapper;

impl Wrapper {
    fn words(self) -> &'static str {
        match self {
            Self::Utf16 => "converting it from UTF-16",
            Self::ByteOrderMark => "removing the byte order mark",
            Self::WhiteSpace => "removing white space around it",
            Self::Comment => "removing the comment after it",
            Self::MailQuote => "removing the `>` in front of it",
            Self::FullStop => "removing the full stop after it",
            Self::Punctuation => "removing the comma or semicolon after it",
            Self::Quotes => "removing the quotation marks",
            Self::Brackets => "removing the brackets around it",
            Self::Columns => "taking one of the columns",
            Self::Command => "taking it out of the command",
            Self::PythonObject => "writing Python's quotation marks as those of JSON",
            Self::Blanks => "writing `+` for the blanks in it",
            Self::Escapes => "undoing the backslash escapes",
            Self::OtherLines => "taking one of its lines",
            Self::Bearer => "removing `Bearer`",
            Self::ByteString => "undoing the escapes of a byte string",
            Self::PercentEncoding => "undoing the percent-encoding",
            Self::Assignment => "removing the name in front of it",
            Self::Json => "taking it out of the JSON",
            Self::OctJwk => "taking `k` out of the JWK",
            Self::HexPrefix => "removing `0x`",
            Self::HexSuffix => "removing the `h` after it",
            Self::WrongPadding => "removing the `=` after it",
            Self::Separators => "removing colons, dashes and spaces",
            Self::LineBreaks => "removing white space within it",
            Self::Utf32 => "converting it from UTF-32",
            Self::InvisibleCharacters => "removing invisible characters",
            Self::Form => "taking it out of the form",
            Self::HexDump => "undoing the hexadecimal dump",
            Self::Base64 => "decoding the base64 around it",
            Self::Hex => "decoding the hex around it",
        }
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
            Self::Sha3 => term(
                "SHA3-256 of ",
                "openssl dgst -sha3-256 -binary",
                "Sha3_256::digest({})",
            ),
            Self::Md5Hex => term(
                "lower-case hex text of MD5 of ",
                "openssl dgst -md5 -binary | xxd -p | tr -d '\\n'",
                "hex::encode(Md5::digest({})).as_bytes()",
            ),
            Self::Md5HexUpper => term(
                "upper-case hex text of MD5 of ",
                "openssl dgst -md5 -binary | xxd -u -p | tr -d '\\n'",
                "hex::encode_upper(Md5::digest({})).as_bytes()",
            ),
            Self::Sha256Hex => term(
                "lower-case hex text of SHA-256 of ",
                "openssl dgst -sha256 -binary | xxd -p | tr -d '\\n'",
                "hex::encode(Sha256::digest({})).as_bytes()",
            ),
            Self::Sha256HexUpper => term(
                "upper-case hex text of SHA-256 of ",
                "openssl dgst -sha256 -binary | xxd -u -p | tr -d '\\n'",
                "hex::encode_upper(Sha256::digest({})).as_bytes()",
            ),
            Self::Sha512Hex => term(
                "lower-case hex text of SHA-512 of ",
                "openssl dgst -sha512 -binary | xxd -p | tr -d '\\n'",
                "hex::encode(Sha512::digest({})).as_bytes()",
            ),
            Self::Sha512HexUpper => term(
                "upper-case hex text of SHA-512 of ",
                "openssl dgst -sha512 -binary | xxd -u -p | tr -d '\\n'",
                "hex::encode_upper(Sha512::digest({})).as_bytes()",
            ),
            Self::Sha1Hex => term(
                "lower-case hex text of SHA-1 of ",
                "openssl dgst -sha1 -binary | xxd -p | tr -d '\\n'",
                "hex::encode(Sha1::digest({})).as_bytes()",
            ),
            Self::Sha1HexUpper => term(
                "upper-case hex text of SHA-1 of ",
                "openssl dgst -sha1 -binary | xxd -u -p | tr -d '\\n'",
                "hex::encode_upper(Sha1::digest({})).as_bytes()",
            ),
            Self::Sha256Base64 => term(
                "base64 text of SHA-256 of ",
                "openssl dgst -sha256 -binary | base64 | tr -d '\\n'",
                "BASE64_STANDARD.encode(Sha256::digest({})).as_bytes()",
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
            Self::Last32 => term(
                "last 32 bytes of ",
                "tail -c 32",
                "{}.last_chunk::<32>().unwrap().as_slice()",
            ),
            Self::Reversed => term(
                "reversed ",
                "xxd -p -c 1 | sed -n '1!G;h;$p' | xxd -r -p",
                "{}.iter().rev().copied().collect::<Vec<u8>>()",
            ),
            Self::Twice => term(
                "twice ",
                "xxd -p | tr -d '\\n' | sed 's/.*/&&/' | xxd -r -p",
                "{}.repeat(2)",
            ),
            // Of a form of the shared secret alone, so no shell has it.
            Self::ZeroPadded => term("zeros after ", "", "&[&{}[..], &[0; 32]].concat()[..32]"),
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
    /// Whether the command line and [`PayloadSecret`](bankezy_crypto::PayloadSecret) have a name for it, apart from
    /// what is removed around the secret.
    fn is_usual(&self) -> bool {
        (self.function, self.take) == (Function::Identity, Take::Whole)
            && self.encoding.constructor().is_some()
    }

    /// The flags of the command line that read the secret in this way, if there are any.
    #[must_use]
    pub fn flags(&self) -> Option<String> {
        let flag = self.encoding.flag().filter(|_| self.is_usual())?;
        self.wrappers
            .is_empty()
            .then(|| format!("--encoding {flag}"))
    }

    /// What to do before [`shell`](Self::shell): a command that sets `$SECRET` from the file `$SECRET_FILE`, or words
    /// if no simple command does it. `None` if `$SECRET` is the secret as written, or not used.
    #[must_use]
    pub fn cleaned(&self) -> Option<String> {
        let is_as_written = self.wrappers.is_empty() && self.cleaning.is_empty();
        if is_as_written || self.is_of_a_file() {
            return None;
        }
        Some(match self.cleaning.shell() {
            Some(filters) => format!("SECRET=$({CAT} | {filters})"),
            None => {
                let steps: Vec<_> = self.wrappers.iter().map(|it| it.words()).collect();
                format!("set SECRET to what is left after {}", steps.join(", "))
            }
        })
    }

    /// Octets that a variable may not contain.
    fn is_of_a_file(&self) -> bool {
        self.encoding == Encoding::RawBytes && self.cleaning.shell().is_some()
    }

    /// A shell command that writes the key as hexadecimal digits, to be used with `--encoding hex`. `$SECRET` is the
    /// secret without a line end after it, or the result of [`cleaned`](Self::cleaned). `$SECRET_FILE` is the file
    /// with the secret, as a variable cannot hold every octet.
    #[must_use]
    pub fn shell(&self) -> String {
        let (start, cleaning) = if self.is_of_a_file() {
            (CAT, self.cleaning.shell().unwrap_or_default())
        } else {
            (r#"printf %s "$SECRET""#, String::new())
        };
        let steps = [
            start,
            cleaning.as_str(),
            self.encoding.term().shell,
            self.function.term().shell,
            self.take.term().shell,
            "xxd -p -c 32",
        ];
        let steps: Vec<_> = steps.into_iter().filter(|step| !step.is_empty()).collect();
        let steps = steps.join(" | ");
        // An empty secret would give a key that anybody can compute.
        let variable = if self.is_of_a_file() {
            "SECRET_FILE"
        } else {
            "SECRET"
        };
        format!(r#": "${{{variable}:?}}" && {steps}"#)
    }

    /// A Rust expression for it. `secret` is the secret as written, or `cleaned` the secret without what
    /// [`wrappers`](Self::wrappers) names, both without a line end after it. `sha2`, `sha3`, `md5`, `hex`, `uuid`,
    /// `data_encoding` and `base64` (its `prelude`) are crates; keep what they return in types that wipe themselves.
    #[must_use]
    pub fn rust(&self) -> String {
        let secret = if self.wrappers.is_empty() {
            "secret"
        } else {
            "cleaned"
        };
        if let Some(constructor) = self.encoding.constructor().filter(|_| self.is_usual()) {
            return applied(constructor, secret);
        }
        let octets = applied(self.encoding.term().rust, secret);
        let hashed = applied(self.function.term().rust, &octets);
        let taken = applied(self.take.term().rust, &hashed);
        let reference = if taken.starts_with('&') { "" } else { "&" };
        format!("PayloadSecret::from_bytes({reference}{taken})")
    }
}

/// Writes the secret as it is.
const CAT: &str = r#"cat "$SECRET_FILE""#;

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
