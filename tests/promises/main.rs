//! Whether SECURITY.md and docs/assurance.md are true: each promise names its checks, each check has a command, and
//! what they name exists. And the promises that the compiler can check.

mod backends;
mod types;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SECURITY: &str = include_str!("../../SECURITY.md");
const ASSURANCE: &str = include_str!("../../docs/assurance.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The promises of SECURITY.md, each with the lines under it.
fn promises() -> Vec<String> {
    let mut promises: Vec<String> = Vec::new();
    let mut promised = false;
    for line in SECURITY.lines() {
        match line {
            "Promised:" => promised = true,
            // Everything else that ends a list.
            _ if line.ends_with("romised:") || line.starts_with('#') => promised = false,
            _ if !promised => {}
            _ if line.starts_with("- ") => promises.push(line.to_owned()),
            _ if line.starts_with("  ") => {
                let promise = promises.last_mut().expect("a promise above");
                promise.push(' ');
                promise.push_str(line.trim());
            }
            _ => assert_eq!(line, "", "neither a promise nor its end"),
        }
    }
    promises
}

/// Targets of a Markdown text's links.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1);
    targets
        .map(|rest| rest.split(')').next().unwrap())
        .filter(|target| !target.contains("://"))
        .collect()
}

/// Identifiers of the rows of the table in docs/assurance.md, and its rows.
fn rows() -> Vec<(String, Vec<&'static str>)> {
    ASSURANCE
        .lines()
        .filter_map(|line| line.strip_prefix("| <a id=\""))
        .map(|line| {
            let (id, rest) = line.split_once("\"></a>").unwrap();
            (id.to_owned(), rest.split(" | ").collect())
        })
        .collect()
}

#[test]
fn each_promise_has_a_row_and_names_its_checks() {
    let promises = promises();
    assert!(promises.len() > 30, "{} promises", promises.len());
    let mut promised = BTreeSet::new();
    for promise in &promises {
        let links = links(promise);
        let ids: Vec<&str> = links
            .iter()
            .filter_map(|link| link.strip_prefix("docs/assurance.md#"))
            .collect();
        let [id] = ids[..] else {
            panic!("not one row: {promise}");
        };
        assert!(links.len() > 1, "no check: {promise}");
        assert!(promised.insert(id.to_owned()), "{id} stands twice");
    }
    let rows: Vec<String> = rows().into_iter().map(|(id, _)| id).collect();
    assert_eq!(rows.len(), promised.len(), "a row stands twice or alone");
    assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), promised);
}

/// The columns: what is promised, the check, its command, what it said, when, and its form in CI.
#[test]
fn each_row_is_filled_and_its_commands_run_what_is_there() {
    for (id, columns) in rows() {
        assert_eq!(columns.len(), 6, "{id}");
        assert!(
            columns.iter().all(|column| !column.trim().is_empty()),
            "{id}"
        );
        let commands: Vec<&str> = columns[2].split('`').skip(1).step_by(2).collect();
        assert!(!commands.is_empty(), "{id} has no command");
        for command in commands {
            let words: Vec<&str> = command.split_whitespace().collect();
            let package = words.windows(2).find(|pair| pair[0] == "-p");
            let package = folder_of(package.map_or("bankezy-crypto", |pair| pair[1]));
            if !is_expected(&package) {
                continue;
            }
            let there = |kind: &str, name: &str| {
                let folder = root().join(&package);
                let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
                let folder = folder.join(kind);
                folder.join(format!("{name}.rs")).exists()
                    || folder.join(name).join("main.rs").exists()
                    || manifest.contains(&format!("name = \"{name}\""))
            };
            for pair in words.windows(2) {
                match pair {
                    ["--test", name] => {
                        assert!(there("tests", name), "{id}: {name}");
                        // A filter by a module, such as `payload::`.
                        for module in words.iter().filter_map(|word| word.strip_suffix("::")) {
                            let path = root().join(&package).join("tests").join(name).join(module);
                            let is_there = path.with_extension("rs").exists() || path.exists();
                            assert!(is_there, "{id}: {module}");
                        }
                    }
                    ["--example", name] => assert!(there("examples", name), "{id}: {name}"),
                    ["--bench", name] => assert!(there("benches", name), "{id}: {name}"),
                    ["--features", list] => {
                        let unknown = list.split(',').find(|name| !has_feature(&package, name));
                        assert_eq!(unknown, None, "{id}: {command}");
                    }
                    _ => {}
                }
            }
            let program = words.iter().find(|word| !word.contains('=')).unwrap();
            assert!(
                *program == "cargo" || !is_expected(program) || root().join(program).exists(),
                "{id}: {program}"
            );
        }
    }
}

/// Where a package of the workspace is, from the root.
fn folder_of(package: &str) -> String {
    match package {
        "bankezy-crypto" => ".".to_owned(),
        member => format!("crates/{member}"),
    }
}

/// Whether a package's manifest, or with `--workspace` the core's, has a feature.
fn has_feature(package: &str, feature: &str) -> bool {
    let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    let line = format!("{feature} = [");
    manifest.lines().any(|it| it.starts_with(&line))
}

/// Whether a path must exist: the package on the registry has no members, no `fuzz` and no hidden folders; a checkout
/// has.
fn is_expected(path: &str) -> bool {
    let left_out = |path: &str| {
        ["fuzz", "crates", "."]
            .iter()
            .any(|it| path.starts_with(it))
    };
    path == "." || root().join(".git").exists() || !left_out(path)
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut documents: Vec<PathBuf> = markdown(root());
    documents.extend(markdown(&root().join("docs")));
    if is_expected("crates") {
        for member in fs::read_dir(root().join("crates")).unwrap() {
            documents.extend(markdown(&member.unwrap().path()));
        }
    }
    assert!(documents.len() > 8);
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                _ => document.parent().unwrap().join(path),
            };
            let from_root = target.strip_prefix(root()).unwrap_or(&target);
            if !is_expected(&from_root.to_string_lossy()) {
                continue;
            }
            assert!(target.exists(), "{}: {link}", document.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                assert!(
                    text.contains(&format!("<a id=\"{anchor}\">"))
                        || headings(&text).any(|it| it == anchor),
                    "{}: {link}",
                    document.display()
                );
            }
        }
    }
}

/// `just book` renders the pages of docs/SUMMARY.md.
#[test]
fn the_book_has_every_page_and_those_that_pages_link_to() {
    let docs = root().join("docs");
    let listed = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<PathBuf> = links(&listed).iter().map(|link| docs.join(link)).collect();
    for page in markdown(&docs) {
        let is_listed = listed.contains(&page) || page.ends_with("SUMMARY.md");
        assert!(is_listed, "{}", page.display());
    }
    let real = |page: &PathBuf| page.canonicalize().ok();
    let known: BTreeSet<_> = listed.iter().filter_map(real).collect();
    for page in listed.iter().filter(|page| page.exists()) {
        let text = fs::read_to_string(page).unwrap();
        for link in links(&text) {
            let path = link.split('#').next().unwrap_or_default();
            let target = page.parent().unwrap().join(path);
            let is_page = path.ends_with(".md") && target.exists();
            let is_known = real(&target).is_some_and(|target| known.contains(&target));
            assert!(!is_page || is_known, "{}: {link}", page.display());
        }
    }
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// The anchors that headings get.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.replace(' ', "-");
        kept.replace(|c: char| !(c.is_alphanumeric() || "-_".contains(c)), "")
    })
}
