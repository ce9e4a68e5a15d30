//! From a capture as users paste it to the compact text of the message.

use std::borrow::Cow;

use crate::diagnose::capture_chunks::dechunked;
use crate::diagnose::capture_dump::{in_base64url, undone};
use crate::diagnose::capture_find::{
    Found, beyond_compact, compact, distinct, is_alone, is_cut_off, is_jws, whole, words_in_parts,
};
use crate::diagnose::capture_parts::{curl_data, http_bodies};
use crate::diagnose::invisible::visible;
use crate::diagnose::octets;
use crate::diagnose::stripped::Stripped;
use crate::serialization::BeyondCompact;

/// Why no message is chosen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    SeveralMessages { found: usize },
    Compressed,
    Jwt,
    Serialization(BeyondCompact),
}

/// The text of the message, and what was stripped. If no message is found, the text is what is left, so that reading
/// it says what is wrong.
pub(crate) fn read(captured: &[u8]) -> Result<(Cow<'_, [u8]>, Vec<Stripped>), Unclear> {
    let plain = captured.trim_ascii_end();
    if core::str::from_utf8(plain).is_ok_and(is_alone) {
        return Ok((plain.into(), Vec::new()));
    }
    let mut stripped = Vec::new();
    let utf32 = octets::from_utf32(captured).map(|text| (text, Stripped::Utf32));
    let converted = utf32.or_else(|| Some((octets::from_utf16(captured)?, Stripped::Utf16)));
    let mut text = captured;
    if let Some((converted, from)) = &converted {
        stripped.push(*from);
        text = converted.as_bytes();
    }
    if let Some(rest) = text.strip_prefix("\u{feff}".as_bytes()) {
        stripped.push(Stripped::ByteOrderMark);
        text = rest;
    }
    let mut text = String::from_utf8_lossy(text.trim_ascii());
    if let Some(visible) = visible(&text) {
        stripped.push(Stripped::InvisibleCharacters);
        let visible = String::from_utf8_lossy(visible.as_bytes());
        text = visible.trim().to_owned().into();
    }
    let all = [(Vec::new(), text.clone().into_owned())];
    let parts = parts(&text);
    let mut found = of(&parts, whole);
    if found.is_empty() {
        found = of(&without_dumps(&parts), whole);
    }
    if found.is_empty() {
        found = of(&parts, compact);
    }
    if found.is_empty() {
        let words = parts.iter().flat_map(|(_, part)| starts(part));
        if let Some(cut_off) = words.into_iter().find(|word| is_cut_off(word)) {
            return Ok((cut_off.into_bytes().into(), stripped));
        }
        let beyond = parts.iter().find_map(|(_, part)| beyond_compact(part));
        if let Some(beyond) = beyond.or_else(|| beyond_compact(&text)) {
            return Err(Unclear::Serialization(beyond));
        }
        // A token in a header is considered the message only if there is no other.
        found = of(&all, whole);
    }
    if found.is_empty() {
        found = of(&without_dumps(&all), whole);
    }
    if found.is_empty() {
        found = of(&all, compact);
    }
    match found.as_slice() {
        [] => {}
        [found] => {
            stripped.extend(&found.stripped);
            return Ok((found.message.clone().into_bytes().into(), stripped));
        }
        several => {
            let found = several.len();
            return Err(Unclear::SeveralMessages { found });
        }
    }
    let rest = parts
        .into_iter()
        .next()
        .map_or(text.into_owned(), |(_, part)| part);
    if captured.windows(GZIP.len()).any(|octets| octets == GZIP) {
        return Err(Unclear::Compressed);
    }
    let cut_off = starts(&rest);
    if cut_off.iter().any(|word| is_jws(word)) {
        return Err(Unclear::Jwt);
    }
    let rest = cut_off.into_iter().next().unwrap_or(rest);
    Ok((rest.trim().as_bytes().to_vec().into(), stripped))
}

/// How gzip starts (RFC 1952 section 2.3.1), with its only method.
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// Words that look like the start of a message, in either alphabet of base64.
fn starts(text: &str) -> Vec<String> {
    let mut starts = words_in_parts(text);
    starts.extend(
        in_base64url(text)
            .iter()
            .flat_map(|text| words_in_parts(text)),
    );
    starts.sort_by_key(|word| core::cmp::Reverse(word.len()));
    starts
}

/// A part of a capture, and what was removed to get it.
type Part = (Vec<Stripped>, String);

fn parts(text: &str) -> Vec<Part> {
    let of = |kind, parts: Vec<String>| parts.into_iter().map(move |part| (vec![kind], part));
    let mut parts: Vec<Part> = of(Stripped::HttpMessage, http_bodies(text))
        .chain(of(Stripped::CurlCommand, curl_data(text)))
        .collect();
    if parts.is_empty() {
        parts.push((Vec::new(), text.to_owned()));
    }
    for (removed, part) in &mut parts {
        if let Some(body) = dechunked(part) {
            removed.push(Stripped::ChunkSizes);
            *part = body;
        }
    }
    parts.retain(|(removed, _)| !removed.is_empty());
    parts
}

/// Parts that are dumps or logs, without what these add.
fn without_dumps(all: &[Part]) -> Vec<Part> {
    let mut undone_parts = Vec::new();
    for (removed, part) in all {
        for (kind, text) in undone(part) {
            let removed = [removed.as_slice(), &[kind]].concat();
            let inner = parts(&text);
            if inner.is_empty() {
                undone_parts.push((removed, text));
            } else {
                let add = |(more, part): Part| ([removed.as_slice(), &more].concat(), part);
                undone_parts.extend(inner.into_iter().map(add));
            }
        }
    }
    undone_parts
}

/// The different messages in some parts of a capture.
fn of(parts: &[Part], find: fn(&str) -> Vec<Found>) -> Vec<Found> {
    distinct(parts.iter().map(|(removed, part)| {
        let found = find(part).into_iter();
        let in_part = found.map(|found| Found {
            stripped: [removed.as_slice(), &found.stripped].concat(),
            ..found
        });
        in_part.collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEALED: &str = "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
    const OTHER: &str = "eyJhbGciOiJkaXIifQ..BBBB.BBBB.BBBBBBBBBBBBBBBBBBBBBB";
    const OBJECT: &str = r#"{"protected":"eyJhbGciOiJkaXIifQ","iv":"AAAA","ciphertext":"AAAA","tag":"AAAAAAAAAAAAAAAAAAAAAA"}"#;

    /// `MSG` is the message, `OTHER` another one, as tokens are, `OBJ` its JSON serialization, `STR` that
    /// as a JSON string, `FOLD` the message in lines, and `CHUNKS` in the chunks of an
    /// HTTP body, and `REF` with its dots as HTML may write them.
    fn with(capture: &str) -> String {
        let (start, end) = SEALED.split_at(30);
        let (middle, end) = end.split_at(6);
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        let chunks = [start, middle, end, ""].map(chunk).concat();
        capture
            .replace("MSG", SEALED)
            .replace("OTHER", OTHER)
            .replace("OBJ", OBJECT)
            .replace("STR", &serde_json::to_string(OBJECT).unwrap())
            .replace("FOLD", &format!("{start}\r\n{middle}\r\n {end}"))
            .replace("CHUNKS", &chunks)
            .replace("CUT", &format!("{start}\\\n{middle}\\\n{end}"))
            .replace("REF", &SEALED.replace('.', "&#46;"))
            .replace("LIT", &format!("{start}\\n{middle}\\n{end}"))
    }

    #[test]
    fn colours_and_characters_of_no_width_are_passed_over() {
        use Stripped::*;
        let split = "eyJhbG\u{200b}ciOiJkaXIifQ..AAAA.AA\u{1b}[0mAA.AAAAAAAAAAAAAAAAAAAAAA";
        for (capture, expected) in [
            (with("\u{1b}[1;32mMSG\u{1b}[0m"), vec![InvisibleCharacters]),
            (with("\u{2060}\"MSG\""), vec![InvisibleCharacters, Quotes]),
            (split.to_owned(), vec![InvisibleCharacters]),
        ] {
            let found = read(capture.as_bytes()).unwrap();
            assert_eq!(found, (SEALED.as_bytes().into(), expected), "{capture}");
        }
    }

    #[test]
    fn a_capture_is_read_as_it_was_pasted() {
        use Stripped::*;
        const HTTP: &str = "POST /a HTTP/1.1\r\nAuthorization: Bearer OTHER\r\n\r\n";
        const ANSWER: &str = "HTTP/1.1 200 OK\nX-Token: OTHER\n\n";
        const CURL: &str = "curl https://a.example/b.c \\\n -H 'Authorization: Bearer OTHER' \\\n ";
        for (capture, expected) in [
            ("MSG\r\n", vec![]),
            ("  MSG", vec![]),
            ("\"MSG\"", vec![Quotes]),
            ("\u{feff}'MSG'", vec![ByteOrderMark, Quotes]),
            (r#"{"body": "MSG", "id": 1}"#, vec![Json]),
            (
                r#"{"body": {"text": ["Bearer MSG"]}}"#,
                vec![Json, OtherText],
            ),
            (r#"{"a": "{\"b\": \"MSG\"}"}"#, vec![Json]),
            ("OBJ", vec![JsonSerialization]),
            ("\"OBJ\"", vec![JsonSerialization]),
            ("'OBJ'", vec![JsonSerialization]),
            ("body: OBJ", vec![JsonSerialization]),
            (r#"{"body": OBJ}"#, vec![Json, JsonSerialization]),
            (r#"{"body": STR}"#, vec![Json, JsonSerialization]),
            ("STR", vec![Escapes, JsonSerialization]),
            ("FOLD", vec![LineBreaks]),
            ("Message: FOLD\r\nEnd", vec![LineBreaks]),
            (r#""LIT""#, vec![Escapes, LineBreaks]),
            (r#"{"body": "LIT"}"#, vec![Json, LineBreaks]),
            ("CUT", vec![LineBreaks]),
            ("The server sent MSG.", vec![OtherText]),
            ("body=MSG&a=b", vec![OtherText]),
            ("body: MSG", vec![OtherText]),
            ("MSG,", vec![OtherText]),
            ("resp.body=MSG", vec![OtherText]),
            ("a.b.MSG.c", vec![OtherText]),
            ("msg_MSG_end", vec![OtherText]),
            ("bodyMSG", vec![OtherText]),
            (r#"{"a": "resp.body=MSG"}"#, vec![Json, OtherText]),
            ("msg_FOLD", vec![LineBreaks]),
            ("a.msg=FOLD_end", vec![LineBreaks]),
            ("CHUNKS", vec![ChunkSizes]),
            ("body=MSG%3D%3D&a=b", vec![OtherText]),
            ("<p>REF</p>", vec![CharacterReferences, OtherText]),
            (
                "{&quot;a&quot;:&quot;REF&quot;}",
                vec![CharacterReferences, Json],
            ),
            ("a=%7B%22b%22%3A%22MSG%22%7D", vec![PercentEncoding, Json]),
            (
                "eyJhbGciOiJkaXIifQ%3D%3D..AAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
                vec![PercentEncoding, Padding],
            ),
            (
                "eyJhbGciOiJkaXIifQ==..AAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA==",
                vec![Padding],
            ),
        ] {
            for (around, kind) in [
                ("MSG", None),
                (HTTP, Some(HttpMessage)),
                (ANSWER, Some(HttpMessage)),
                (CURL, Some(CurlCommand)),
            ] {
                let (captured, expected) = match kind {
                    None => (with(capture), expected.clone()),
                    Some(CurlCommand) => {
                        let quoted = with(capture).replace('\'', r"'\''");
                        (with(around) + "-d '" + &quoted + "'", expected.clone())
                    }
                    Some(_) => (with(around) + &with(capture) + "\r\n", expected.clone()),
                };
                // A byte order mark is at the start alone.
                if kind.is_some() && expected.first() == Some(&ByteOrderMark) {
                    continue;
                }
                let expected: Vec<_> = kind.into_iter().chain(expected).collect();
                let (text, found) = read(captured.as_bytes()).unwrap();
                let text = String::from_utf8_lossy(&text).into_owned();
                assert_eq!((text.as_str(), found), (SEALED, expected), "{captured}");
            }
        }
        let utf16: Vec<u8> = SEALED.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf16 = [b"\xff\xfe", utf16.as_slice()].concat();
        let (text, found) = read(&utf16).unwrap();
        assert_eq!((&*text, found), (SEALED.as_bytes(), vec![Utf16]));
        // A token alone, if nothing else can be meant.
        let token = with("GET / HTTP/1.1\nAuthorization: Bearer MSG\n\n");
        let (text, _) = read(token.as_bytes()).unwrap();
        assert_eq!(&*text, SEALED.as_bytes());
    }

    #[test]
    fn of_two_messages_none_is_chosen() {
        for capture in [
            "MSG OTHER",
            r#"{"a": "MSG", "b": "OTHER"}"#,
            r#"[OBJ, "OTHER"]"#,
            "POST / HTTP/1.1\n\nMSG\nHTTP/1.1 200 OK\n\nOTHER",
            "curl -d 'MSG' -d 'OTHER' https://a.example/",
        ] {
            let capture = with(capture);
            let found = read(capture.as_bytes());
            assert_eq!(
                found,
                Err(Unclear::SeveralMessages { found: 2 }),
                "{capture}"
            );
        }
        let twice = with("MSG and again MSG");
        let (text, _) = read(twice.as_bytes()).unwrap();
        assert_eq!(&*text, SEALED.as_bytes());
    }

    #[test]
    fn json_serializations_without_a_compact_form_are_named() {
        let aad = OBJECT.replace('}', r#","aad":"AAAA"}"#);
        let string = serde_json::to_string(&aad).unwrap();
        let expected = Err(Unclear::Serialization(BeyondCompact::AdditionalData));
        for capture in [
            aad.clone(),
            string.clone(),
            format!(r#"{{"a": [{aad}]}}"#),
            format!(r#"{{"body": {string}}}"#),
            with("POST / HTTP/1.1\nAuthorization: Bearer MSG\n\n") + &aad,
            with("curl -H 'Authorization: Bearer MSG' -d '") + &aad + "'",
        ] {
            assert_eq!(read(capture.as_bytes()), expected, "{capture}");
        }
    }

    #[test]
    fn what_is_no_message_is_left_as_it_is() {
        for (capture, text) in [
            (&b"\xff none"[..], "\u{fffd} none"),
            (b"HTTP/1.1 200 OK\nA: b.c.d\n\n{\"a\":1}", "{\"a\":1}"),
            (
                b"HTTP/1.1 200 OK\n\n{\"a\":\"eyJh..AAAA.AAAA\"}",
                "eyJh..AAAA.AAAA",
            ),
            (b"the eyJh..AAAA.AAAA.AAA", "eyJh..AAAA.AAAA.AAA"),
            (
                b"HTTP/1.1 200 OK\nToken: eyJh..AAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA\n\neyJhIjoxfQ..AAAA.AA",
                "eyJhIjoxfQ..AAAA.AA",
            ),
        ] {
            assert_eq!(&*read(capture).unwrap().0, text.as_bytes());
        }
        for capture in ["eyJhIjoxfQ.eyJhIjoxfQ.AAAA", "Bearer eyJhIjoxfQ..AAAA\n"] {
            assert_eq!(read(capture.as_bytes()), Err(Unclear::Jwt));
        }
    }
}
