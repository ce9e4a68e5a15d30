//! Removes the outermost wrapper of a secret.

use bankezy_crypto::SecretBytes;

use crate::diagnose::assignment::{
    assigned, behind_name, bracketed, list, quoted, without_comment,
};
use crate::diagnose::cleaning::Step;
use crate::diagnose::columns::{arguments, columns, numbers};
use crate::diagnose::encoding_terms::{BASE64_FILTER, BASE64URL_FILTER};
use crate::diagnose::hex_dump;
use crate::diagnose::hex_text::{without_prefixes, without_separators, without_suffix};
use crate::diagnose::invisible;
use crate::diagnose::json_value::{Inner, inner, of_python, unescaped};
use crate::diagnose::octets::{self, copied};
use crate::diagnose::secret_escapes::{byte_string, percent_decoded, without_bearer};
use crate::diagnose::secret_lines::{fields, lines};
use crate::diagnose::wrapper::{Wrapper, text};

/// A value without one thing that was around it.
pub(crate) struct Removed {
    pub(crate) wrapper: Wrapper,
    pub(crate) value: SecretBytes,
    pub(crate) step: Step,
}

impl Removed {
    /// The value is part of the outer one.
    fn cut(wrapper: Wrapper, outer: &[u8], inner: &[u8]) -> Self {
        Self {
            wrapper,
            value: copied(inner),
            step: Step::cut(outer, inner),
        }
    }
}

/// Removes the outermost wrapper. There is more than one value if JSON or lines have several candidates.
pub(crate) fn remove(value: &[u8]) -> Vec<Removed> {
    if let Some(text) = octets::from_utf32(value) {
        return vec![Removed {
            wrapper: Wrapper::Utf32,
            value: text,
            step: Step::Filter(match value {
                [0xff, 0xfe, ..] | [0, 0, 0xfe, ..] => "iconv -f UTF-32 -t UTF-8",
                [0, ..] => "iconv -f UTF-32BE -t UTF-8",
                _ => "iconv -f UTF-32LE -t UTF-8",
            }),
        }];
    }
    if let Some(text) = octets::from_utf16(value) {
        return vec![Removed {
            wrapper: Wrapper::Utf16,
            value: text,
            step: Step::Filter(match value {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "iconv -f UTF-16 -t UTF-8",
                [0, ..] => "iconv -f UTF-16BE -t UTF-8",
                _ => "iconv -f UTF-16LE -t UTF-8",
            }),
        }];
    }
    if let Some(rest) = value.strip_prefix(b"\xef\xbb\xbf") {
        return vec![Removed::cut(Wrapper::ByteOrderMark, value, rest)];
    }
    let Some(text) = text(value) else {
        return Vec::new();
    };
    if let Some(visible) = invisible::visible(text) {
        return vec![Removed {
            wrapper: Wrapper::InvisibleCharacters,
            value: visible,
            step: Step::Filter(invisible::FILTER),
        }];
    }
    if text.trim() != text {
        let trimmed = text.trim().as_bytes();
        let trimmed = Removed::cut(Wrapper::WhiteSpace, value, trimmed);
        return [trimmed].into_iter().chain(with_plus(text)).collect();
    }
    if let Some((octets, filter)) = hex_dump::undone(text) {
        return vec![Removed {
            wrapper: Wrapper::HexDump,
            value: octets,
            step: Step::Filter(filter),
        }];
    }
    let arguments = arguments(text);
    if !arguments.is_empty() {
        let arguments = arguments.into_iter();
        let cut = |text: &str| Removed::cut(Wrapper::Command, value, text.as_bytes());
        return arguments.map(cut).collect();
    }
    let fields = fields(text);
    if !fields.is_empty() {
        let fields = fields.into_iter();
        let fields = fields.map(|field| Removed::cut(Wrapper::Form, value, field.as_bytes()));
        return fields.collect();
    }
    let values = inner(text);
    if values.is_empty() {
        let lines = lines(text).into_iter();
        let lines = lines.map(|line| Removed::cut(Wrapper::OtherLines, value, line.as_bytes()));
        let columns = columns(text).into_iter();
        let columns = columns.map(|it| Removed::cut(Wrapper::Columns, value, it.as_bytes()));
        let of_text = python_object(text)
            .or_else(|| remove_from_text(text))
            .or_else(|| encoded(text));
        let all = of_text.into_iter().chain(lines).chain(columns);
        let with_plus = with_plus(text).or_else(|| with_plus_in_front(text));
        return all.chain(with_plus).collect();
    }
    let values = values.into_iter().map(|inner| match inner {
        Inner::Value(inner) => Removed::cut(Wrapper::Json, value, inner.as_bytes()),
        Inner::OctKey(key) => Removed::cut(Wrapper::OctJwk, value, key.as_bytes()),
    });
    values.collect()
}

/// What Python prints of an object, as JSON, if something in it may be the secret.
fn python_object(text: &str) -> Option<Removed> {
    let value = of_python(text)?;
    let is_object =
        core::str::from_utf8(value.as_bytes()).is_ok_and(|text| !inner(text).is_empty());
    is_object.then_some(Removed {
        wrapper: Wrapper::PythonObject,
        value,
        step: Step::Filter(
            "sed -e \"s/'/\\\"/g\" -e 's/: None/: null/g' -e 's/: True/: true/g' -e 's/: False/: false/g'",
        ),
    })
}

/// base64 with blanks in place of `+`: decoding a form or a query turns `+` into a blank.
fn with_plus(text: &str) -> Option<Removed> {
    if !text.contains(' ') {
        return None;
    }
    let mut value = copied(text.as_bytes());
    for octet in value.as_mut().iter_mut().filter(|octet| **octet == b' ') {
        *octet = b'+';
    }
    let decoded = octets::from_base64(value.as_bytes(), &octets::BASE64)?;
    // Fewer octets are not a secret, and words are base64 too.
    (decoded.as_bytes().len() >= 16).then_some(Removed {
        wrapper: Wrapper::Blanks,
        value,
        step: Step::Filter("tr ' ' '+'"),
    })
}

/// The same after a name, with a blank before it that was a `+`.
fn with_plus_in_front(text: &str) -> Option<Removed> {
    let value = behind_name(text)?;
    let mut values = [Some(value), value.strip_prefix(' ')].into_iter().flatten();
    let value = values.find(|value| value.starts_with(' ') && with_plus(value).is_some())?;
    Some(Removed::cut(
        Wrapper::Assignment,
        text.as_bytes(),
        value.as_bytes(),
    ))
}

/// The content of base64 or hex, if something is around the value in it too.
fn encoded(text: &str) -> Option<Removed> {
    let octets = text.as_bytes();
    let standard = || octets::from_base64(octets, &octets::BASE64);
    let url = || octets::from_base64(octets, &octets::BASE64URL);
    let all = [
        (Wrapper::Hex, octets::from_hex(octets), "xxd -r -p"),
        (Wrapper::Base64, standard(), BASE64_FILTER),
        (Wrapper::Base64, url(), BASE64URL_FILTER),
    ];
    all.into_iter().find_map(|(wrapper, value, filter)| {
        let value = value?;
        let inside = text_of_one_line(value.as_bytes())?;
        let is_wrapped = !inner(inside).is_empty()
            || assigned(inside).is_some()
            || quoted(inside).or_else(|| bracketed(inside)).is_some();
        is_wrapped.then_some(Removed {
            wrapper,
            value,
            step: Step::Filter(filter),
        })
    })
}

fn text_of_one_line(value: &[u8]) -> Option<&str> {
    let is_printed = |c: char| !c.is_control() || c.is_whitespace();
    text(value).filter(|text| text.chars().all(is_printed))
}

fn remove_from_text(text: &str) -> Option<Removed> {
    if let Some((value, filter)) = byte_string(text) {
        return Some(Removed {
            wrapper: Wrapper::ByteString,
            value,
            step: Step::Filter(filter),
        });
    }
    // JSON as a string, without the quotation marks.
    if text.starts_with(r#"{\""#)
        && let Some(value) = unescaped(text)
    {
        return Some(Removed {
            wrapper: Wrapper::Escapes,
            value,
            step: of_escapes(text),
        });
    }
    let in_place = [
        (Wrapper::MailQuote, text.strip_prefix("> ")),
        (Wrapper::Bearer, without_bearer(text)),
        (Wrapper::Brackets, list(text).or_else(|| numbers(text))),
        (Wrapper::Assignment, assigned(text)),
        (Wrapper::Comment, without_comment(text)),
        (Wrapper::FullStop, text.strip_suffix('.')),
        (Wrapper::Punctuation, text.strip_suffix([',', ';'])),
        (Wrapper::Quotes, quoted(text)),
        (Wrapper::Brackets, bracketed(text)),
        (Wrapper::HexSuffix, without_suffix(text)),
        (Wrapper::WrongPadding, without_padding(text)),
    ];
    let changed = || {
        [
            (
                Wrapper::HexPrefix,
                without_prefixes(text),
                Step::Filter(r"sed -e 's/(byte)//g' -e 's/0[xX]//g' -e 's/\\x//g'"),
            ),
            (
                Wrapper::Separators,
                without_separators(text),
                Step::Filter(r"tr -d ':, \t\n\f\r-'"),
            ),
            (
                Wrapper::PercentEncoding,
                percent_decoded(text),
                of_percent(text),
            ),
            (Wrapper::Escapes, unescaped(text), of_escapes(text)),
            (
                Wrapper::LineBreaks,
                without_white_space(text),
                Step::Filter(r"tr -d ' \t\n\f\r'"),
            ),
        ]
        .into_iter()
        .find_map(|(wrapper, value, step)| {
            let value = value?;
            Some(Removed {
                wrapper,
                value,
                step,
            })
        })
    };
    in_place
        .into_iter()
        .find_map(|(wrapper, rest)| Some(Removed::cut(wrapper, text.as_bytes(), rest?.as_bytes())))
        .or_else(changed)
}

/// A filter for the characters that base64 has encoded, if there are no others.
fn of_percent(text: &str) -> Step {
    let mut rest = text.split('%').skip(1);
    let is_known = |after: &str| {
        let digits = after.get(..2).unwrap_or_default();
        ["2b", "2f", "3d"]
            .iter()
            .any(|it| digits.eq_ignore_ascii_case(it))
    };
    if rest.all(is_known) {
        Step::Filter("sed -e 's/%2[Bb]/+/g' -e 's/%2[Ff]/\\//g' -e 's/%3[Dd]/=/g'")
    } else {
        Step::ByHand
    }
}

/// A filter for escapes that stand for the character after the backslash.
fn of_escapes(text: &str) -> Step {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let is_other = |next: char| next.is_ascii_alphanumeric() || next == '\n';
        if character == '\n' || character == '\\' && characters.next().is_none_or(is_other) {
            return Step::ByHand;
        }
    }
    Step::Filter(r"sed 's/\\\(.\)/\1/g'")
}

/// base64 without padding, if that is too long or too short.
fn without_padding(text: &str) -> Option<&str> {
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/-_".contains(&c);
    let unpadded = text.trim_end_matches('=');
    let is_wrong = unpadded.len() < text.len() && !text.len().is_multiple_of(4);
    (is_wrong && unpadded.len() > 2 && unpadded.bytes().all(is_base64)).then_some(unpadded)
}

fn without_white_space(text: &str) -> Option<SecretBytes> {
    let is_white_space = |octet: u8| octet.is_ascii_whitespace();
    text.bytes()
        .any(is_white_space)
        .then(|| octets::filtered(text.as_bytes(), |octet| !is_white_space(octet)))
}
