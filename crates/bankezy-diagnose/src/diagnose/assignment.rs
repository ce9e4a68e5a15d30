//! What is around a value in a line of a settings file, a shell or a program.

/// The shortest value that is considered a secret if its name does not say so.
pub(crate) const LONG: usize = 22;

/// A text without the quotation marks around it.
pub(crate) fn quoted(text: &str) -> Option<&str> {
    // What Python prints of octets.
    let text = match text.strip_prefix('b') {
        Some(rest) if rest.starts_with(['"', '\'']) => rest,
        _ => text,
    };
    in_any(
        text,
        [
            ('"', '"'),
            ('\'', '\''),
            ('`', '`'),
            ('\u{201c}', '\u{201d}'),
            ('\u{2018}', '\u{2019}'),
        ],
    )
}

/// A text without the brackets or XML tags around it.
pub(crate) fn bracketed(text: &str) -> Option<&str> {
    in_tags(text)
        .or_else(|| in_named(text))
        .or_else(|| in_any(text, [('<', '>'), ('{', '}'), ('[', ']'), ('(', ')')]))
}

fn in_any<const N: usize>(text: &str, marks: [(char, char); N]) -> Option<&str> {
    let mut marks = marks.into_iter();
    marks.find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close))
}

fn in_tags(text: &str) -> Option<&str> {
    // As settings of .NET have it.
    if let Some(tag) = text.strip_prefix('<').and_then(|it| it.strip_suffix("/>")) {
        let (_, value) = tag.split_once(" value=\"")?;
        return value.split_once('"').map(|(value, _)| value);
    }
    let (_, rest) = text.strip_prefix('<')?.split_once('>')?;
    let (inside, end) = rest.rsplit_once("</")?;
    end.ends_with('>').then_some(inside)
}

/// What Node prints of octets, and SQL.
fn in_named(text: &str) -> Option<&str> {
    let mut marks = [("<Buffer ", ">"), ("x'", "'"), ("X'", "'")].into_iter();
    marks.find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close))
}

/// The octets of a list in a program, such as `new byte[] {0x01, 0x02}`.
pub(crate) fn list(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('{')?;
    let (inside, _) = rest.rsplit_once('}')?;
    inside.contains("0x").then_some(inside)
}

/// The value of `NAME=value`, `export NAME=value;`, `$env:NAME = value`, `const NAME = value`,
/// `name: value`, `"name": "value",`, `'name' => 'value'`, `:name => 'value'`, `name -> value` or
/// `define('NAME', 'value');`.
pub(crate) fn assigned(text: &str) -> Option<&str> {
    if let Some(arguments) = text.strip_prefix("define(") {
        let (_, value) = arguments.split_once(',')?;
        let value = value.trim_end_matches([';', ' ']).strip_suffix(')')?;
        return Some(value.trim());
    }
    let value = behind_name(text)?.trim();
    let value = value.trim_end_matches([',', ';']).trim_end();
    (!value.is_empty()).then_some(value)
}

/// The same with the blanks and the punctuation around it.
pub(crate) fn behind_name(text: &str) -> Option<&str> {
    let is_powershell = text
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("$env:"));
    let start = if is_powershell { text.get(5..)? } else { text };
    // A symbol of Ruby.
    let start = start.strip_prefix(':').unwrap_or(start);
    let (names, value) = match named_by_a_word(start) {
        Some(named) => named,
        None => {
            let mut arrows = ["->", "\u{2192}", "\u{21d2}"].iter();
            let arrow = arrows.find_map(|arrow| start.split_once(arrow));
            arrow.or_else(|| start.split_once(['=', ':']))?
        }
    };
    let names = names.trim();
    let names = quoted(names).unwrap_or(names);
    // Before a name, words such as `export`, `const` and `String`.
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.$&".contains(c);
    let name = names.split_whitespace().next_back()?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && names.split_whitespace().flat_map(str::chars).all(is_word);
    let value = value.trim_start_matches(['=', '>']);
    // What is behind the padding of a base64 text is not a value, nor is the rest of digits with colons.
    let is_behind =
        value.starts_with([',', ';']) || value.strip_prefix(' ').is_some_and(is_comment);
    (is_name && !is_behind && !is_digits_with_colons(text)).then_some(value)
}

/// Name and value after a word, separated by a blank: `setx NAME value`, and `ENV NAME value` of a Dockerfile.
fn named_by_a_word(text: &str) -> Option<(&str, &str)> {
    const WORDS: [&str; 5] = ["setx ", "ENV ", "setenv ", "set -x ", "set -gx "];
    let is_word = |word: &&&str| {
        let start = text.get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let word = WORDS.iter().find(is_word)?;
    let named = text.get(word.len()..)?.trim_start().split_once(' ');
    named.filter(|(name, _)| !name.contains('='))
}

fn is_digits_with_colons(text: &str) -> bool {
    text.bytes()
        .all(|octet| octet.is_ascii_hexdigit() || octet == b':')
}

/// A value without the comment after it. In quotation marks, nothing is a comment.
pub(crate) fn without_comment(text: &str) -> Option<&str> {
    if let Some(quote @ ('"' | '\'' | '`')) = text.chars().next() {
        let closing = text.char_indices().skip(1).find(|(_, c)| *c == quote)?.0;
        let (value, rest) = text.split_at_checked(closing.saturating_add(1))?;
        let rest = rest.trim_start_matches([' ', '\t', ',', ';']);
        return (rest.starts_with('#') || rest.starts_with("//")).then_some(value);
    }
    let is_before = |(at, _): &(usize, &str)| {
        let behind = text.get(at.saturating_add(1)..);
        behind.is_some_and(is_comment)
    };
    let (start, _) = text.match_indices([' ', '\t']).find(is_before)?;
    text.get(..start).map(str::trim_end)
}

/// Whether a comment starts here. base64 may start with `//` too, and continues without a blank.
fn is_comment(text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let word = text.split_whitespace().next().unwrap_or_default();
    let word = word.trim_end_matches([',', ';']);
    let is_value = word.len() >= LONG && word.chars().all(is_base64);
    text.starts_with('#') || text.starts_with("//") && !is_value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_assignment() {
        for (line, value) in [
            ("NAME=v", Some("v")),
            ("export NAME=v", Some("v")),
            ("export NAME=\"v\";", Some("\"v\"")),
            ("$env:NAME = \"v\"", Some("\"v\"")),
            ("$ENV:name='v'", Some("'v'")),
            ("$secret = 'v';", Some("'v'")),
            ("set NAME=v", Some("v")),
            ("setx NAME \"v\"", Some("\"v\"")),
            ("ENV NAME v", Some("v")),
            ("env NAME=v", Some("v")),
            ("setenv NAME v", Some("v")),
            ("set -gx NAME v", Some("v")),
            ("const name = `v`", Some("`v`")),
            ("private static final String NAME = \"v\";", Some("\"v\"")),
            ("bank.payload-secret: v", Some("v")),
            ("\"name\": \"v\",", Some("\"v\"")),
            ("'name' => 'v',", Some("'v'")),
            ("name := v", Some("v")),
            ("a name -> v", Some("v")),
            (":name=>\"v\"", Some("\"v\"")),
            ("define('NAME', 'v');", Some("'v'")),
            ("name \u{2192} v", Some("v")),
            ("NAME=v # w", Some("v # w")),
            (
                "name: //9jcmV0c2VjcmV0c2VjcmV0",
                Some("//9jcmV0c2VjcmV0c2VjcmV0"),
            ),
            (
                "name -> //9jcmV0c2VjcmV0c2VjcmV0; // w",
                Some("//9jcmV0c2VjcmV0c2VjcmV0; // w"),
            ),
            ("c2VjcmV0= // of the bank", None),
            ("c2VjcmV0= //https://host/path-of-the-bank", None),
            ("c2VjcmV0==", None),
            ("c2VjcmV0=", None),
            ("c2VjcmV0== # a comment", None),
            ("c2VjcmV0=;", None),
            ("ab:cd", None),
            ("a sentence, with: a colon", None),
            ("=v", None),
        ] {
            assert_eq!(assigned(line), value, "{line}");
        }
    }

    #[test]
    fn what_is_in_marks_tags_and_lists() {
        for (text, inside) in [
            ("'v'", Some("v")),
            ("b\"v\"", Some("v")),
            ("<secret id='1'>v</secret>", Some("v")),
            ("<v>", Some("v")),
            ("<add key=\"Secret\" value=\"v\"/>", Some("v")),
            ("<add key=\"Secret\" value=\"v\" />", Some("v")),
            ("<Buffer 01 ff>", Some("01 ff")),
            ("X'01ff'", Some("01ff")),
            ("bv", None),
        ] {
            assert_eq!(quoted(text).or_else(|| bracketed(text)), inside, "{text}");
        }
        assert_eq!(list("uint8_t k[2] = {0x01, 0x02};"), Some("0x01, 0x02"));
        assert_eq!(list("{v}"), None);
    }

    #[test]
    fn a_comment_is_behind_white_space_and_not_in_quotes() {
        for (text, value) in [
            ("v # w", Some("v")),
            ("v\t# w # x", Some("v")),
            ("v; // w", Some("v;")),
            ("\"v # v\" # w", Some("\"v # v\"")),
            ("'v', // w", Some("'v'")),
            ("\"v # v\"", None),
            ("v#w", None),
            ("v//w", None),
            ("'v", None),
        ] {
            assert_eq!(without_comment(text), value, "{text}");
        }
    }
}
