//! PEM (RFC 7468), read as section 3 allows it: text around it, lines of any length. Line ends may also be
//! written as `\n`, as environment variables and JSON hold them.

use base64ct::{Base64, Encoding as _};

use crate::codec::key_form;
use crate::codec::key_len::check_len;
use crate::error::{Error, KeyForm, KeyProblem};
use crate::secret::SecretBytes;

impl SecretBytes {
    /// Reads the one PEM block of a text: its label, such as `PRIVATE KEY`, and its DER, which is
    /// decoded in constant time.
    ///
    /// Text around the block, lines of any length (RFC 7468 section 3) and line ends written as `\n` are accepted. An
    /// `EC PARAMETERS` block and certificates beside the key are ignored.
    ///
    /// # Errors
    /// [`Error::Key`] if the text is empty, longer than 64 KiB, no PEM, encrypted, or holds several blocks.
    pub fn from_pem(text: &str) -> Result<(&str, Self), Error> {
        let block = only(text, &CERTIFICATES)?;
        Ok((block.label, block.decode()?))
    }
}

const BEGIN: &str = "-----BEGIN ";

/// Labels of X.509 certificates: RFC 7468 section 5, and what old versions of OpenSSL write.
pub(crate) const CERTIFICATES: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];

/// One block of a PEM text, not yet decoded.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    body: &'a str,
}

/// The one block of a text, apart from those whose labels are to be ignored. If there are no others, the first of
/// these.
pub(crate) fn only<'a>(text: &'a str, passed_over: &[&str]) -> Result<Block<'a>, KeyProblem> {
    check_len(text.as_bytes())?;
    let (mut found, mut other, mut parameters) = (None::<Block<'_>>, None, None);
    let mut rest = text;
    while rest.contains(BEGIN) {
        let (block, after) = first(rest).ok_or_else(|| broken(rest))?;
        rest = after;
        if !is_label(block.label) {
            return Err(ALTERED);
        }
        // `openssl ecparam -genkey` writes the curve in front, which the key names again.
        if block.label == "EC PARAMETERS" {
            parameters = parameters.or(Some(block));
            continue;
        }
        if passed_over.contains(&block.label) {
            other = other.or(Some(block));
            continue;
        }
        if let Some(earlier) = found {
            let certificates = [earlier.label, block.label];
            return Err(
                match certificates
                    .iter()
                    .all(|label| CERTIFICATES.contains(label))
                {
                    true => KeyProblem::SeveralCertificates,
                    false => KeyProblem::SeveralKeys,
                },
            );
        }
        found = Some(block);
    }
    found.or(other).or(parameters).ok_or_else(|| not_pem(text))
}

fn not_pem(text: &str) -> KeyProblem {
    match key_form::of_text(text) {
        Some(found) => KeyProblem::OtherForm { found },
        None => KeyProblem::NotPem,
    }
}

/// Whether it is capital letters and others, in words with one blank between.
fn is_label(text: &str) -> bool {
    let is_part = |c: u8| c.is_ascii_graphic() && !c.is_ascii_lowercase();
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_part);
    text.split(' ').all(is_word)
}

const ALTERED: KeyProblem = KeyProblem::OtherForm {
    found: KeyForm::AlteredPem,
};

/// Why no block follows a BEGIN.
fn broken(text: &str) -> KeyProblem {
    let after = text.split_once(BEGIN).map(|(_, after)| after);
    match after {
        Some(after) if after.contains("-----END ") => ALTERED,
        _ => KeyProblem::PemNoEnd,
    }
}

/// The first block and what follows it.
fn first(text: &str) -> Option<(Block<'_>, &str)> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    let after = rest.strip_prefix(label)?.strip_prefix("-----")?;
    Some((Block { label, body }, after))
}

impl Block<'_> {
    /// In constant time, since it may be a private key, and only in memory that wipes itself.
    pub(crate) fn decode(&self) -> Result<SecretBytes, KeyProblem> {
        if self.label == "ENCRYPTED PRIVATE KEY" {
            return Err(KeyProblem::Encrypted);
        }
        self.decode_any()
    }

    /// RFC 7468 has no headers; OpenSSL's old form says in one that the key is encrypted.
    fn refuse_headers(&self) -> Result<(), KeyProblem> {
        if self.body.contains("Proc-Type: 4,ENCRYPTED") {
            Err(KeyProblem::OldPemEncryption)
        } else if self.body.contains(':') {
            Err(KeyProblem::PemHeaders)
        } else {
            Ok(())
        }
    }

    /// Whether there is a mark in front of each line, the one with END among them. No key in base64 starts with one.
    fn is_commented(&self) -> bool {
        let lines = self.body.lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty()).peekable();
        lines.peek().is_some()
            && lines.all(|line| line.starts_with(['#', '>', '*', ';']) || line.starts_with("//"))
    }

    /// Also what is encrypted.
    pub(crate) fn decode_any(&self) -> Result<SecretBytes, KeyProblem> {
        if self.is_commented() {
            return Err(KeyProblem::PemCommented);
        }
        self.refuse_headers()?;
        let mut packed = SecretBytes::zeroed(self.body.len());
        let mut len = 0_usize;
        let characters = Characters(self.body.bytes());
        for (place, character) in packed.as_mut().iter_mut().zip(characters) {
            *place = character;
            len = len.saturating_add(1);
        }
        packed.truncate(len);
        let mut der = SecretBytes::zeroed(len);
        let decoded = Base64::decode(packed.as_bytes(), der.as_mut())
            .map_err(|_| KeyProblem::NotPem)?
            .len();
        der.truncate(decoded);
        Ok(der)
    }
}

/// The characters of a body, without white space, and without escaped line ends: `\n` and `\r`, with any number of
/// backslashes.
struct Characters<I>(I);

impl<I: Iterator<Item = u8>> Iterator for Characters<I> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let mut is_escaped = false;
        loop {
            match self.0.next()? {
                b'\\' => is_escaped = true,
                b'n' | b'r' if is_escaped => is_escaped = false,
                character if character.is_ascii_whitespace() => is_escaped = false,
                character => return Some(character),
            }
        }
    }
}
