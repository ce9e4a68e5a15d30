//! Whether an answer is the request itself.

/// Whether an answer is the sealed request that it should answer, sent back by something on the way: both sides seal
/// under one key, so it would open. Whatever its headers say, a body counts as sealed if it has the form of a
/// compact JWE (RFC 7516 section 7.1): five parts in base64url. White space around it does not count.
#[must_use]
pub fn is_reflected(sent: &[u8], answer: &[u8]) -> bool {
    let sent = sent.trim_ascii();
    sent == answer.trim_ascii() && is_jwe(sent)
}

fn is_jwe(text: &[u8]) -> bool {
    let is_base64url = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let mut parts = text.split(|byte| *byte == b'.');
    parts.next().is_some_and(|header| !header.is_empty())
        && text.iter().all(|byte| *byte == b'.' || is_base64url(byte))
        && parts.count() == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sealed_request_that_comes_back_is_a_reflection() {
        let sealed = b"eyJhbGciOiJkaXIifQ..iv_-.text.tag";
        for (sent, answer, expected) in [
            (&sealed[..], &sealed[..], true),
            (sealed, b" eyJhbGciOiJkaXIifQ..iv_-.text.tag\r\n", true),
            (b"eyJhbGciOiJkaXIifQ..iv_-.text.tag\n", sealed, true),
            (sealed, b"eyJhbGciOiJkaXIifQ..iv_-.text.taG", false),
            (br#"{"a":1}"#, br#"{"a":1}"#, false),
            (b"", b"", false),
            (b"....", b"....", false),
            (b"a.b.c.d", b"a.b.c.d", false),
            (b"a.b.c.d.e.f", b"a.b.c.d.e.f", false),
            (b"a.b.c.d.e f", b"a.b.c.d.e f", false),
        ] {
            let text = String::from_utf8_lossy(answer);
            assert_eq!(is_reflected(sent, answer), expected, "{text}");
        }
    }
}
