//! Which form a key file is in, where nothing names it: DER of several structures, raw points, and hex or base64
//! of them. The library has a constructor for each form and guesses none.

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{Error, KeyForm, KeyPair, KeyProblem, PublicKey, SecretBytes};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A private key that does not start as PEM or a JWK does: either of them behind other text or a byte order
/// mark, PKCS#8, PKCS#1, SEC 1, X9.63, or hex or base64 of one.
pub(crate) fn private_key(bytes: &[u8], backend: &Backend) -> Result<KeyPair, Error> {
    if let Ok(text) = str::from_utf8(bytes) {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        if text.contains("-----BEGIN ") {
            return KeyPair::from_pem_with_backend(text, backend);
        } else if start.starts_with('{') {
            return KeyPair::from_jwk_with_backend(start, backend);
        }
    }
    let from = |bytes: &[u8]| {
        best([
            KeyPair::from_pkcs8_der_with_backend(bytes, backend),
            KeyPair::from_pkcs1_der_with_backend(bytes, backend),
            KeyPair::from_sec1_der_with_backend(bytes, backend),
            KeyPair::from_x963_with_backend(bytes, backend),
        ])
    };
    match decoded(bytes) {
        Some(inside) => from(inside.as_bytes()),
        None => from(bytes),
    }
}

/// A public key in DER or as a point.
pub(crate) fn public_key(bytes: &[u8]) -> Result<PublicKey, Error> {
    match PublicKey::from_spki_der(bytes) {
        Err(Error::Key {
            problem:
                KeyProblem::OtherForm {
                    found: KeyForm::Certificate,
                },
            ..
        }) => PublicKey::from_certificate_der(bytes),
        Err(Error::Key {
            problem:
                KeyProblem::OtherForm {
                    found: KeyForm::RawPublicPoint,
                },
            ..
        }) => match bytes.len() {
            // Without the octet that says uncompressed, as CryptoKit's `rawRepresentation`.
            64 => PublicKey::from_x963(&[&[4], bytes].concat()),
            _ => PublicKey::from_x963(bytes),
        },
        found => found,
    }
}

/// A public key in text: PEM, JWK, as it travels, or hex or base64 of another form.
pub(crate) fn public_text(text: &str) -> Result<PublicKey, Error> {
    if text.contains("-----BEGIN ") {
        return PublicKey::from_pem(text);
    }
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('{') {
        return PublicKey::from_jwk(start);
    }
    PublicKey::from_wire(text).or_else(|error| match decoded(text.as_bytes()) {
        Some(inside) => public_key(inside.as_bytes())
            .map_err(|inside| if is_vague(&inside) { error } else { inside }),
        None if text.contains('\0') => public_key(text.as_bytes()),
        None => Err(error),
    })
}

/// The first that was read, or else the first error that says more than "not this structure".
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

/// What hex or base64 holds, in memory that wipes itself.
fn decoded(text: &[u8]) -> Option<SecretBytes> {
    let mut packed: SecretBytes = text.to_vec().into();
    let mut len = 0;
    for character in text.iter().filter(|c| !c.is_ascii_whitespace()) {
        packed.as_mut()[len] = *character;
        len += 1;
    }
    let packed = &packed.as_bytes()[..len];
    if packed.len() < 64 {
        return None;
    }
    if packed.iter().all(u8::is_ascii_hexdigit) && packed.len().is_multiple_of(2) {
        let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
        let bytes: Vec<u8> = packed
            .chunks(2)
            .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
            .collect();
        return Some(bytes.into());
    }
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if packed.iter().any(|c| b"-_".contains(c)) {
        base64::alphabet::URL_SAFE
    } else {
        base64::alphabet::STANDARD
    };
    GeneralPurpose::new(&alphabet, config)
        .decode(packed)
        .ok()
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use bankezy_crypto::backend::AVAILABLE;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The forms of P-256 that no other program has to write: what RFC 5915 and X9.63 put in a row.
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
}
