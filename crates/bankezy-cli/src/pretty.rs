//! Text for people: JSON without secrets, long texts cut in the middle, times.

use std::fmt::{self, Write as _};
use std::time::Duration;

use bankezy_crypto::SecretBytes;
use http::Request;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Members whose values are secrets.
const SECRET: [&str; 4] = ["apiKey", "sdkApiKey", "secret", "sessionKey"];

/// Longest JSON that stays on one line, in characters.
const LINE: usize = 72;

/// Colours, if the output is a terminal.
pub(crate) struct Paint {
    pub(crate) colours: bool,
}

impl Paint {
    pub(crate) fn bold(&self, text: &str) -> String {
        self.code("1", text)
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        self.code("2", text)
    }

    pub(crate) fn green(&self, text: &str) -> String {
        self.code("32", text)
    }

    pub(crate) fn red(&self, text: &str) -> String {
        self.code("31", text)
    }

    fn cyan(&self, text: &str) -> String {
        self.code("36", text)
    }

    /// What a body looks like on the wire.
    pub(crate) fn wire(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body.trim_ascii());
        match text.chars().next() {
            _ if text.starts_with("eyJ") => self.cyan(&middle_cut(&text, 46, 6)),
            None => self.dim("nothing"),
            Some('{') => self.dim(&format!(
                "unencrypted JSON ({} characters)",
                text.chars().count()
            )),
            Some(_) => {
                let shown: String = text.chars().take(LINE).collect();
                self.dim(&format!("\"{}\", unencrypted", shown.escape_debug()))
            }
        }
    }

    fn code(&self, code: &str, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        // Each line on its own, so that no colour extends into the indentation of the next.
        let painted = |line| format!("\u{1b}[{code}m{line}\u{1b}[0m");
        text.lines().map(painted).collect::<Vec<_>>().join("\n")
    }
}

/// The head of a body: method and path, and headers with secrets, hidden.
pub(crate) fn call(request: &Request<SecretBytes>) -> String {
    let uri = request.uri();
    let mut text = format!("{} {}", request.method(), uri.path());
    let query = uri.query().into_iter().flat_map(|query| query.split('&'));
    for (place, pair) in query.enumerate() {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let mark = if place == 0 { '?' } else { '&' };
        // Writing to a String does not fail.
        let _ = write!(text, "\n{mark}{name}={}", hidden(value.len()));
    }
    for (name, value) in request.headers() {
        if value.is_sensitive() {
            let _ = write!(text, "\n{name}: {}", hidden(value.len()));
        }
    }
    text
}

fn hidden(length: usize) -> String {
    format!("(hidden, {length} characters)")
}

/// A text with its middle cut out if it is long.
fn middle_cut(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    if length <= head + tail + 16 {
        return text.to_owned();
    }
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…{end} ({length} characters)")
}

/// Such as `3.1 ms`.
pub(crate) fn time(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// Lines of at most `width` characters.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// JSON as it is written, in its own order: on one line if it fits, otherwise one member per line.
/// Secrets are hidden, long texts cut.
pub(crate) fn json(json: &[u8]) -> String {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(json) else {
        return "(not JSON)".to_owned();
    };
    let flat = value("", raw.get(), None);
    if flat.chars().count() <= LINE {
        flat
    } else {
        value("", raw.get(), Some(0))
    }
}

/// `indent` is that of the object, or `None` for all on one line.
fn value(name: &str, raw: &str, indent: Option<usize>) -> String {
    if let Ok(text) = serde_json::from_str::<String>(raw) {
        let length = text.chars().count();
        let shown = if SECRET.contains(&name) {
            hidden(length)
        } else if name == "token" {
            middle_cut(&text, 11, 0)
        } else {
            middle_cut(&text, 16, 8)
        };
        return serde_json::Value::from(shown).to_string();
    }
    let Ok(Members(members)) = serde_json::from_str(raw) else {
        return raw.to_owned();
    };
    let inner = indent.map(|indent| indent + 2);
    let members = members.iter().map(|(name, raw)| {
        let quoted = serde_json::Value::from(name.as_str());
        let separator = if inner.is_some() { ": " } else { ":" };
        format!("{quoted}{separator}{}", value(name, raw.get(), inner))
    });
    let members: Vec<String> = members.collect();
    match (indent, inner) {
        (Some(outer), Some(inner)) => {
            let (outer, inner) = (" ".repeat(outer), " ".repeat(inner));
            let members = members.join(&format!(",\n{inner}"));
            format!("{{\n{inner}{members}\n{outer}}}")
        }
        _ => format!("{{{}}}", members.join(",")),
    }
}

/// An object in its own order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}
