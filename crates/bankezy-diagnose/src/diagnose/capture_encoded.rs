//! Messages that are encoded once more as a whole, in base64 or hex.

use base64::Engine as _;

use crate::diagnose::octets::{self, BASE64, BASE64URL};
use crate::diagnose::stripped::Stripped;

/// No message is shorter in base64.
const SHORTEST: usize = 64;

/// The texts that are in a text as base64 or hex: the text itself without line ends, or else its
/// words.
pub(crate) fn decoded(text: &str) -> Vec<(Stripped, String)> {
    let is_encoded = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c);
    let is_one = text.chars().all(|c| is_encoded(c) || c.is_whitespace());
    if is_one {
        let unfolded: String = text.split_whitespace().collect();
        return of_word(&unfolded).into_iter().collect();
    }
    let words = text.split(|c| !is_encoded(c));
    words
        .filter(|word| word.len() >= SHORTEST)
        .filter_map(of_word)
        .collect()
}

fn of_word(word: &str) -> Option<(Stripped, String)> {
    // `name=value`
    let value = word.trim_end_matches('=').rsplit('=').next()?;
    if value.len() < SHORTEST {
        return None;
    }
    let in_hex = octets::from_hex(value.as_bytes());
    let text = in_hex.and_then(|octets| String::from_utf8(octets.as_bytes().to_vec()).ok());
    if let Some(text) = text {
        return Some((Stripped::Hex, text));
    }
    let octets = BASE64.decode(value).or_else(|_| BASE64URL.decode(value));
    let text = String::from_utf8(octets.ok()?).ok()?;
    Some((Stripped::Base64, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_decoded() {
        let text = "a text with more than sixty-four characters, in base64 or in hex";
        let base64 = BASE64.encode(text);
        let hex = octets::to_hex(text.as_bytes(), true);
        let hex = core::str::from_utf8(hex.as_bytes()).unwrap();
        for (written, kind) in [
            (base64.clone(), Stripped::Base64),
            (format!("body={base64}&a=b"), Stripped::Base64),
            (
                format!("{}\n{}\n", &base64[..40], &base64[40..]),
                Stripped::Base64,
            ),
            (format!("0: {hex}"), Stripped::Hex),
            (format!("{}\n{}\n", &hex[..60], &hex[60..]), Stripped::Hex),
        ] {
            assert_eq!(decoded(&written), [(kind, text.to_owned())], "{written}");
        }
        assert!(decoded("c2hvcnQ=").is_empty());
    }
}
