//! Detects the form of a key file: DER of several structures, raw points, and hex or base64 of them. The library has
//! a constructor for each form and does not guess.

use std::io::Write as _;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{Error, KeyForm, KeyPair, KeyProblem, PublicKey, SecretBytes};

use crate::beside::{holds_private_key, sequence};
use crate::octet_text::{self, decoded, is_hex};
use crate::private_text::other_form;

/// What bytes are, judging by their structure.
enum Form<'a> {
    Pem(&'a str),
    Jwk(&'a str),
    Other(&'a [u8]),
}

impl<'a> Form<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let Ok(text) = str::from_utf8(bytes) else {
            return Self::Other(without_line_end(bytes));
        };
        let start = text.trim_start_matches('\u{feff}').trim();
        if text.contains("-----BEGIN ") {
            Self::Pem(text)
        } else if start.starts_with('{') {
            Self::Jwk(start)
        } else {
            Self::Other(bytes)
        }
    }
}

/// DER without the line end that an editor put after it.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let whole = sequence(bytes).and_then(|(len, inside)| {
        let (_, after) = inside.split_at_checked(len)?;
        let is_line_end = matches!(after, b"\n" | b"\r\n" | b"\r");
        is_line_end.then(|| bytes.len().saturating_sub(after.len()))
    });
    whole.and_then(|len| bytes.get(..len)).unwrap_or(bytes)
}

/// A private key: PEM or a JWK, also after other text or a byte order mark, PKCS#8, PKCS#1, SEC 1, X9.63, or hex or
/// base64 of one.
pub(crate) fn private_key(bytes: &[u8], backend: &Backend) -> Result<KeyPair, Error> {
    read_inside(bytes, |form| match form {
        Form::Pem(text) => KeyPair::from_pem_with_backend(text, backend),
        Form::Jwk(text) => KeyPair::from_jwk_with_backend(text, backend),
        Form::Other(bytes) => best([
            KeyPair::from_pkcs8_der_with_backend(bytes, backend),
            KeyPair::from_pkcs1_der_with_backend(bytes, backend),
            KeyPair::from_sec1_der_with_backend(bytes, backend),
            KeyPair::from_x963_with_backend(bytes, backend),
        ])
        .or_else(|error| match bytes.len() {
            96 => uncompressed(bytes, backend).map_err(|_| error),
            // Text such as `KEY=` with base64 behind it.
            _ if is_vague(&error) && is_text(bytes) => Err(KeyProblem::NotBase64.into()),
            _ => Err(error),
        }),
    })
}

fn is_text(bytes: &[u8]) -> bool {
    let is_text = |c: &u8| c.is_ascii_graphic() || c.is_ascii_whitespace();
    bytes.len() > 32 && bytes.iter().all(is_text)
}

/// X9.63 without the first octet, which means uncompressed.
fn uncompressed(bytes: &[u8], backend: &Backend) -> Result<KeyPair, Error> {
    let mut whole = SecretBytes::with_capacity(97);
    for part in [&[4], bytes] {
        // A SecretBytes takes whatever is written to it.
        let _ = whole.write_all(part);
    }
    KeyPair::from_x963_with_backend(whole.as_bytes(), backend)
}

/// A private key that is encrypted with a password: PKCS#8 as PEM or DER, or hex or base64 of one.
pub(crate) fn encrypted_private_key(
    bytes: &[u8],
    password: &[u8],
    backend: &Backend,
) -> Result<KeyPair, Error> {
    read_inside(bytes, |form| match form {
        Form::Pem(text) => KeyPair::from_encrypted_pem_with_backend(text, password, backend),
        Form::Jwk(_) => Err(KeyProblem::NotEncrypted.into()),
        Form::Other(bytes) => {
            KeyPair::from_encrypted_pkcs8_der_with_backend(bytes, password, backend)
        }
    })
}

/// Reads the octets in hex or base64, or else the bytes themselves.
fn read_inside<T>(
    bytes: &[u8],
    read: impl FnOnce(Form<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    match Form::of(bytes) {
        Form::Other(bytes) => match decoded(bytes) {
            Some(inside) => {
                read(Form::of(inside.as_bytes())).map_err(|error| outside(bytes, error))
            }
            None => read(Form::Other(bytes)),
        },
        form => read(form),
    }
}

/// What is wrong with a text that was read as hex or base64 and may be neither: both consist of letters and digits,
/// as other texts do.
fn outside(text: &[u8], error: Error) -> Error {
    let as_it_is = PublicKey::from_spki_der(text).err();
    match as_it_is.as_ref().and_then(other_form) {
        Some(found @ (KeyForm::AlteredPem | KeyForm::Decimal)) if is_vague(&error) => {
            KeyProblem::OtherForm { found }.into()
        }
        _ => error,
    }
}

/// A public key that is not text: in DER or as a point.
pub(crate) fn public_octets(bytes: &[u8]) -> Result<PublicKey, Error> {
    if holds_private_key(bytes) {
        return Err(KeyProblem::PrivateMember.into());
    }
    public_key(without_line_end(bytes))
}

fn public_key(bytes: &[u8]) -> Result<PublicKey, Error> {
    PublicKey::from_spki_der(bytes).or_else(|error| match other_form(&error) {
        Some(KeyForm::Certificate) => PublicKey::from_certificate_der(bytes),
        Some(KeyForm::Pkcs1PublicKey) => PublicKey::from_pkcs1_der(bytes),
        // Without the octet for uncompressed, like CryptoKit's `rawRepresentation`.
        Some(KeyForm::RawPublicPoint { octets: 64 }) => {
            PublicKey::from_x963(&[&[4], bytes].concat())
        }
        Some(KeyForm::RawPublicPoint { .. }) => PublicKey::from_x963(bytes),
        _ if is_point_and_scalar(bytes) => Err(KeyProblem::PrivateMember.into()),
        _ => Err(error),
    })
}

/// Whether it is a private key in X9.63 without the octet for uncompressed.
fn is_point_and_scalar(bytes: &[u8]) -> bool {
    let is_point = |point: &[u8]| PublicKey::from_x963(&[&[4], point].concat()).is_ok();
    bytes.len() == 96 && bytes.get(..64).is_some_and(is_point)
}

/// A public key in text: PEM, JWK, wire form, or hex or base64 of another form.
pub(crate) fn public_text(text: &str) -> Result<PublicKey, Error> {
    // A public key may be beside its private one.
    if holds_private_key(text.as_bytes()) {
        return Err(KeyProblem::PrivateMember.into());
    }
    match Form::of(text.as_bytes()) {
        Form::Pem(text) => PublicKey::from_pem(text),
        Form::Jwk(text) => PublicKey::from_jwk(text),
        Form::Other(bytes) => public_encoded(text).map_err(|error| outside(bytes, error)),
    }
}

/// A public key in wire form, or in hex or base64 of another form.
fn public_encoded(text: &str) -> Result<PublicKey, Error> {
    let bytes = text.as_bytes();
    // Hex is base64 as well, of arbitrary octets.
    if is_hex(bytes)
        && let Some(inside) = decoded(bytes)
    {
        return public_inside(inside.as_bytes());
    }
    PublicKey::from_wire(text).or_else(|error| {
        let Some(inside) = decoded(bytes) else {
            return Err(error);
        };
        let inside = inside.as_bytes();
        let is_other = matches!(Form::of(inside), Form::Other(_));
        // For octets that are not text, messages about JSON make no sense.
        let is_told = !is_about_the_wire(&error) && str::from_utf8(inside).is_ok();
        if is_other && is_told {
            return Err(error);
        }
        let is_less = |found: &Error| is_other && is_vague(found);
        public_inside(inside).map_err(|found| if is_less(&found) { error } else { found })
    })
}

/// A public key in hex or base64.
fn public_inside(inside: &[u8]) -> Result<PublicKey, Error> {
    match Form::of(inside) {
        Form::Pem(text) => PublicKey::from_pem(text),
        Form::Jwk(text) => PublicKey::from_jwk(text),
        Form::Other(bytes) => public_key(bytes),
    }
}

/// Whether it only says that the content is not in a wire form.
fn is_about_the_wire(error: &Error) -> bool {
    let is_about_base64 = matches!(
        error,
        Error::Key {
            problem: KeyProblem::NotBase64 | KeyProblem::NotAKey | KeyProblem::WireForm,
            ..
        }
    );
    let is_read = |form| {
        matches!(
            form,
            KeyForm::Certificate | KeyForm::Pkcs1PublicKey | KeyForm::RawPublicPoint { .. }
        )
    };
    is_about_base64 || other_form(error).is_some_and(is_read)
}

/// The first that could be read, or else the first error that says more than "not this structure".
fn best<T>(mut found: [Result<T, Error>; 4]) -> Result<T, Error> {
    let place = found
        .iter()
        .position(Result::is_ok)
        .or_else(|| {
            found
                .iter()
                .position(|found| found.as_ref().is_err_and(|error| !is_vague(error)))
        })
        .unwrap_or(0);
    found.swap(0, place);
    let [best, ..] = found;
    best
}

fn is_vague(error: &Error) -> bool {
    matches!(
        error,
        Error::Key {
            problem: KeyProblem::NotDer { .. } | KeyProblem::NotBase64 | KeyProblem::NotAKey,
            ..
        }
    )
}

/// For messages about the content of a file in hex or base64: the command that writes the octets, which other
/// commands read.
pub(crate) fn decoding(bytes: &[u8]) -> Option<String> {
    let Form::Other(bytes) = Form::of(bytes) else {
        return None;
    };
    octet_text::decoding(bytes)
}

#[cfg(test)]
mod tests {
    use bankezy_crypto::backend::AVAILABLE;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The forms of P-256 that need no other program to write: those of RFC 5915 and X9.63.
    fn forms(pair: &KeyPair) -> [Vec<u8>; 3] {
        let pkcs8 = pair.to_pkcs8_der().unwrap().as_bytes().to_vec();
        let curve = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        let (scalar, point) = (&pkcs8[36..68], &pkcs8[pkcs8.len() - 65..]);
        let sec1 = [&[0x30, 49, 2, 1, 1, 4, 32], scalar, &curve].concat();
        let x963 = [point, scalar].concat();
        [pkcs8, sec1, x963]
    }

    #[test]
    fn private_keys_are_found_in_every_form() {
        for backend in AVAILABLE {
            let pair = KeyPair::generate_with_backend(backend).unwrap();
            let is_found = |text: &[u8]| {
                let found = private_key(text, backend).unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(found.public_key(), pair.public_key());
            };
            for form in forms(&pair) {
                is_found(&form);
                is_found(hex(&form).to_uppercase().as_bytes());
                is_found(format!("{}\n", STANDARD.encode(&form)).as_bytes());
                is_found(URL_SAFE_NO_PAD.encode(&form).as_bytes());
            }
            let pem = pair.to_pem().unwrap();
            is_found(format!("Bag Attributes\n{}", pem.as_str()).as_bytes());
            is_found(format!("\u{feff}{}", pem.as_str()).as_bytes());
            is_found(format!("\u{feff}\n{}", pair.to_jwk().unwrap().as_str()).as_bytes());
            let public = pair.public_key().to_spki_der();
            let error = private_key(&public, backend).unwrap_err();
            assert!(error.to_string().contains("a public key"), "{error}");
            let utf16: Vec<u8> = pem
                .as_str()
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            let error = private_key(&utf16, backend).unwrap_err();
            assert!(error.to_string().contains("UTF-16"), "{error}");
        }
    }

    #[test]
    fn public_keys_are_found_in_every_form_and_private_ones_refused() {
        let pair = KeyPair::generate_with_backend(&AVAILABLE[0]).unwrap();
        let public = pair.public_key();
        let spki = public.to_spki_der();
        let point = spki[spki.len() - 65..].to_vec();
        for form in [spki, point[1..].to_vec(), point] {
            assert_eq!(public_key(&form).as_ref(), Ok(public));
            assert_eq!(public_text(&hex(&form)).as_ref(), Ok(public));
            assert_eq!(public_text(&STANDARD.encode(&form)).as_ref(), Ok(public));
        }
        for text in [
            public.to_wire(),
            format!("\u{feff}{}", public.to_pem()),
            format!("\u{feff} {}", public.to_jwk()),
        ] {
            assert_eq!(public_text(&text).as_ref(), Ok(public));
        }
        let refused = Error::from(KeyProblem::PrivateMember);
        for form in forms(&pair) {
            assert_eq!(public_key(&form).unwrap_err(), refused);
            assert_eq!(public_text(&hex(&form)).unwrap_err(), refused);
            assert_eq!(public_text(&STANDARD.encode(&form)).unwrap_err(), refused);
        }
        let pem = pair.to_pem().unwrap();
        assert_eq!(public_text(pem.as_str()).unwrap_err(), refused);
        let jwk = pair.to_jwk().unwrap();
        assert_eq!(public_text(jwk.as_str()).unwrap_err(), refused);
    }

    /// Hex is base64 too, and either may look like the start of JSON.
    #[test]
    fn points_whose_text_looks_like_json_are_found() {
        let mut wanted = vec![0x7b];
        wanted.extend(0xe0..=0xe9);
        for first in wanted {
            let is_such = |pair: &KeyPair| {
                let spki = pair.public_key().to_spki_der();
                spki[spki.len() - 64] == first
            };
            let mut pairs = std::iter::repeat_with(|| KeyPair::generate().unwrap());
            let pair = pairs.find(is_such).unwrap();
            let spki = pair.public_key().to_spki_der();
            let xy = &spki[spki.len() - 64..];
            for text in [hex(xy), STANDARD.encode(xy), URL_SAFE_NO_PAD.encode(xy)] {
                assert_eq!(public_text(&text).as_ref(), Ok(pair.public_key()), "{text}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_in_front_of_hex_or_base64_is_passed_over() {
        let pair = KeyPair::generate().unwrap();
        for form in forms(&pair) {
            for text in [hex(&form), STANDARD.encode(&form)] {
                let found = private_key(format!("\u{feff}{text}").as_bytes(), &AVAILABLE[0]);
                assert_eq!(found.unwrap().public_key(), pair.public_key());
            }
        }
    }
}
