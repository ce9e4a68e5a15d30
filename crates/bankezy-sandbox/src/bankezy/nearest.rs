//! Which path a wrong one was probably meant to be.

use strsim::levenshtein;

use super::super::faults::Known;

/// Longer paths are not compared.
const MAX: usize = 200;

/// What a path that is not emulated was probably meant to be.
pub(super) fn hint(known: &Known, path: &str) -> Option<String> {
    let prefix = known.prefix.as_str();
    let inner = path
        .strip_prefix(prefix)
        .filter(|inner| inner.starts_with('/'));
    let bare = inner.unwrap_or(path);
    if bare == "/_sandbox" || bare.starts_with("/_sandbox/") {
        let text = if inner.is_some() && !prefix.is_empty() {
            format!("the web page and the API are at /_sandbox/, without {prefix}")
        } else {
            "the web page and the API are off: add --console".to_owned()
        };
        return Some(text);
    }
    if bare.len() > MAX {
        return None;
    }
    let distances = known.paths.iter().map(|it| (distance(bare, &it.path), it));
    let (_, near) = distances
        .filter(|(distance, it)| *distance <= it.path.len() / 4)
        .min_by_key(|(distance, _)| *distance)?;
    let (methods, path) = (&near.methods, &near.path);
    let mut hint = format!("did you mean {methods} {prefix}{path}");
    if inner.is_none() {
        hint.push_str(&format!(", with the prefix {prefix}"));
    }
    hint.push('?');
    Some(hint)
}

/// All paths with their methods, a line each.
pub(super) fn list(known: &Known) -> String {
    let prefix = &known.prefix;
    let mut lines: Vec<String> = known
        .paths
        .iter()
        .map(|it| format!("{} {prefix}{}\n", it.methods, it.path))
        .collect();
    lines.push(format!("POST {prefix}/sandbox/faults\n"));
    lines.concat()
}

/// How many characters must be changed, inserted or left out. Parts in another order, and parts that are missing at
/// the start or the end, count little.
fn distance(path: &str, known: &str) -> usize {
    let parts = |path: &str| {
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        parts.retain(|part| !part.is_empty());
        parts.sort_unstable();
        parts
    };
    if parts(path) == parts(known) {
        return 1;
    }
    let is_part = path.len() > 1 && (known.ends_with(path) || path.ends_with(known));
    if is_part {
        return 2;
    }
    levenshtein(path, known)
}

#[cfg(test)]
mod tests {
    use super::super::super::faults::KnownPath;
    use super::*;

    fn known(prefix: &str) -> Known {
        let path = |methods: &str, path: &str| KnownPath {
            methods: methods.to_owned(),
            path: path.to_owned(),
            is_sealed: true,
        };
        Known {
            prefix: prefix.to_owned(),
            paths: vec![
                path("POST, GET", "/token-service/client/server/new/v2/token"),
                path("POST", "/sandbox/echo"),
            ],
            calls: Vec::new(),
        }
    }

    #[test]
    fn a_wrong_path_is_answered_with_the_one_that_is_meant() {
        for (prefix, path, expected) in [
            (
                "",
                "/sandbox/echo/",
                Some("did you mean POST /sandbox/echo?"),
            ),
            (
                "",
                "//sandbox/echo",
                Some("did you mean POST /sandbox/echo?"),
            ),
            ("", "/sandbx/ecco", Some("did you mean POST /sandbox/echo?")),
            ("", "/echo", Some("did you mean POST /sandbox/echo?")),
            (
                "/kong",
                "/sandbox/echo",
                Some("did you mean POST /kong/sandbox/echo, with the prefix /kong?"),
            ),
            (
                "/kong",
                "/kong/kong/sandbox/echo",
                Some("did you mean POST /kong/sandbox/echo?"),
            ),
            (
                "",
                "/token-service/client/server/v2/new/token",
                Some("did you mean POST, GET /token-service/client/server/new/v2/token?"),
            ),
            (
                "/kong",
                "/kong/_sandbox/clock",
                Some("the web page and the API are at /_sandbox/, without /kong"),
            ),
            (
                "",
                "/_sandbox/",
                Some("the web page and the API are off: add --console"),
            ),
            ("", "/", None),
            ("", "/wallet", None),
        ] {
            assert_eq!(
                hint(&known(prefix), path).as_deref(),
                expected,
                "{prefix} {path}"
            );
        }
        assert_eq!(hint(&known(""), &"/echo".repeat(1000)), None);
    }

    #[test]
    fn edits_are_those_of_levenshtein() {
        for (a, b, distance) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(levenshtein(a, b), distance);
            assert_eq!(levenshtein(b, a), distance);
        }
    }
}
