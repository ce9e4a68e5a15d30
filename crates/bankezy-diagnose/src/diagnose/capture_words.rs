//! Cuts messages out of words that are joined with other text, such as `msg_eyJ…` or `response.body=eyJ…`.

use base64::Engine as _;
use serde_json::{Map, Value};

use crate::diagnose::octets::BASE64URL;

/// Whether it may be the base64url of a JSON object: of what starts with `{"`, or with white space in it.
pub(crate) fn is_start(text: &str) -> bool {
    text.starts_with("ey") || text.starts_with("ew")
}

/// Where in a run a message may start.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Start {
    /// At the start, or after `=`, `.`, `_` or `-`.
    AtJoint,
    /// After a letter or digit too. Of an escape such as `%22` the last characters are in the run.
    Anywhere,
}

/// The words of a text: messages, and whatever else may be the start of one and consists of the same characters, with
/// padding.
pub(crate) fn words(text: &str, start: Start) -> impl Iterator<Item = &str> {
    // There is no message elsewhere, and a close look at each of millions takes long.
    let has_start = |run: &&str| run.contains("ey") || run.contains("ew");
    // The full stop after a sentence.
    runs(text)
        .filter(has_start)
        .flat_map(move |run| of_run(run, start))
        .map(|word| word.trim_end_matches('.'))
}

/// The characters of messages in a row.
pub(crate) fn runs(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
    text.split(move |c: char| !allowed(c))
}

/// A run without what is in front of a message.
pub(crate) fn from_start(run: &str) -> &str {
    let start = header(run, Start::AtJoint)
        .map(|header| header.start)
        .or_else(|| {
            // The header may continue on the next line.
            let mut joints = run.match_indices(['=', '.', '_', '-']);
            let after = |(joint, _): (usize, &str)| joint.saturating_add(1);
            let is_start_at = |at: &usize| run.get(*at..).is_some_and(is_start);
            (!is_start(run))
                .then(|| joints.find_map(|joint| Some(after(joint)).filter(is_start_at)))
                .flatten()
        });
    run.get(start.unwrap_or(0)..).unwrap_or_default()
}

/// The messages of a run, or the run itself if no header is in it.
fn of_run(run: &str, start: Start) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = run;
    while let Some(header) = header(rest, start) {
        let from_start = rest.get(header.start..).unwrap_or_default();
        let end = end(from_start, header.tag_len);
        let (word, after) = from_start.split_at_checked(end).unwrap_or((from_start, ""));
        words.push(word);
        rest = after;
    }
    if words.is_empty() {
        words.push(from_start(run));
    }
    words
}

/// Where the five parts of a message end. What comes after a dot, after padding, or after a tag of full length
/// and `-` or `_`, is other text.
fn end(text: &str, tag_len: usize) -> usize {
    let Some((last_dot, _)) = text.match_indices('.').nth(3) else {
        return text.len();
    };
    let tag_start = last_dot.saturating_add(1);
    let tag = text.get(tag_start..).unwrap_or_default();
    let tag = tag.split('.').next().unwrap_or_default();
    let after_padding = tag
        .find('=')
        .and_then(|padding| tag.get(padding..)?.find(|c| c != '=')?.checked_add(padding));
    let tag = tag
        .get(..after_padding.unwrap_or(tag.len()))
        .unwrap_or_default();
    let is_longer = tag
        .get(tag_len..)
        .is_some_and(|rest| rest.starts_with(['-', '_']));
    tag_start.saturating_add(if is_longer { tag_len } else { tag.len() })
}

/// A protected header in a run.
struct Header {
    start: usize,
    /// The length of the tag that its `enc` asks for, in base64url.
    tag_len: usize,
}

/// Shorter parts than any header.
const MIN_HEADER: usize = 8;

/// Longer parts than any header.
const MAX_HEADER: usize = 16 * 1024;

fn header(run: &str, start: Start) -> Option<Header> {
    let mut part_start: usize = 0;
    for part in run.split('.') {
        let next_start = part_start.saturating_add(part.len()).saturating_add(1);
        // Most parts of a long run.
        if part.len() < MIN_HEADER {
            part_start = next_start;
            continue;
        }
        let unpadded = part.trim_end_matches('=');
        // `body=eyJ…`
        let name_len = unpadded
            .rfind('=')
            .map_or(0, |equals| equals.saturating_add(1));
        let value = unpadded.get(name_len..).unwrap_or_default();
        if let Some((at, json)) = object_at_the_end(value, start) {
            let enc = json.get("enc").and_then(Value::as_str).unwrap_or_default();
            return Some(Header {
                start: part_start.saturating_add(name_len).saturating_add(at),
                // RFC 7518 section 5.1.
                tag_len: match enc {
                    "A192CBC-HS384" => 32,
                    "A256CBC-HS512" => 43,
                    _ => 22,
                },
            });
        }
        part_start = next_start;
    }
    None
}

/// The base64url of a JSON object at the end of a text, and where it starts.
fn object_at_the_end(text: &str, start: Start) -> Option<(usize, Map<String, Value>)> {
    if !(MIN_HEADER..=MAX_HEADER).contains(&text.len()) {
        return None;
    }
    // Four characters are three octets, wherever they start.
    let mut found: Vec<_> = (0_usize..4)
        .filter_map(|shift| {
            let octets = BASE64URL.decode(text.get(shift..)?).ok()?;
            octets.chunks(3).enumerate().find_map(|(group, first)| {
                if !first.starts_with(b"{") {
                    return None;
                }
                let at = group.checked_mul(4)?.checked_add(shift)?;
                let before = text.get(..at)?;
                let is_joint = before.is_empty() || before.ends_with(['-', '_']);
                let json = octets.get(group.checked_mul(3)?..)?;
                let is_start = is_joint || start == Start::Anywhere;
                is_start.then(|| Some((at, serde_json::from_slice(json).ok()?)))?
            })
        })
        .collect();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..AA.BB.AAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_message_is_cut_out_of_the_text_that_it_is_joined_with() {
        for before in [
            "", "b=", "a.b=", "a=b=", "msg_", "x-y-", "a.b.", "eyes_", "ey.ew.",
        ] {
            for after in [
                "",
                "_end",
                "-1",
                ".json",
                "=",
                "==",
                "=x",
                "==.b",
                "..",
                "_0123456789",
            ] {
                let run = format!("{before}{MESSAGE}{after}");
                let found: Vec<_> = words(&run, Start::AtJoint)
                    .map(|word| word.replace('=', ""))
                    .collect();
                assert_eq!(found, [MESSAGE], "{run}");
            }
        }
        let glued = format!("key{MESSAGE}");
        for (start, found) in [(Start::Anywhere, MESSAGE), (Start::AtJoint, &glued)] {
            assert_eq!(words(&glued, start).collect::<Vec<_>>(), [found]);
        }
        let twice = format!("{MESSAGE}.{MESSAGE}");
        assert_eq!(
            words(&twice, Start::AtJoint).collect::<Vec<_>>(),
            [MESSAGE; 2]
        );
    }

    #[test]
    fn tags_have_the_length_of_their_algorithm() {
        for (enc, len) in [
            ("A192CBC-HS384", 32),
            ("A256CBC-HS512", 43),
            ("A128GCM", 22),
        ] {
            let header = BASE64URL
                .encode(format!(r#"{{"enc":"{enc}"}}"#))
                .replace('=', "");
            let message = format!("{header}..AA.BB.{}", "A".repeat(len));
            let run = format!("{message}_end");
            assert_eq!(words(&run, Start::AtJoint).collect::<Vec<_>>(), [&message]);
        }
    }

    #[test]
    fn other_words_are_left_whole() {
        for word in ["eyJh..AAAA.AAAA.AAA", "eyJhIjoxfQ.eyJhIjoxfQ.AAAA"] {
            assert_eq!(words(word, Start::AtJoint).collect::<Vec<_>>(), [word]);
        }
        assert_eq!(words("none a.b.c", Start::AtJoint).next(), None);
        // The start of a header.
        assert_eq!(from_start("resp.body=eyJhbGciOi"), "eyJhbGciOi");
        assert_eq!(from_start("msg_eyJhbGciOi"), "eyJhbGciOi");
    }
}
