//! Hexadecimal digits as people and programs write them: with prefixes, and something between them.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;

use crate::diagnose::octets;

/// Hexadecimal digits without `0x`, in front of all or of each octet.
pub(crate) fn without_prefixes(text: &str) -> Option<SecretBytes> {
    let mut digits = SecretBytes::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let prefixes = [&b"(byte)"[..], b"0x", b"0X", b"\\x"];
        rest = if let Some(after) = prefixes.iter().find_map(|it| rest.strip_prefix(*it)) {
            after
        } else if first.is_ascii_hexdigit() || is_separator(*first) {
            // Writing to memory does not fail.
            let _ = digits.write_all(&[*first]);
            after
        } else {
            return None;
        };
    }
    (digits.as_bytes().len() < text.len()).then_some(digits)
}

/// Hexadecimal digits without the `h` that assemblers write after them.
pub(crate) fn without_suffix(text: &str) -> Option<&str> {
    let digits = text.strip_suffix(['h', 'H'])?;
    let is_hex = digits.len() > 2 && digits.len().is_multiple_of(2);
    (is_hex && digits.bytes().all(|octet| octet.is_ascii_hexdigit())).then_some(digits)
}

/// Hexadecimal digits without what separates them.
pub(crate) fn without_separators(text: &str) -> Option<SecretBytes> {
    let mut digits = text.bytes().filter(|octet| !is_separator(*octet));
    let is_separated = text.bytes().any(is_separator);
    (is_separated && digits.all(|octet| octet.is_ascii_hexdigit()))
        .then(|| octets::filtered(text.as_bytes(), |octet| !is_separator(octet)))
}

fn is_separator(octet: u8) -> bool {
    octet.is_ascii_whitespace() || b":-,".contains(&octet)
}
