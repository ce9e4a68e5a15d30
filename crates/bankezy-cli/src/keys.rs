//! From arguments to keys.

use std::env::VarError;
use std::io::Write as _;
use std::path::Path;

use bankezy_crypto::backend::{self, Backend};
use bankezy_crypto::{
    Derivation, Error, KeyPair, KeyProblem, PayloadSecret, PublicKey, SecretBytes, SecretText,
};

use crate::args::{
    BackendArg, DerivationArgs, DerivationInputs, Derive, Encoding, PayloadSecretArg, Place,
    PrivateKeyPasswordArg, SecretArg, SecretArgs, flag,
};
use crate::failure::Failure;
use crate::octet_text::{pem_in_other_code, unmarked};
use crate::{beside, files, key_forms, other_kind, usage};

pub(crate) fn backend(arg: &BackendArg) -> Result<&'static Backend, Failure> {
    let available = backend::AVAILABLE;
    match &arg.backend {
        None => available.first(),
        Some(name) => available.iter().find(|backend| backend.name() == name),
    }
    .ok_or_else(|| {
        let name = arg.backend.as_deref().unwrap_or_default();
        Failure::operation(format!(
            "this build has no backend {name}: build it with --features {name}"
        ))
    })
}

/// The payload secret that the arguments name.
pub(crate) fn secret(args: &SecretArgs) -> Result<PayloadSecret, Failure> {
    let bytes = needed(&args.secret)?;
    check_written(bytes.as_bytes(), args.secret.place())?;
    let text = text(&bytes, "the payload secret")?;
    let secret = match args.encoding {
        Encoding::Base64 => PayloadSecret::from_base64(text),
        Encoding::Base64url => PayloadSecret::from_base64url(text),
        Encoding::Hex => PayloadSecret::from_hex(text),
        Encoding::Utf8 => PayloadSecret::from_raw_str(text),
    };
    secret.map_err(|error| match error {
        // It was decoded, and opens no message.
        Error::SecretZero => error.into(),
        _ => Failure::operation(format!("{error} (--encoding; `bankezy diagnose` finds it)")),
    })
}

/// A payload secret for a diagnosis.
pub(crate) struct Written {
    /// Byte for byte.
    pub(crate) whole: SecretBytes,
    /// Without what [`secret`] ignores: a byte order mark, and the line ends inside that `xxd -p` and others fold
    /// with. `None` if it has none of this.
    pub(crate) unfolded: Option<SecretBytes>,
}

/// The payload secret as written.
pub(crate) fn written_secret(arg: &PayloadSecretArg) -> Result<Written, Failure> {
    let whole = needed(arg)?;
    check_written(whole.as_bytes(), arg.place())?;
    let unfolded = without_additions(&whole);
    Ok(Written { whole, unfolded })
}

/// Refuses text that contains no payload secret. Each of 32 bytes may be one of the key.
fn check_written(secret: &[u8], place: Option<&Place>) -> Result<(), Failure> {
    if unmarked(secret).trim_ascii().is_empty() && secret.len() != 32 {
        return Err(Failure::operation(
            "the payload secret is empty, or holds only white space",
        ));
    }
    place.map_or(Ok(()), |place| other_kind::refuse_key(secret, place))
}

fn without_additions(secret: &SecretBytes) -> Option<SecretBytes> {
    let bytes = secret.as_bytes();
    let text = unmarked(bytes);
    // Each of 32 bytes may be one of the key. As text they are at least 43 characters, in UTF-16 with a NUL beside
    // each.
    let is_text = bytes.len() >= 43 && bytes.is_ascii() && !bytes.contains(&0);
    if bytes.len() == 32 || text == bytes && !is_text {
        return None;
    }
    let mut kept = SecretBytes::with_capacity(text.len());
    for line in text.split(|c| matches!(c, b'\r' | b'\n')) {
        // A SecretBytes takes whatever is written to it.
        let _ = kept.write_all(line);
    }
    (kept.as_bytes().len() < bytes.len()).then_some(kept)
}

/// A secret that a call requires.
pub(crate) fn needed<S: SecretArg>(arg: &S) -> Result<SecretBytes, Failure> {
    arg.place().ok_or_else(|| usage::missing(&S::FLAGS))?.read()
}

/// The same as text.
pub(crate) fn needed_text<S: SecretArg>(arg: &S, what: &str) -> Result<SecretText, Failure> {
    Ok(text(&needed(arg)?, what)?.to_owned().into())
}

impl Place {
    /// A file's contents, or the value of an environment variable. The name of a variable may be a misplaced secret
    /// and is not shown; the flag or setting that gave it is.
    pub(crate) fn read(&self) -> Result<SecretBytes, Failure> {
        let Self { name, from, .. } = self;
        if !self.is_variable {
            let path = Path::new(name);
            if files::is_content(path) {
                return Err(self.content_given());
            }
            return files::read_key(path, from);
        }
        // Looking these up would panic, or find nothing.
        let unusable =
            name.is_empty() || name.as_encoded_bytes().iter().any(|c| b"=\0".contains(c));
        let value = if unusable {
            Err(VarError::NotPresent)
        } else {
            std::env::var(name)
        };
        if let Err(VarError::NotUnicode(value)) = &value
            && let Some(pem) = pem_in_other_code(value.as_encoded_bytes())
        {
            return Ok(pem);
        }
        value.map(|value| value.into_bytes().into()).map_err(|error| {
            Failure::operation(match error {
                VarError::NotPresent => format!(
                    "the environment variable that {from} names is not set: give its name, not the \
                     secret"
                ),
                VarError::NotUnicode(_) if **name == **from => {
                    format!("the environment variable {from} is not UTF-8")
                }
                VarError::NotUnicode(_) => {
                    format!("the environment variable that {from} names is not UTF-8")
                }
            })
        })
    }

    /// A file's contents in place of its name, as in `VARIABLE="$(cat key.pem)"`.
    fn content_given(&self) -> Failure {
        let from = &self.from;
        // The id of the argument, and what names the same by a variable.
        let in_file = from.strip_prefix('`').and_then(|rest| rest.split_once('`'));
        let (id, variable) = if let Some((member, rest)) = in_file {
            let by_variable = format!("`{}`{rest}", env_of(member));
            (member.to_owned(), by_variable)
        } else if let Some(flag) = from.strip_prefix("--") {
            (flag.replace('-', "_"), String::new())
        } else {
            let (prefix, id) = from.split_once('_').unwrap_or(("", from));
            let id = id.to_ascii_lowercase();
            let variable = format!("{prefix}_{}", env_of(&id).to_ascii_uppercase());
            (id, variable)
        };
        let flag = flag(&env_of(&id));
        let separator = if variable.is_empty() { "" } else { " or " };
        Failure::operation(format!(
            "{from} takes the name of a file, but was given a key or secret itself: give the name of the file \
             that holds it, or name the environment variable that holds it with {variable}{separator}{flag}"
        ))
    }
}

/// The id of the argument that names a secret by a variable, from that of its file.
fn env_of(id: &str) -> String {
    format!("{}_env", id.strip_suffix("_file").unwrap_or(id))
}

/// A secret that a call requires, as text. A message names it by what gave it.
pub(crate) fn text_of(place: &Place) -> Result<SecretText, Failure> {
    let what = if place.is_variable {
        format!("the value of {}", place.from)
    } else {
        files::named_by(&place.from)
    };
    Ok(text(&place.read()?, &what)?.to_owned().into())
}

/// Text of a file, without what editors add: a byte order mark before it, line ends after it.
pub(crate) fn text<'a>(bytes: &'a SecretBytes, what: &str) -> Result<&'a str, Failure> {
    let bytes = bytes.as_bytes();
    let refused = |what: String| Err(Failure::operation(format!("{what}: save it as UTF-8")));
    if is_utf32(bytes) {
        return refused(format!("{what} is text in UTF-32"));
    }
    if has_utf16_mark(bytes) {
        return refused(format!("{what} starts with the byte order mark of UTF-16"));
    }
    if is_utf16(bytes) {
        return refused(format!("{what} is text in UTF-16"));
    }
    if is_der(bytes) {
        return Err(Failure::operation(format!(
            "{what} is DER; expected text, such as PEM: `openssl x509 -inform DER` converts a certificate, and `openssl \
             pkey -inform DER` a key"
        )));
    }
    std::str::from_utf8(unmarked(bytes))
        .map(|text| text.trim_end_matches(['\r', '\n']))
        .map_err(|_| Failure::operation(format!("{what} is not UTF-8 text")))
}

/// Whether it begins as a SEQUENCE of DER. A short one that is no text has to be just as long as it says: 32 bytes may be a
/// key, and `0+` may begin base64.
fn is_der(bytes: &[u8]) -> bool {
    let is_of_text = |c: &u8| !c.is_ascii_control() || c.is_ascii_whitespace();
    let is_whole = || {
        let found = beside::sequence(bytes);
        found.is_some_and(|(len, rest)| rest.len() == len && !rest.iter().all(is_of_text))
    };
    matches!(bytes, [0x30, 0x81..=0x84, ..]) || (bytes.len() > 32 && is_whole())
}

fn has_utf16_mark(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Whether it starts with a byte order mark of UTF-32, or with a character of ASCII and three NULs.
fn is_utf32(bytes: &[u8]) -> bool {
    let zeros = bytes
        .first_chunk::<4>()
        .map(|it| it.map(|octet| octet == 0));
    let is_marked = bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff");
    let is_ascii = matches!(
        zeros,
        Some([false, true, true, true] | [true, true, true, false])
    );
    bytes.len() > 32 && bytes.len().is_multiple_of(4) && (is_marked || is_ascii)
}

/// Whether it is ASCII in UTF-16, with a NUL beside each character. 32 bytes may be a key.
fn is_utf16(bytes: &[u8]) -> bool {
    let (units, rest) = bytes.as_chunks::<2>();
    let are_all = |is_ascii: fn(&[u8; 2]) -> bool| units.iter().all(is_ascii);
    bytes.len() > 32
        && rest.is_empty()
        && (are_all(|unit| unit[0] != 0 && unit[1] == 0)
            || are_all(|unit| unit[0] == 0 && unit[1] != 0))
}

/// A private key in any form. A command that takes no password has no arguments for one.
pub(crate) fn private_key(
    place: &Place,
    password: Option<&PrivateKeyPasswordArg>,
    backend: &Backend,
) -> Result<KeyPair, Failure> {
    let bytes = place.read()?;
    if memchr::memmem::find(bytes.as_bytes(), b"-----BEGIN ").is_some() {
        // PEM that is no text is not taken for DER.
        text(&bytes, "the private key")?;
    }
    let found = key_forms::private_key(bytes.as_bytes(), backend);
    let is_encrypted = matches!(
        found,
        Err(Error::Key {
            problem: KeyProblem::Encrypted,
            ..
        })
    );
    let refused = |why: &str| Failure::operation(format!("the key is refused: {why}"));
    let told = |error: &Error| failure(error, &bytes, place.is_variable);
    match password.map(SecretArg::place) {
        Some(Some(from)) if is_encrypted => {
            let password = from.read()?;
            let password = password_of(password.as_bytes())?;
            key_forms::encrypted_private_key(bytes.as_bytes(), password, backend)
                .map_err(|error| Failure::operation(told(&error)))
        }
        Some(Some(from)) if found.is_ok() => Err(refused(&format!(
            "it is not encrypted, but {} gives a password: leave that out",
            from.from
        ))),
        Some(None) if is_encrypted => Err(refused(
            "it is encrypted with a password: name the file with the password with \
             --private-key-password-file, or the environment variable with --private-key-password-env",
        )),
        None if is_encrypted => Err(refused(
            "it is encrypted with a password: decrypt it first with `openssl pkey -in KEY -out key.pem`",
        )),
        _ => found.map_err(|error| {
            let bytes = bytes.as_bytes();
            Failure::operation(other_kind::secret_first(
                &told(&error),
                bytes,
                place.is_variable,
            ))
        }),
    }
}

/// A password without what editors and shells add: a byte order mark before it, a line end after it.
fn password_of(password: &[u8]) -> Result<&[u8], Failure> {
    if has_utf16_mark(password) {
        return Err(Failure::operation(
            "the password is text in UTF-16: save it as UTF-8",
        ));
    }
    let password = unmarked(password);
    let line = password.strip_suffix(b"\n");
    let line = line.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    Ok(line.unwrap_or(password))
}

/// What is wrong with a key. The commands in a message read octets from a file, and the key may be text.
fn failure(error: &Error, bytes: &SecretBytes, is_variable: bool) -> String {
    let error = error.to_string();
    let decoding = key_forms::decoding(bytes.as_bytes()).filter(|_| error.contains('`'));
    match decoding {
        Some(command) if is_variable => {
            format!("write the value to the file TEXT and decode that with `{command}`: {error}")
        }
        Some(command) => format!("decode the file first with `{command}`: {error}"),
        None => error,
    }
}

/// The public key of `flag`, or a file with it, in any form.
pub(crate) fn public_key(text_or_file: &str, flag: &str) -> Result<PublicKey, Failure> {
    let path = Path::new(text_or_file);
    if !path.exists() {
        return key_forms::public_text(text_or_file).map_err(|error| {
            let error = format!("neither a file nor a public key: {error}");
            Failure::operation(other_kind::secret_first(
                &error,
                text_or_file.as_bytes(),
                false,
            ))
        });
    }
    let bytes = files::read_key(path, flag)?;
    let found = match text(&bytes, "the public key") {
        Ok(text) => key_forms::public_text(text),
        Err(_) => key_forms::public_octets(bytes.as_bytes()),
    };
    found.map_err(|error| {
        let error = failure(&error, &bytes, false);
        Failure::operation(other_kind::secret_first(&error, bytes.as_bytes(), false))
    })
}

/// The derivation that the arguments name, if they name one.
pub(crate) fn derivation(args: &DerivationArgs) -> Result<Option<Derivation<'_>>, Failure> {
    let derive = args.derive;
    derive.map(|it| with_inputs(it, &args.inputs)).transpose()
}

/// The derivation with its inputs.
pub(crate) fn with_inputs(
    derive: Derive,
    args: &DerivationInputs,
) -> Result<Derivation<'_>, Failure> {
    if derive != Derive::ConcatKdf && args.has_party_info() {
        return Err(Failure::usage("--apu and --apv are for concat-kdf"));
    }
    let takes_info = matches!(derive, Derive::HkdfSha256 | Derive::X963Sha256);
    if derive != Derive::HkdfSha256 && (args.salt.is_some() || !takes_info && args.info.is_some()) {
        return Err(Failure::usage(
            "--salt and --info are for hkdf-sha256 (--info also for x963-sha256)",
        ));
    }
    Ok(match derive {
        Derive::Raw => Derivation::RawSharedSecret,
        Derive::Sha256 => Derivation::Sha256,
        Derive::ConcatKdf => Derivation::ConcatKdf {
            apu: bytes(&args.apu),
            apv: bytes(&args.apv),
        },
        Derive::HkdfSha256 => Derivation::HkdfSha256 {
            salt: bytes(&args.salt),
            info: bytes(&args.info),
        },
        Derive::X963Sha256 => Derivation::X963Sha256 {
            shared_info: bytes(&args.info),
        },
    })
}

pub(crate) fn bytes(text: &Option<String>) -> &[u8] {
    text.as_deref().unwrap_or_default().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its second character is as large as the rest is long.
    #[test]
    fn base64_that_begins_like_der_is_text() {
        let secret = format!("0+{}=\n", "A".repeat(41));
        assert_eq!(usize::from(b'+'), secret.len() - 2);
        assert!(!is_der(secret.as_bytes()));
    }
}
