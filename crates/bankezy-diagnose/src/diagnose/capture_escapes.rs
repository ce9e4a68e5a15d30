//! Undoes the escapes around messages in captures: those of strings, of URLs and forms, and of HTML.

/// A text without backslash escapes: of JSON and programs, and the backslash with which a shell continues a
/// line. `None` where it has none.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return None;
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        unescaped.push_str(before);
        let mut characters = after.chars();
        match characters.next() {
            // The text continues on the next line.
            Some('\n') | None => {}
            Some('\r') => characters = characters.as_str().trim_start_matches('\n').chars(),
            Some('n' | 'r' | 't') => unescaped.push('\n'),
            Some('u') => {
                let digits = after.get(1..5);
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                unescaped.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                characters = after.get(5..).unwrap_or_default().chars();
            }
            Some(escaped) => unescaped.push(escaped),
        }
        rest = characters.as_str();
    }
    unescaped.push_str(rest);
    Some(unescaped)
}

/// A text without the character references of HTML and XML, by number or by a name that pages write for what is in a
/// message or around it. `None` where it has none.
pub(crate) fn dereferenced(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut dereferenced = parts.next()?.to_owned();
    let mut is_changed = false;
    for part in parts {
        let reference = part.split_once(';');
        match reference.and_then(|(name, after)| Some((referenced(name)?, after))) {
            Some((character, after)) => {
                is_changed = true;
                dereferenced.push(character);
                dereferenced.push_str(after);
            }
            None => {
                dereferenced.push('&');
                dereferenced.push_str(part);
            }
        }
    }
    is_changed.then_some(dereferenced)
}

fn referenced(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let digits = number.strip_prefix(['x', 'X']);
        let code = match digits {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "lt" => '<',
        "gt" => '>',
        "nbsp" => ' ',
        "period" => '.',
        "lowbar" => '_',
        "equals" => '=',
        "plus" => '+',
        "sol" => '/',
        "colon" => ':',
        "comma" => ',',
        "lbrace" | "lcub" => '{',
        "rbrace" | "rcub" => '}',
        "NewLine" => '\n',
        _ => return None,
    })
}

/// A text without percent-encoding (RFC 3986 section 2.1). `None` where it has none.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(parts.next()?.as_bytes());
    let mut is_changed = false;
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|it| it.bytes().all(|c| c.is_ascii_hexdigit()));
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let after = part.as_bytes().get(2..).filter(|_| octet.is_some());
        is_changed |= octet.is_some();
        decoded.push(octet.unwrap_or(b'%'));
        decoded.extend_from_slice(after.unwrap_or(part.as_bytes()));
    }
    is_changed.then(|| String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        for (text, expected) in [
            (r#"{\"a\":\"b\/c\"}"#, r#"{"a":"b/c"}"#),
            (r"a\nb\r\nc", "a\nb\n\nc"),
            ("a\\\nb\\\r\nc", "abc"),
            (r"a\u003d\u3D", "a=\u{fffd}"),
            ("a\\", "a"),
        ] {
            assert_eq!(unescaped(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(unescaped("a/n"), None);
        assert_eq!(
            percent_decoded("a%3D%2eb%c3%a4%").as_deref(),
            Some("a=.b\u{e4}%")
        );
        assert_eq!(percent_decoded("100 %, %zz"), None);
        assert_eq!(
            dereferenced("a&#46;b&#x2E;c&period;&quot;&nope;&;&#x110000;&").as_deref(),
            Some("a.b.c.\"&nope;&;&#x110000;&")
        );
        assert_eq!(dereferenced("a&b=c;d"), None);
    }
}
