//! Answers with placeholders for values of the request.

use serde_json::{Map, Value};

use super::clock::rfc3339_millis;
use super::custom::Surroundings;
use super::random;

/// JSON in whose strings `{{…}}` is filled in.
pub(crate) enum Template {
    /// Null, a number, true or false.
    Fixed(Value),
    Text(Vec<Piece>),
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
}

pub(crate) enum Piece {
    Text(String),
    Place(Place),
}

pub(crate) enum Place {
    /// The request, or a value in it: names of members and numbers of items.
    Request(Vec<String>),
    Uuid,
    Now,
}

impl Template {
    pub(crate) fn parse(json: Value) -> Result<Self, String> {
        Ok(match json {
            Value::String(text) => Self::Text(pieces(&text)?),
            Value::Array(items) => {
                let items: Result<_, _> = items.into_iter().map(Self::parse).collect();
                Self::Array(items?)
            }
            Value::Object(members) => {
                let members = members.into_iter();
                let members = members.map(|(name, value)| Ok((name, Self::parse(value)?)));
                let members: Result<_, String> = members.collect();
                Self::Object(members?)
            }
            other => Self::Fixed(other),
        })
    }

    pub(crate) fn fill(&self, request: &Value, around: &Surroundings<'_>) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            // On its own, a placeholder keeps the type of its value.
            Self::Text(pieces) => match pieces.as_slice() {
                [Piece::Place(place)] => place.value(request, around, "null"),
                pieces => {
                    let texts = pieces.iter().map(|piece| match piece {
                        Piece::Text(text) => text.clone(),
                        Piece::Place(place) => match place.value(request, around, "nothing") {
                            Value::String(text) => text,
                            Value::Null => String::new(),
                            other => other.to_string(),
                        },
                    });
                    texts.collect::<String>().into()
                }
            },
            Self::Array(items) => items.iter().map(|it| it.fill(request, around)).collect(),
            Self::Object(members) => {
                let members = members.iter();
                let members = members.map(|(name, it)| (name.clone(), it.fill(request, around)));
                members.collect::<Map<_, _>>().into()
            }
        }
    }
}

impl Place {
    fn parse(name: &str) -> Result<Self, String> {
        let path = name.strip_prefix("request");
        match (name, path.map(|path| path.strip_prefix('.').ok_or(path))) {
            ("uuid", _) => Ok(Self::Uuid),
            ("now", _) => Ok(Self::Now),
            (_, Some(Err(""))) => Ok(Self::Request(Vec::new())),
            (_, Some(Ok(path))) if path.split('.').all(|name| !name.is_empty()) => {
                Ok(Self::Request(path.split('.').map(str::to_owned).collect()))
            }
            _ => Err(format!(
                "unknown placeholder {name:?}: expected request, request.MEMBER, uuid or now"
            )),
        }
    }

    /// `missing` replaces a value that the request does not have.
    fn value(&self, request: &Value, around: &Surroundings<'_>, missing: &str) -> Value {
        match self {
            // Without random numbers there is no answer.
            Self::Uuid => random::uuid().map_or(Value::Null, Value::from),
            Self::Now => rfc3339_millis(around.now).into(),
            Self::Request(path) => {
                let found = path.iter().try_fold(request, |value, name| match value {
                    Value::Object(members) => members.get(name),
                    Value::Array(items) => items.get(name.parse::<usize>().ok()?),
                    _ => None,
                });
                found.cloned().unwrap_or_else(|| {
                    let path = path.join(".");
                    (around.note)(format!(
                        "the request has no {path}, so the answer has {missing} there"
                    ));
                    Value::Null
                })
            }
        }
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .ok_or_else(|| "`{{` without `}}`".to_owned())?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Place(Place::parse(name.trim())?));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;

    fn fill(template: Value, request: &Value) -> (Value, Vec<String>) {
        let notes = RefCell::new(Vec::new());
        let around = Surroundings {
            now: 1_795_755_600_123,
            note: &|note| notes.borrow_mut().push(note),
        };
        let filled = Template::parse(template).unwrap().fill(request, &around);
        (filled, notes.into_inner())
    }

    #[test]
    fn values_keep_their_types_alone_and_are_text_within_text() {
        let request =
            json!({ "a": 9_007_199_254_740_993_u64, "b": ["x", { "c": true }], "d": "{{now}}" });
        let template = json!({
            "a": "{{request.a}}",
            "whole": "{{ request }}",
            "text": "{{request.a}} of {{request.b.1.c}}, {{request.d}}",
            "list": [1, null, "plain", "", "{{request.b.0}}"],
            "now": "{{now}}",
        });
        let (filled, notes) = fill(template, &request);
        assert_eq!(
            filled,
            json!({
                "a": 9_007_199_254_740_993_u64,
                "whole": request,
                "text": "9007199254740993 of true, {{now}}",
                "list": [1, null, "plain", "", "x"],
                "now": "2026-11-27T05:00:00.123Z",
            })
        );
        assert!(notes.is_empty());
        let (filled, notes) = fill(json!(["{{request.b.7}}", "<{{request.e}}>"]), &request);
        assert_eq!(filled, json!([null, "<>"]));
        assert_eq!(notes.len(), 2);
        assert!(notes[0].ends_with("has null there"), "{}", notes[0]);
        assert!(notes[1].ends_with("has nothing there"), "{}", notes[1]);
        let (filled, _) = fill(json!("{{uuid}}"), &request);
        assert_eq!(filled.as_str().unwrap().len(), 36);
    }

    #[test]
    fn unknown_placeholders_are_refused() {
        for text in [
            "{{",
            "{{now",
            "{{}}",
            "{{requests}}",
            "{{request.}}",
            "{{request.a..b}}",
            "{{time}}",
            "{{now.a}}",
        ] {
            assert!(Template::parse(json!({ "x": [text] })).is_err(), "{text}");
        }
    }
}
