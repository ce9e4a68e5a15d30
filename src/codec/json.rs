//! A strict view of one JSON object (RFC 8259): no duplicate members, values parsed only on request.

use core::fmt;
use std::borrow::Cow;

use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object, borrowed from its text. Members keep their order.
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why a text is not such an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotObject {
    /// Not UTF-8, not JSON, or JSON of another type.
    Syntax,
    /// The text ends early.
    Truncated,
    /// A duplicate member.
    DuplicateMember,
    /// More than [`MAX_MEMBERS`] members.
    TooManyMembers,
}

/// No header or key of this profile has a third of it; it bounds memory and the search for duplicates.
pub(crate) const MAX_MEMBERS: usize = 64;

impl<'a> Object<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, NotObject> {
        let text = core::str::from_utf8(text).map_err(|_| NotObject::Syntax)?;
        let mut json = serde_json::Deserializer::from_str(text);
        let mut refused = None;
        let visitor = Members {
            refused: &mut refused,
        };
        let members = json
            .deserialize_map(visitor)
            .and_then(|members| json.end().map(|()| members));
        members.map(Self).map_err(|error| match refused {
            Some(reason) => reason,
            None if error.is_eof() => NotObject::Truncated,
            None => NotObject::Syntax,
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A member that must be a string if it is present; `Err` if it is something else.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, NotText> {
        match self.raw_text(name)? {
            None => Ok(None),
            Some(raw) if !raw.contains('\\') => Ok(Some(Cow::Borrowed(raw))),
            Some(_) => serde_json::from_str(self.raw(name).unwrap_or_default())
                .map(|text| Some(Cow::Owned(text)))
                .map_err(|_| NotText),
        }
    }

    /// The text between the quotes of a string member, escapes not resolved: for base64url, which has none, so that a
    /// secret is decoded without being copied.
    pub(crate) fn raw_text(&self, name: &str) -> Result<Option<&'a str>, NotText> {
        match self.raw(name) {
            None => Ok(None),
            Some(raw) => raw
                .strip_prefix('"')
                .and_then(|raw| raw.strip_suffix('"'))
                .map(Some)
                .ok_or(NotText),
        }
    }

    /// Names and JSON texts of the members, in their order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.get()))
    }

    /// The JSON text of a member of any type.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.value(name).map(RawValue::get)
    }

    fn value(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, value)| *value)
    }
}

/// A member is not a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotText;

struct Members<'r> {
    /// Why the object is refused, if not for its syntax.
    refused: &'r mut Option<NotObject>,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // Enough for a header or a key, so that it rarely grows.
        let mut members: Self::Value = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(Name)? {
            let reason = if members.iter().any(|(earlier, _)| *earlier == name) {
                NotObject::DuplicateMember
            } else if members.len() == MAX_MEMBERS {
                NotObject::TooManyMembers
            } else {
                members.push((name, map.next_value()?));
                continue;
            };
            *self.refused = Some(reason);
            return Err(A::Error::custom("refused"));
        }
        Ok(members)
    }
}

/// A member's name, borrowed if it has no escapes.
struct Name;

impl<'de> serde::de::DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_found_whatever_their_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"":1,"":2}"#,
        ] {
            let parsed = Object::parse(text.as_bytes()).map(drop);
            assert_eq!(parsed, Err(NotObject::DuplicateMember), "{text}");
        }
        assert!(Object::parse(br#"{"a":{"b":1},"b":{"b":1}}"#).is_ok());
    }

    #[test]
    fn members_are_bounded() {
        let object = |count: usize| {
            let members: Vec<String> = (0..count).map(|i| format!("\"{i}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(Object::parse(object(MAX_MEMBERS).as_bytes()).is_ok());
        let parsed = Object::parse(object(MAX_MEMBERS + 1).as_bytes()).map(drop);
        assert_eq!(parsed, Err(NotObject::TooManyMembers));
    }

    #[test]
    fn what_is_no_object_says_whether_it_was_cut() {
        for text in ["", "{", "{\"a", "{\"a\":", "{\"a\":1,", "{\"a\":[1"] {
            let parsed = Object::parse(text.as_bytes()).map(drop);
            assert_eq!(parsed, Err(NotObject::Truncated), "{text}");
        }
        for text in [
            "[]",
            "1",
            "null",
            "{}x",
            "{}{}",
            "{a:1}",
            "{\"a\":1,}",
            "\u{feff}{}",
        ] {
            let parsed = Object::parse(text.as_bytes()).map(drop);
            assert_eq!(parsed, Err(NotObject::Syntax), "{text}");
        }
        assert_eq!(
            Object::parse(b"{\"\xff\":1}").map(drop),
            Err(NotObject::Syntax)
        );
    }

    #[test]
    fn text_resolves_escapes_and_raw_text_does_not() {
        let object = Object::parse(br#"{"a":"x\u0041","b":1,"c":"plain"}"#).unwrap();
        assert_eq!(object.text("a").unwrap().as_deref(), Some("xA"));
        assert_eq!(object.raw_text("a"), Ok(Some(r"x\u0041")));
        assert_eq!(object.text("b"), Err(NotText));
        assert_eq!(object.raw_text("b"), Err(NotText));
        // Not copied.
        assert!(matches!(object.text("c"), Ok(Some(Cow::Borrowed("plain")))));
        assert_eq!(object.text("d"), Ok(None));
    }
}
