//! Texts of more than a word in the sources, other than those of attributes and tests.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What is listed, in this order.
const CRATES: [(&str, &str); 8] = [
    ("The command line", "crates/bankezy-cli/src"),
    ("`bankezy-diagnose`", "crates/bankezy-diagnose/src"),
    ("`bankezy-sandbox`", "crates/bankezy-sandbox/src"),
    ("`bankezy-client`", "crates/bankezy-client/src"),
    ("`bankezy-tower`", "crates/bankezy-tower/src"),
    ("`bankezy-fleet`", "crates/bankezy-fleet/src"),
    ("`bankezy-metrics`", "crates/bankezy-metrics/src"),
    ("`bankezy-crypto`", "src"),
];

/// The texts of all crates, by their files, that are not `listed` elsewhere.
pub(super) fn all(root: &Path, listed: &str) -> String {
    let mut page = String::new();
    for (title, folder) in CRATES {
        let _ = write!(page, "\n## {title}\n");
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        files.sort();
        for file in files {
            let source = fs::read_to_string(root.join(folder).join(&file)).unwrap();
            let mut texts = Vec::new();
            find(source.parse().unwrap(), &mut texts);
            texts.retain(|text| is_message(text) && !is_listed(text, listed));
            texts.dedup();
            if !texts.is_empty() {
                let texts = texts.join("\n");
                let _ = write!(page, "\n`{file}`\n```text\n{texts}\n```\n");
            }
        }
    }
    page
}

/// The sources in a folder, except for tests.
fn collect(folder: &Path, files: &mut Vec<String>) {
    collect_in(folder, "", files);
}

fn collect_in(folder: &Path, above: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_test = ["tests", "testing", "models"]
            .iter()
            .any(|end| name.trim_end_matches(".rs").ends_with(end));
        let name = format!("{above}{name}");
        if is_test {
        } else if path.is_dir() {
            collect_in(&path, &format!("{name}/"), files);
        } else if name.ends_with(".rs") {
            files.push(name);
        }
    }
}

/// The texts among tokens. An attribute is skipped, and its item too if that is for tests.
fn find(tokens: TokenStream, texts: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                let inner = tokens.next_if(
                    |next| matches!(next, TokenTree::Punct(mark) if mark.as_char() == '!'),
                );
                let is_attribute = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
                let attribute = tokens.next_if(is_attribute).map(|group| group.to_string());
                let is_of_test =
                    attribute.is_some_and(|text| text.replace(' ', "").starts_with("[cfg(test)"));
                if inner.is_none() && is_of_test {
                    // Up to the end of the item.
                    for skipped in tokens.by_ref() {
                        match skipped {
                            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                                break;
                            }
                            TokenTree::Punct(mark) if mark.as_char() == ';' => break,
                            _ => {}
                        }
                    }
                }
            }
            TokenTree::Group(group) => find(group.stream(), texts),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    texts.push(text.value().replace("```", "'''"));
                }
            }
            _ => {}
        }
    }
}

/// Whether a text has two words, one of them in small letters, and is not `Debug` output or roff.
fn is_message(text: &str) -> bool {
    let letters = |word: &&str| word.chars().filter(char::is_ascii_alphabetic).count() > 1;
    let is_small = |word: &str| word.chars().all(|c| !c.is_ascii_uppercase());
    let words: Vec<_> = text.split_whitespace().filter(letters).collect();
    let is_other = text.contains("[redacted]") || text.starts_with(".SH");
    words.len() > 1 && words.iter().any(|word| is_small(word)) && !is_other
}

/// Whether another list has it: each piece between values.
fn is_listed(text: &str, listed: &str) -> bool {
    let pieces = text.split('{').flat_map(|piece| {
        piece
            .split_once('}')
            .map_or(piece, |(_, rest)| rest)
            .split('\n')
    });
    pieces
        .map(str::trim)
        .all(|piece| listed.contains(&piece.replace('|', "\\|").replace('<', "\\<")))
}
