//! Recognizes what a text or a DER structure is, so that an error can name it.

use der::asn1::AnyRef;
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};

use crate::error::KeyForm;

/// What bytes are, as far as the first elements of their DER show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DerForm {
    /// PrivateKeyInfo (RFC 5958).
    Pkcs8,
    /// EncryptedPrivateKeyInfo (RFC 5958 section 3).
    EncryptedPkcs8,
    /// RSAPrivateKey (RFC 8017 appendix A.1.2).
    Pkcs1,
    /// ECPrivateKey (RFC 5915).
    Sec1,
    /// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    Spki,
    /// RSAPublicKey (RFC 8017 appendix A.1.1).
    Pkcs1Public,
    /// Something that no reader of DER keys accepts.
    Other(KeyForm),
    Unknown,
}

impl DerForm {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        structure(bytes)
            .or_else(|| raw(bytes).map(Self::Other))
            .unwrap_or(Self::Unknown)
    }
}

fn structure(der: &[u8]) -> Option<DerForm> {
    let outer = AnyRef::from_der(der).ok()?;
    if outer.tag() != Tag::Sequence {
        return None;
    }
    let mut elements = SliceReader::new(outer.value()).ok()?;
    let first = AnyRef::decode(&mut elements).ok()?;
    let second = AnyRef::decode(&mut elements).ok()?;
    let third = AnyRef::decode(&mut elements).ok();
    let ends = elements.is_finished();
    let tags = (first.tag(), second.tag(), third.map(|third| third.tag()));
    Some(match (tags, first.value()) {
        ((Tag::Integer, Tag::Sequence, Some(Tag::OctetString)), [0 | 1]) => DerForm::Pkcs8,
        ((Tag::Integer, Tag::Integer, Some(_)), [0 | 1]) => DerForm::Pkcs1,
        ((Tag::Integer, Tag::OctetString, _), [1]) => DerForm::Sec1,
        ((Tag::Integer, Tag::Sequence, _), [3]) => DerForm::Other(KeyForm::Pkcs12),
        ((Tag::Integer, Tag::Integer, None), _) => DerForm::Pkcs1Public,
        ((Tag::Sequence, Tag::OctetString, None), algorithm) if is_password_based(algorithm) => {
            DerForm::EncryptedPkcs8
        }
        // An algorithm starts with the tag of an object identifier.
        ((Tag::Sequence, Tag::BitString, None), [6, ..]) => DerForm::Spki,
        ((Tag::Sequence, Tag::Sequence, Some(Tag::BitString)), content) if ends => {
            DerForm::Other(if is_request(content) {
                KeyForm::CertificateRequest
            } else {
                KeyForm::Certificate
            })
        }
        ((Tag::ObjectIdentifier, Tag::ContextSpecific { .. }, None), _) => {
            DerForm::Other(KeyForm::Pkcs7)
        }
        _ => return None,
    })
}

/// Below pkcs-5 (RFC 8018 appendix A) or pkcs-12PbeIds (RFC 7292 appendix C).
fn is_password_based(algorithm: &[u8]) -> bool {
    matches!(
        algorithm,
        [6, _, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5 | 12, ..]
    )
}

/// CertificationRequestInfo (RFC 2986 section 4.1): version 0, name, key, attributes. A certificate of
/// version 1 starts with its serial number and has names and dates in these places.
fn is_request(content: &[u8]) -> bool {
    let Ok(mut elements) = SliceReader::new(content) else {
        return false;
    };
    let mut tag = || {
        AnyRef::decode(&mut elements)
            .ok()
            .map(|element| element.tag())
    };
    let four = [tag(), tag(), tag(), tag()];
    matches!(
        four,
        [
            Some(Tag::Integer),
            Some(Tag::Sequence),
            Some(Tag::Sequence),
            Some(Tag::ContextSpecific { .. }) | None
        ]
    )
}

/// What is not DER at all.
fn raw(bytes: &[u8]) -> Option<KeyForm> {
    match bytes {
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => {
            return Some(KeyForm::JavaKeyStore);
        }
        [0xff, 0xfe, 0, 0, ..] => return Some(KeyForm::Utf32 { big_endian: false }),
        [0, 0, 0xfe, 0xff, ..] => return Some(KeyForm::Utf32 { big_endian: true }),
        [0xff, 0xfe, ..] => return Some(KeyForm::Utf16 { big_endian: false }),
        [0xfe, 0xff, ..] => return Some(KeyForm::Utf16 { big_endian: true }),
        [0x1e, 0xf1, 0xb5, 0xb0, ..] => return Some(KeyForm::Pvk),
        // BLOBHEADER with version 2, then CALG_RSA_KEYX or CALG_RSA_SIGN.
        [kind @ (6 | 7), 2, 0, 0, 0, 0xa4 | 0x24, 0, 0, ..] => {
            let private = *kind == 7;
            return Some(KeyForm::MsBlob { private });
        }
        _ => {}
    }
    if let Some(form) = core::str::from_utf8(bytes).ok().and_then(of_text) {
        return Some(form);
    }
    match (bytes.len(), bytes.first()) {
        (octets @ 65, Some(4 | 6 | 7)) | (octets @ 33, Some(2 | 3)) | (octets @ 64, _) => {
            Some(KeyForm::RawPublicPoint { octets })
        }
        (97, Some(4)) => Some(KeyForm::RawPrivateKey),
        // With the zero octet that keeps an integer of DER positive, as `openssl ec -text` writes it.
        (32, _) | (33, Some(0)) => Some(KeyForm::RawScalar),
        _ => compressed(bytes).map(|with| KeyForm::Compressed { with }),
    }
}

/// The command that decompresses what starts as compressed data does.
fn compressed(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0x1f, 0x8b, 8, ..] => "gzip -dc <",
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => "bzip2 -dc <",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz -dc <",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd -dc <",
        [b'P', b'K', 3, 4, ..] => "unzip -p",
        _ => return None,
    })
}

/// A text without the byte order mark that some editors put in front of UTF-8.
pub(crate) fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// What a text is.
pub(crate) fn of_text(text: &str) -> Option<KeyForm> {
    // ASCII in UTF-16 or UTF-32 without a byte order mark is UTF-8 too, with NULs beside each character.
    let first = text.as_bytes().first_chunk::<4>();
    match first.map(|it| it.map(|octet| octet == 0)) {
        Some([false, true, false, true]) => return Some(KeyForm::Utf16 { big_endian: false }),
        Some([true, false, true, false]) => return Some(KeyForm::Utf16 { big_endian: true }),
        Some([false, true, true, true]) => return Some(KeyForm::Utf32 { big_endian: false }),
        Some([true, true, true, false]) => return Some(KeyForm::Utf32 { big_endian: true }),
        _ => {}
    }
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    const OPENSSH: [&str; 3] = ["ssh-", "ecdsa-sha2-", "sk-"];
    if OPENSSH.iter().any(|prefix| start.starts_with(prefix)) {
        return Some(KeyForm::OpenSsh);
    }
    if start.contains("---- BEGIN SSH2 ") {
        return Some(KeyForm::Ssh2);
    }
    if start.starts_with("PuTTY-User-Key-File-") {
        return Some(KeyForm::Putty);
    }
    if let Some(private) = printed_by_openssl(start) {
        return Some(KeyForm::OpensslText { private });
    }
    if start.contains("-----BEGIN ") {
        return Some(KeyForm::Pem);
    }
    if start.lines().any(is_altered_boundary) {
        return Some(KeyForm::AlteredPem);
    }
    let object_in_array = |rest: &str| rest.trim_start().starts_with('{');
    match start.strip_prefix('[') {
        Some(rest) if object_in_array(rest) => Some(KeyForm::JwkArray),
        _ if start.starts_with('{') => Some(KeyForm::Jwk),
        _ if start.starts_with(['"', '\'']) => Some(KeyForm::QuotedText),
        _ if start.starts_with("<Buffer ") => Some(KeyForm::Decimal),
        _ if start.starts_with('<') => Some(KeyForm::Xml),
        _ if is_decimal(start) => Some(KeyForm::Decimal),
        _ => None,
    }
}

/// Whether it is a private key that openssl printed with `-text`, or a public one. With the key itself beside it, it is
/// PEM.
fn printed_by_openssl(text: &str) -> Option<bool> {
    let has = |name: &str| {
        let ends = |line: &str| line.trim_end().ends_with(name);
        text.lines()
            .any(|line| ends(line) || line.split_once(" (").is_some_and(|(start, _)| ends(start)))
    };
    let is_private = has("Private-Key:");
    let is_printed = !text.contains("-----BEGIN ") && (is_private || has("Public-Key:"));
    is_printed.then_some(is_private)
}

/// Whether a line is like the first or the last one of a PEM block of a key or a certificate, with whatever dashes,
/// marks and blanks.
fn is_altered_boundary(line: &str) -> bool {
    let words = line.trim_matches(|c: char| !c.is_alphanumeric());
    let Some((word, label)) = words.split_once(char::is_whitespace) else {
        return false;
    };
    let names = |word: &[u8]| {
        let mut parts = label.as_bytes().windows(word.len());
        parts.any(|found| found.eq_ignore_ascii_case(word))
    };
    (word.eq_ignore_ascii_case("BEGIN") || word.eq_ignore_ascii_case("END"))
        && (names(b"KEY") || names(b"CERTIFICATE"))
        && line.chars().filter(|c| is_dash(*c)).count() >= 2
}

/// A hyphen, or what is put in its place.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{ad}' | '\u{2010}'
            ..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    )
}

/// Digits, in one number or in several, as many as the private key of P-256 has or more.
fn is_decimal(text: &str) -> bool {
    const DIGITS: usize = 70;
    let is_part = |c: u8| c.is_ascii_digit() || c.is_ascii_whitespace() || b",-[]".contains(&c);
    text.bytes().all(is_part) && text.bytes().filter(u8::is_ascii_digit).count() >= DIGITS
}

/// What a PEM label names, if it is not one of those that are read.
pub(crate) fn of_label(label: &str) -> Option<KeyForm> {
    Some(match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => KeyForm::Certificate,
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => KeyForm::CertificateRequest,
        "OPENSSH PRIVATE KEY" => KeyForm::OpenSsh,
        "PKCS7" | "CMS" => KeyForm::Pkcs7,
        "PKCS12" => KeyForm::Pkcs12,
        "PUBLIC KEY" | "RSA PUBLIC KEY" => KeyForm::PublicKey,
        label if label.ends_with(" PARAMETERS") => KeyForm::Parameters,
        _ => return None,
    })
}
