//! Finds the messages in a text, whatever is around them and however they are escaped.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use serde_json::{Deserializer, Map, Value};

use crate::diagnose::capture_encoded::decoded;
use crate::diagnose::capture_escapes::{dereferenced, percent_decoded, unescaped};
use crate::diagnose::capture_words::{Start, from_start, is_start, runs, words};
use crate::diagnose::octets::BASE64URL;
use crate::diagnose::stripped::Stripped;
use crate::serialization::{self, BeyondCompact};

/// A message in a text, and what was removed within this text.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) message: String,
    pub(crate) stripped: Vec<Stripped>,
}

/// JSON in strings in JSON is followed to this depth, and so are encodings in encodings.
const MAX_DEPTH: usize = 4;

/// In a text with more braces that do not open JSON, the search for JSON ends: each may be deeply nested.
const MAX_FAILURES: usize = 4096;

/// The different messages in a text that look complete.
pub(crate) fn whole(text: &str) -> Vec<Found> {
    search(text, is_whole, 0)
}

/// The different messages in a text, whether the last part is cut off or not.
pub(crate) fn compact(text: &str) -> Vec<Found> {
    search(text, is_compact, 0)
}

/// Words that look like the start of a compact JWE or JWT, longest first.
pub(crate) fn words_in_parts(text: &str) -> Vec<String> {
    let mut words: Vec<String> = words(text, Start::AtJoint)
        .map(|word| word.replace('=', ""))
        .filter(|word| is_start(word) && word.contains('.'))
        .collect();
    words.sort_by_key(|word| core::cmp::Reverse(word.len()));
    words
}

/// Three parts; the first is base64url of a JSON object (RFC 7515 section 3.1), and not that of a JWE.
pub(crate) fn is_jws(word: &str) -> bool {
    let is_signed = |header: Map<String, Value>| !header.contains_key("enc");
    word.split('.').count() == 3 && header(word).is_some_and(is_signed)
}

/// The start of a compact JWE without its end.
pub(crate) fn is_cut_off(word: &str) -> bool {
    !is_jws(word) && header(word).is_some()
}

/// What remains of a JWE that is cut off: the number of its parts, and of characters in its tag.
pub(crate) fn left_over(text: &str) -> Option<(usize, usize)> {
    let is_encrypted = header(text)?.contains_key("enc");
    let parts = text.split('.').count();
    let tag = text.split('.').nth(4).unwrap_or_default().len();
    (is_encrypted && (parts < 5 || parts == 5 && tag < TAG_LEN)).then_some((parts, tag))
}

fn header(word: &str) -> Option<Map<String, Value>> {
    let header = word.split('.').next().unwrap_or_default();
    let json = BASE64URL.decode(header).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Five parts; the first may be the base64url of a JSON object.
fn is_compact(text: &str) -> bool {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet);
    let dots = text.bytes().filter(|octet| *octet == b'.').count();
    dots == 4 && is_start(text) && text.bytes().all(allowed)
}

/// A message, and nothing else.
pub(crate) fn is_alone(text: &str) -> bool {
    is_compact(text) && words(text, Start::AtJoint).eq([text])
}

/// Five parts with an authentication tag of a possible length, so not cut off by a line break.
fn is_whole(text: &str) -> bool {
    let tag = text.rsplit('.').next().unwrap_or_default();
    is_tag_len(tag.len()) && is_compact(text)
}

/// Characters in the tag of A256GCM.
pub(crate) const TAG_LEN: usize = 22;

/// base64url of 16, 24 and 32 octets.
fn is_tag_len(len: usize) -> bool {
    matches!(len, TAG_LEN | 32 | 43)
}

fn search(text: &str, is_one: fn(&str) -> bool, depth: usize) -> Vec<Found> {
    let mut stripped = Vec::new();
    let mut version = Cow::Borrowed(text);
    for change in [
        None,
        Some(Stripped::CharacterReferences),
        Some(Stripped::Escapes),
        Some(Stripped::PercentEncoding),
    ] {
        if let Some(change) = change {
            let changed = match change {
                Stripped::CharacterReferences => dereferenced(&version),
                Stripped::Escapes => unescaped(&version),
                _ => percent_decoded(&version),
            };
            let Some(changed) = changed else { continue };
            version = Cow::Owned(changed);
            stripped.push(change);
        }
        // The first letter of a message.
        if !version.contains('e') {
            continue;
        }
        let mut found = distinct([
            in_json(&version, is_one, depth),
            in_words(&version, Start::AtJoint, is_one),
        ]);
        if found.is_empty() {
            found = distinct([folded(&version, Start::AtJoint, is_one)]);
        }
        if !found.is_empty() {
            let add = |found: Found| Found {
                stripped: [stripped.as_slice(), &found.stripped].concat(),
                ..found
            };
            return found.into_iter().map(add).collect();
        }
    }
    if text.contains('e') {
        let glued = distinct([in_words(text, Start::Anywhere, is_one)]);
        if !glued.is_empty() {
            return glued;
        }
        let folded = distinct([folded(text, Start::Anywhere, is_one)]);
        if !folded.is_empty() {
            return folded;
        }
    }
    in_encoded(text, is_one, depth)
}

fn in_encoded(text: &str, is_one: fn(&str) -> bool, depth: usize) -> Vec<Found> {
    if depth >= MAX_DEPTH {
        return Vec::new();
    }
    let of_each = |(kind, text): (Stripped, String)| -> Vec<Found> {
        let found = search(&text, is_one, depth.saturating_add(1)).into_iter();
        let add = |mut found: Found| {
            found.stripped.insert(0, kind);
            found
        };
        found.map(add).collect()
    };
    distinct(decoded(text).into_iter().map(of_each))
}

/// The first of each message.
pub(crate) fn distinct(found: impl IntoIterator<Item = Vec<Found>>) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    found
        .into_iter()
        .flatten()
        .filter(|found| seen.insert(found.message.clone()))
        .collect()
}

fn in_words(text: &str, start: Start, is_one: fn(&str) -> bool) -> Vec<Found> {
    let mut all = Vec::new();
    for word in words(text, start).filter(|word| is_start(word)) {
        let message = word.replace('=', "");
        if is_one(&message) {
            let mut stripped: Vec<Stripped> = around(text, word).into_iter().collect();
            if message != word {
                stripped.push(Stripped::Padding);
            }
            all.push(Found { message, stripped });
        }
    }
    all
}

/// What the text around a message is.
fn around(text: &str, message: &str) -> Option<Stripped> {
    let text = text.trim();
    if text == message {
        None
    } else if text.trim_matches(['"', '\'', '`']) == message {
        Some(Stripped::Quotes)
    } else if text.starts_with(['{', '[']) {
        Some(Stripped::Json)
    } else {
        Some(Stripped::OtherText)
    }
}

/// In each JSON object of a text.
fn in_json(text: &str, is_one: fn(&str) -> bool, depth: usize) -> Vec<Found> {
    let mut all = Vec::new();
    each_object(text, |value| in_value(value, is_one, depth, &mut all));
    all
}

fn each_object(text: &str, mut look: impl FnMut(&Value)) {
    // Python prints a dictionary as JSON with other quotation marks.
    let is_python = text.contains('\'') && !text.contains('"');
    let text = if is_python {
        Cow::Owned(text.replace('\'', "\""))
    } else {
        Cow::Borrowed(text)
    };
    let mut rest = &*text;
    let mut failures = 0_usize;
    while let Some(start) = rest.find('{').filter(|_| failures < MAX_FAILURES) {
        let from_start = rest.get(start..).unwrap_or_default();
        let mut end = 1;
        let is_object = |inside: &str| inside.trim_start().starts_with(['"', '}']);
        if from_start.get(1..).is_some_and(is_object) {
            let mut values = Deserializer::from_str(from_start).into_iter::<Value>();
            if let Some(Ok(value)) = values.next() {
                look(&value);
                end = values.byte_offset();
            } else {
                failures = failures.saturating_add(1);
            }
        }
        rest = from_start.get(end..).unwrap_or_default();
    }
}

/// A JWE in JSON serialization that has no compact form, in a text or in what it holds as JSON.
pub(crate) fn beyond_compact(text: &str) -> Option<BeyondCompact> {
    fn of_value(value: &Value, depth: usize) -> Option<BeyondCompact> {
        let of_each = |value| of_value(value, depth);
        match value {
            Value::Object(object) => match serialization::compact(object) {
                Some(Err(beyond)) => Some(beyond),
                _ => object.values().find_map(of_each),
            },
            Value::Array(items) => items.iter().find_map(of_each),
            Value::String(text) if depth < MAX_DEPTH => of_text(text, depth.saturating_add(1)),
            _ => None,
        }
    }
    fn of_text(text: &str, depth: usize) -> Option<BeyondCompact> {
        let mut found = None;
        for version in [
            Some(text.to_owned()),
            dereferenced(text),
            unescaped(text),
            percent_decoded(text),
        ] {
            each_object(&version.unwrap_or_default(), |value| {
                found = found.or_else(|| of_value(value, depth));
            });
        }
        found
    }
    of_text(text, 0)
}

fn in_value(value: &Value, is_one: fn(&str) -> bool, depth: usize, all: &mut Vec<Found>) {
    let of_each = |values: &mut dyn Iterator<Item = &Value>| {
        let mut inside = Vec::new();
        for value in values {
            in_value(value, is_one, depth, &mut inside);
        }
        inside
    };
    let inside = match value {
        Value::Object(object) => {
            if let Some(Ok(message)) = serialization::compact(object)
                && is_one(&message)
            {
                all.push(Found {
                    message,
                    stripped: vec![Stripped::JsonSerialization],
                });
                return;
            }
            of_each(&mut object.values())
        }
        Value::Array(items) => of_each(&mut items.iter()),
        Value::String(text) if depth < MAX_DEPTH => search(text, is_one, depth.saturating_add(1)),
        _ => Vec::new(),
    };
    all.extend(inside.into_iter().map(|mut found| {
        if found.stripped.first() != Some(&Stripped::Json) {
            found.stripped.insert(0, Stripped::Json);
        }
        found
    }));
}

/// A message over several lines, or with other white space, quotation marks and plus signs in it, as in the source of
/// a program.
fn folded(text: &str, start: Start, is_one: fn(&str) -> bool) -> Vec<Found> {
    let found = |message: String| Found {
        message,
        stripped: vec![Stripped::LineBreaks],
    };
    let by_line: Vec<Found> = in_lines(text)
        .into_iter()
        .filter(|message| is_one(message))
        .map(found)
        .collect();
    if !by_line.is_empty() {
        return by_line;
    }
    let joined = joined(text);
    let words = words(&joined, start).map(|word| word.replace('=', ""));
    words.filter(|word| is_one(word)).map(found).collect()
}

/// A text without what is between the strings of a program. A plus sign within a word is kept.
fn joined(text: &str) -> String {
    let is_in_word = |c: &char| c.is_ascii_alphanumeric() || "-_.=+/".contains(*c);
    let mut joined = String::with_capacity(text.len());
    let mut is_after_word = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_kept = match character {
            '+' => is_after_word && characters.peek().is_some_and(is_in_word),
            '"' | '\'' | '`' | '>' | ',' => false,
            other => !other.is_whitespace(),
        };
        if is_kept {
            joined.push(character);
        }
        is_after_word = is_in_word(&character);
    }
    joined
}

/// Joins lines from one that ends with the start of a message, until a tag is complete.
fn in_lines(text: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let mut joined = Joined::default();
    for line in text.lines() {
        let mut runs = runs(line.trim()).filter(|run| !run.is_empty());
        let first = runs.next();
        let last = runs.next_back();
        if joined.dots == 4 {
            joined.push(first.unwrap_or_default().trim_end_matches('.'));
        } else if !joined.text.is_empty() {
            joined.push(first.unwrap_or_default());
        } else if let Some(start) = last.or(first).map(from_start).filter(|it| is_start(it)) {
            joined.push(start);
        }
        if joined.dots == 4 && is_tag_len(joined.tail) {
            messages.push(core::mem::take(&mut joined).text);
        } else if first.is_none() || joined.dots > 4 {
            joined = Joined::default();
        }
    }
    messages
}

/// The joined part of a message, without padding. It is counted along the way, as a message may be long.
#[derive(Default)]
struct Joined {
    text: String,
    dots: usize,
    /// Characters after the last dot.
    tail: usize,
}

impl Joined {
    fn push(&mut self, part: &str) {
        for character in part.chars().filter(|character| *character != '=') {
            if character == '.' {
                self.dots = self.dots.saturating_add(1);
                self.tail = 0;
            } else {
                self.tail = self.tail.saturating_add(1);
            }
            self.text.push(character);
        }
    }
}
