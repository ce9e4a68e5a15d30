//! Members of objects in text, as JSON, Python, JavaScript, YAML and files of variables write them: finds those that
//! say that they are private keys.

/// Where a member is: the braces around it, or else how far its line is indented.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Object {
    braces: usize,
    indent: usize,
}

struct Member<'a> {
    name: &'a [u8],
    value: &'a [u8],
    is_quoted: bool,
    object: Object,
}

/// 31 octets in base64url: few scalars of P-256 are smaller.
const SCALAR: usize = 42;

/// Whether a text has the `d` of a JWK as an element of XML.
pub(crate) fn has_private_element(text: &[u8]) -> bool {
    let is_scalar = |place: usize| {
        let after = text.get(place..).unwrap_or_default();
        let is_in_value = |c: &&u8| c.is_ascii_alphanumeric() || b"+/-_".contains(c);
        after.iter().take_while(is_in_value).count() >= SCALAR
    };
    memchr::memmem::find_iter(text, b"<d>").any(|place| is_scalar(place.saturating_add(3)))
}

/// Whether a text has a member `d` or `k` with a value, in either case, beside a `kty`: RFC 7518 sections 6.2.2.1,
/// 6.3.2.1 and 6.4.1. A `d` that is as long as one of P-256 may be in another object.
pub(crate) fn has_private_jwk(text: &[u8]) -> bool {
    let named = |names: &'static [&'static [u8]]| {
        let is_such = move |it: &Member<'_>| names.iter().any(|n| it.name.eq_ignore_ascii_case(n));
        members(text).filter(is_such)
    };
    let kinds: Vec<Object> = named(&[b"kty"]).map(|kind| kind.object).collect();
    let mut secrets = named(&[b"d", b"k"]).filter(Member::has_value);
    !kinds.is_empty()
        && secrets.any(|it| {
            let is_scalar = it.name.eq_ignore_ascii_case(b"d") && it.value.len() >= SCALAR;
            is_scalar || kinds.contains(&it.object)
        })
}

/// Whether a text has a value whose name says private key, such as `privateKey` and `PRIVATE_KEY`.
pub(crate) fn has_private_name(text: &[u8]) -> bool {
    /// Without quotation marks, a shorter one is a word of a sentence.
    const KEY: usize = 16;
    const NAMES: [&[u8]; 5] = [b"private", b"priv", b"privatekey", b"privkey", b"jwkd"];
    const SECRETS: [&[u8]; 2] = [b"secret", b"secretkey"];
    members(text).any(|it| {
        let name: Vec<u8> = it
            .name
            .iter()
            .filter(|c| !b"_-.".contains(c))
            .copied()
            .collect();
        let name = name.to_ascii_lowercase();
        let is_named =
            NAMES.iter().any(|end| name.ends_with(end)) || SECRETS.contains(&name.as_slice());
        // PEM names its own content.
        let is_pem = it.value.starts_with(b"-----");
        is_named && !is_pem && it.has_value() && (it.is_quoted || it.value.len() >= KEY)
    })
}

impl Member<'_> {
    fn has_value(&self) -> bool {
        const NOTHING: [&[u8]; 7] = [
            b"",
            b"null",
            b"nil",
            b"none",
            b"undefined",
            b"false",
            b"true",
        ];
        let is_number = self.value.len() < 20 && self.value.iter().all(u8::is_ascii_digit);
        let is_nothing = NOTHING.iter().any(|it| self.value.eq_ignore_ascii_case(it));
        !is_nothing && (self.is_quoted || !is_number)
    }
}

fn members(text: &[u8]) -> impl Iterator<Item = Member<'_>> {
    let mut open = Vec::new();
    let mut last = 0;
    let indent_of = |line: &[u8]| line.iter().take_while(|c| b" \t-".contains(c)).count();
    let mut indent = indent_of(text);
    text.iter().enumerate().filter_map(move |(place, c)| {
        match c {
            b'{' => {
                last += 1;
                open.push(last);
            }
            b'}' => {
                open.pop();
            }
            b'\n' => {
                let line = text.get(place.saturating_add(1)..)?;
                indent = indent_of(line);
            }
            b':' | b'=' => {
                let braces = open.last().copied().unwrap_or(0);
                let object = Object {
                    braces,
                    indent: if braces == 0 { indent } else { 0 },
                };
                return member(text, place, object);
            }
            _ => {}
        }
        None
    })
}

/// The member whose name ends before a position, and whose value starts after it.
fn member(text: &[u8], place: usize, object: Object) -> Option<Member<'_>> {
    /// No name that is looked for is longer.
    const LONGEST: usize = 64;
    let (before, after) = text.split_at_checked(place)?;
    let end = before.iter().rposition(|c| !is_mark(c))?.saturating_add(1);
    let before = before.get(..end)?;
    let is_in_name = |c: &&u8| c.is_ascii_alphanumeric() || b"_-.".contains(c);
    let len = before.iter().rev().take(LONGEST).take_while(is_in_name);
    let name = before.get(end.saturating_sub(len.count())..)?;
    let after = after.get(1..)?;
    // As Ruby writes it.
    let after = after.strip_prefix(b">").unwrap_or(after);
    let marks = after.iter().position(|c| !is_mark(c));
    let (marks, after) = after.split_at_checked(marks.unwrap_or(after.len()))?;
    let has_line_end = marks.iter().any(|c| b"\r\n".contains(c));
    // Without a quotation mark, a value is in the line of its name.
    if has_line_end && marks.last().is_some_and(u8::is_ascii_whitespace) {
        return None;
    }
    let is_in_value = |c: &u8| c.is_ascii_alphanumeric() || b"+/-_".contains(c);
    let end = after.iter().position(|c| !is_in_value(c));
    let (value, after) = after.split_at_checked(end.unwrap_or(after.len()))?;
    // The name of a file, or an address.
    let is_name = matches!(after, [b'.' | b':', ..]);
    (!is_name).then_some(Member {
        name,
        value,
        is_quoted: marks.iter().any(|c| b"\"'`".contains(c)),
        object,
    })
}

/// What is around names and values.
fn is_mark(c: &u8) -> bool {
    c.is_ascii_whitespace() || b"\"'`\\".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_member_is_in_one_object_with_its_kind_and_has_a_value() {
        for (text, expected) in [
            (r#"{"kty":"EC","d":"AQAB"}"#, true),
            (r#"{"kty":"oct","k": "AQAB"}"#, true),
            (r#"{\"kty\":\"EC\",\"d\":\"AQAB\"}"#, true),
            ("{\"kty\":\"EC\",\"d\":\n\"AQAB\"}", true),
            ("{'kty': 'EC', 'd': 'AQAB'}", true),
            ("{kty: `EC`, d: `AQAB`}", true),
            ("kty: EC\nx: AQAB\nd: AQAB\n", true),
            ("- kty: EC\n  d: AQAB\n", true),
            ("kty=EC\nd=AQAB", true),
            (r#"{"kty"=>"EC","d"=>"AQAB"}"#, true),
            (r#"{"d":"AQAB","key_ops":[{}],"kty":"EC"}"#, true),
            (r#"{"kty":"EC","D":"AQAB"}"#, true),
            (r#"{"kty":"EC","d":"","x":"AQAB"}"#, false),
            (r#"{"kty":"EC","d":null,"k":null}"#, false),
            (r#"{"kty":"EC","D":null,"d":false,"k":0,"K":true}"#, false),
            (r#"{"kty":"EC","D":12}"#, false),
            (r#"{"jwk":{"kty":"EC","x":"AQAB"},"k":"v"}"#, false),
            ("k: v\n{\"kty\":\"EC\"}", false),
            ("jwk:\n  kty: EC\nk: v\n", false),
            ("{'kty': 'EC', 'd': None}", false),
            ("kty: EC\nd:\nx: AQAB\n", false),
            ("kty: EC\nd: \"\"\nx: AQAB\n", false),
            (
                r#"{"kty":"EC","id":"AQAB","d_":"AQAB","kid":"AQAB"}"#,
                false,
            ),
            (r#"{"d":"AQAB"}"#, false),
            ("d", false),
            ("", false),
        ] {
            assert_eq!(has_private_jwk(text.as_bytes()), expected, "{text}");
        }
        let elsewhere = format!(
            "{{\"kty\":\"EC\",\"private\":{{\"d\":\"{}\"}}}}",
            "A".repeat(43)
        );
        assert!(has_private_jwk(elsewhere.as_bytes()));
    }

    #[test]
    fn a_value_that_is_named_private_is_private() {
        for (text, expected) in [
            (r#"{"privateKey":"AQAB"}"#, true),
            (r#"{"private":"AQAB"}"#, true),
            ("APP_PRIVATE_KEY=AQABAQABAQABAQAB", true),
            ("priv: AQABAQABAQABAQAB", true),
            ("{'secret': 'AQAB'}", true),
            (r#"{"privateKey":"","private":null,"priv":false}"#, false),
            (r#"{"privateKey":"/etc/key.pem"}"#, false),
            (r#"{"private_key_id":"AQAB"}"#, false),
            ("PRIVATE_KEY=${KEY}", false),
            ("private: yes\n", false),
        ] {
            assert_eq!(has_private_name(text.as_bytes()), expected, "{text}");
        }
    }
}
