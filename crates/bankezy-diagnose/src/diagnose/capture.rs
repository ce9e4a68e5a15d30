//! From a capture as people paste it to the compact text of the message.

use core::fmt;
use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnose::octets;

/// What was removed or changed to get from a capture to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stripped {
    /// UTF-16 was converted.
    Utf16,
    /// A byte order mark.
    ByteOrderMark,
    /// A JWE in its JSON serialization was written as compact text.
    JsonSerialization,
    /// JSON around the message.
    Json,
    /// The rest of an HTTP request or response.
    HttpMessage,
    /// A curl command.
    CurlCommand,
    /// Quotation marks.
    Quotes,
    /// Other text around the message.
    OtherText,
    /// Line breaks and other white space within the message.
    LineBreaks,
    /// Padding (`=`) after parts of the message.
    Padding,
}

/// The text of the message, and what was stripped. Where no message is found, the text is what is left,
/// so that reading it says what is wrong.
pub(crate) fn read(captured: &[u8]) -> (Cow<'_, [u8]>, Vec<Stripped>) {
    let mut stripped = Vec::new();
    let plain = captured.trim_ascii_end();
    if is_compact(plain) {
        return (plain.into(), stripped);
    }
    let converted = octets::from_utf16(captured);
    let mut text = converted.as_ref().map_or(captured, |text| {
        stripped.push(Stripped::Utf16);
        text.as_bytes()
    });
    if let Some(rest) = text.strip_prefix("\u{feff}".as_bytes()) {
        stripped.push(Stripped::ByteOrderMark);
        text = rest;
    }
    let text = String::from_utf8_lossy(text.trim_ascii());
    if let Some(compact) = from_json_serialization(&text) {
        stripped.push(Stripped::JsonSerialization);
        return (compact.into_bytes().into(), stripped);
    }
    let mut found = only_compact(&text).map(str::to_owned);
    if let Some(found) = &found {
        stripped.extend(around(&text, found));
    } else {
        let joined: String = text.split_whitespace().collect();
        found = only_compact(&joined).map(str::to_owned);
        if found.is_some() {
            stripped.push(Stripped::LineBreaks);
        }
    }
    let Some(found) = found else {
        return (text.into_owned().into_bytes().into(), stripped);
    };
    let unpadded = found.replace('=', "");
    if unpadded != found {
        stripped.push(Stripped::Padding);
    }
    (unpadded.into_bytes().into(), stripped)
}

/// Five parts, of which the first is the base64url of what starts with `{"`, or with white space in it.
fn is_compact(text: &[u8]) -> bool {
    let allowed = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.".contains(octet);
    let dots = text.iter().filter(|octet| **octet == b'.').count();
    dots == 4 && (text.starts_with(b"ey") || text.starts_with(b"ew")) && text.iter().all(allowed)
}

/// The message in a text, where there is one and no other.
fn only_compact(text: &str) -> Option<&str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
    let found: BTreeSet<&str> = text
        .split(|c: char| !allowed(c))
        // `body=eyJ…` of a form, and the full stop after a sentence.
        .map(|word| word.trim_end_matches('.'))
        .map(|word| match word.split_once('=') {
            Some((name, value)) if !name.contains('.') && value.starts_with('e') => value,
            _ => word,
        })
        .filter(|word| is_compact(word.replace('=', "").as_bytes()))
        .collect();
    match found.len() {
        1 => found.first().copied(),
        _ => None,
    }
}

/// What the text around a message is.
fn around(text: &str, message: &str) -> Option<Stripped> {
    if text == message {
        return None;
    }
    let line = text.lines().next().unwrap_or_default();
    Some(if text.trim_matches(['"', '\'', '`']) == message {
        Stripped::Quotes
    } else if line.trim_start_matches("$ ").starts_with("curl ") {
        Stripped::CurlCommand
    } else if line.starts_with("HTTP/") || line.contains(" HTTP/") {
        Stripped::HttpMessage
    } else if text.starts_with(['{', '[']) {
        Stripped::Json
    } else {
        Stripped::OtherText
    })
}

/// RFC 7516 section 7.2, flattened or with one recipient, without unprotected headers.
fn from_json_serialization(text: &str) -> Option<String> {
    let object: Value = serde_json::from_str(text).ok()?;
    let member = |name| object.get(name).and_then(Value::as_str);
    let of_recipient = || object.pointer("/recipients/0/encrypted_key")?.as_str();
    let key = member("encrypted_key").or_else(of_recipient);
    let parts = [
        member("protected")?,
        key.unwrap_or_default(),
        member("iv")?,
        member("ciphertext")?,
        member("tag")?,
    ];
    Some(parts.join("."))
}

impl fmt::Display for Stripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf16 => "UTF-16 instead of UTF-8",
            Self::ByteOrderMark => "a byte order mark",
            Self::JsonSerialization => "the JSON serialization of a JWE",
            Self::Json => "JSON around the message",
            Self::HttpMessage => "an HTTP message around the body",
            Self::CurlCommand => "a curl command",
            Self::Quotes => "quotation marks",
            Self::OtherText => "text around the message",
            Self::LineBreaks => "white space within the message",
            Self::Padding => "padding (`=`)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEALED: &str = "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA";

    #[test]
    fn a_capture_is_read_as_it_was_pasted() {
        use Stripped::*;
        let utf16: Vec<u8> = SEALED.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with = |capture: &str| capture.replace("MSG", SEALED).into_bytes();
        for (captured, stripped) in [
            (with("MSG\r\n"), vec![]),
            (with("  MSG"), vec![]),
            (with("\"MSG\""), vec![Quotes]),
            (with("\u{feff}'MSG'"), vec![ByteOrderMark, Quotes]),
            ([b"\xff\xfe", utf16.as_slice()].concat(), vec![Utf16]),
            (with(r#"{"body": "MSG", "id": 1}"#), vec![Json]),
            (
                br#"{"protected":"eyJhbGciOiJkaXIifQ","iv":"AAAA","ciphertext":"AAAA","tag":"AAAA"}"#.to_vec(),
                vec![JsonSerialization],
            ),
            (
                with("POST /a HTTP/1.1\r\nAuthorization: Bearer eyJh.eyJi.c\r\n\r\nMSG\r\n"),
                vec![HttpMessage],
            ),
            (with("HTTP/1.1 200 OK\nA: b\n\nMSG"), vec![HttpMessage]),
            (with("curl -d 'MSG' https://example.org/a.b.c"), vec![CurlCommand]),
            (with("The server sent MSG."), vec![OtherText]),
            (with("body=MSG&a=b"), vec![OtherText]),
            (b"eyJhbGci\r\n OiJkaXIifQ..AAAA.AA\r\nAA.AAAA\r\n".to_vec(), vec![LineBreaks]),
            (b"eyJhbGciOiJkaXIifQ==..AAAA.AAAA.AAAA".to_vec(), vec![Padding]),
        ] {
            let shown = String::from_utf8_lossy(&captured).into_owned();
            let (text, found) = read(&captured);
            let text = String::from_utf8_lossy(&text).into_owned();
            assert_eq!((text.as_str(), found), (SEALED, stripped), "{shown}");
        }
    }

    #[test]
    fn of_two_messages_none_is_chosen() {
        let other = SEALED.replace("AAAA", "BBBB");
        let both = format!("{SEALED} {other}");
        assert_eq!(*read(both.as_bytes()).0, *both.as_bytes());
        assert_eq!(*read(b"\xff none").0, *"\u{fffd} none".as_bytes());
    }
}
