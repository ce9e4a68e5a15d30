//! `docs/errors.md`: every code of every crate, what it says, and what to do. The texts are those of the errors
//! themselves; with `BANKEZY_WRITE_ERRORS=1` the page is written anew.

mod examples;
mod remedies;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use remedies::REMEDIES;

const HEAD: &str = "# Errors

Every error has a `code()`: a stable text for logs, metrics and alerts. This page lists all codes with what the
error says and what to do. It is generated from the errors themselves (`BANKEZY_WRITE_ERRORS=1 cargo test -p
bankezy-cli --test errors`), and a test fails when it is out of date.

`NAME`, `N` and `MAX` stand for a name, a number and a limit. No error holds a secret, a token, a URL or a body.
`category()` says whose fault it is, `delivery()` whether the server may have received the request, and
`is_retryable()` whether the same call may succeed later. After `PossiblySent` it may
have been executed already, whatever `is_retryable()` says.

Errors of another crate keep their code: a `ProviderError` whose request could not be sealed has the code of the
`Error` inside, and a `FleetError` whose connection failed one of the HTTP client's (`connect.refused`).
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Code and text of each error, under the crate and type that it is from.
fn page() -> String {
    let remedies: BTreeMap<&str, &str> = REMEDIES.iter().copied().collect();
    assert_eq!(remedies.len(), REMEDIES.len(), "a code has two remedies");
    let mut page = HEAD.to_owned();
    for (title, errors) in examples::all() {
        let _ = write!(
            page,
            "\n## {title}\n| code | what it says | what to do |\n|---|---|---|\n"
        );
        for (code, text) in errors {
            let remedy = remedies.get(code);
            let remedy = remedy.unwrap_or_else(|| panic!("{code} has no remedy: {text}"));
            let text = text.replace('|', "\\|").replace('<', "\\<");
            let _ = writeln!(page, "| `{code}` | {text} | {remedy} |");
        }
    }
    page
}

#[test]
fn the_page_is_what_the_errors_say() {
    let (path, page) = (root().join("docs/errors.md"), page());
    if std::env::var_os("BANKEZY_WRITE_ERRORS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(path).unwrap();
    assert!(
        written == page,
        "docs/errors.md is out of date: run with BANKEZY_WRITE_ERRORS=1"
    );
}

/// Codes as they are written in the sources of the libraries: quoted texts in a file with `fn code`, and what looks
/// like a code of a known kind anywhere.
#[test]
fn no_code_and_no_remedy_is_left_over() {
    let on_the_page: BTreeMap<&str, String> = examples::all()
        .into_iter()
        .flat_map(|(_, errors)| errors)
        .collect();
    let mut in_sources = Vec::new();
    for library in ["", "client", "diagnose", "fleet", "sandbox", "tower"] {
        let folder = match library {
            "" => root().join("src"),
            name => root().join(format!("crates/bankezy-{name}/src")),
        };
        collect(&folder, &mut in_sources);
    }
    assert!(in_sources.len() > 100, "{in_sources:?}");
    for code in &in_sources {
        assert!(
            on_the_page.contains_key(code.as_str()),
            "{code} has no example"
        );
    }
    for (code, _) in REMEDIES {
        assert!(
            on_the_page.contains_key(code),
            "no error has the code {code}"
        );
        assert!(
            in_sources.iter().any(|it| it == code),
            "{code} is not found in the sources"
        );
    }
}

fn collect(folder: &Path, codes: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, codes);
        } else {
            let source = fs::read_to_string(&path).unwrap();
            let source = source.split("#[cfg(test)]\nmod").next().unwrap();
            let has_codes = source.contains("fn code(");
            let lines = source
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
            codes.extend(
                quoted
                    .filter(|text| is_code(text, has_codes))
                    .map(str::to_owned),
            );
        }
    }
}

fn is_code(text: &str, any_kind: bool) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let known = |kind: &str| {
        REMEDIES
            .iter()
            .any(|(code, _)| code.split('.').next() == Some(kind))
    };
    text.split_once('.').is_some_and(|(kind, name)| {
        is_word(kind) && is_word(name) && (any_kind || known(kind)) && name != "pem"
    })
}
