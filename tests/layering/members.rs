//! What every crate of the workspace has to keep.

use std::collections::BTreeSet;
use std::fs;

use crate::members;

/// The lints under which no input makes a library panic.
const NO_PANIC: [&str; 6] = [
    "clippy::arithmetic_side_effects",
    "clippy::expect_used",
    "clippy::indexing_slicing",
    "clippy::panic",
    "clippy::unreachable",
    "clippy::unwrap_used",
];

#[test]
fn every_library_denies_what_can_panic() {
    let mut libraries = 0;
    for member in members() {
        let Some(lib) = member.sources().remove("lib.rs") else {
            continue;
        };
        libraries += 1;
        let parsed = syn::parse_file(&lib).unwrap();
        let denied: BTreeSet<String> = parsed.attrs.iter().flat_map(denied_outside_tests).collect();
        for lint in NO_PANIC {
            assert!(
                denied.contains(lint),
                "{} does not deny {lint}",
                member.name
            );
        }
    }
    assert!(libraries > 0);
}

/// The lints of `#![cfg_attr(not(test), deny(…))]`.
fn denied_outside_tests(attribute: &syn::Attribute) -> Vec<String> {
    if !attribute.path().is_ident("cfg_attr") {
        return Vec::new();
    }
    let text: String = quoted(attribute).split_whitespace().collect();
    let Some(lints) = text.strip_prefix("not(test),deny(") else {
        return Vec::new();
    };
    let lints = lints.trim_end_matches(')').split(',');
    lints.map(str::to_owned).collect()
}

fn quoted(attribute: &syn::Attribute) -> String {
    match &attribute.meta {
        syn::Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}

/// A subscriber filters by target: each goes under the crate's own name, and the docs say so.
#[test]
fn traces_go_under_the_name_of_their_crate() {
    for member in members() {
        let target = format!("target: \"{}\"", member.name.replace('-', "_"));
        let mut documented = false;
        let mut events = 0;
        for (file, text) in member.sources() {
            let macros = ["debug!(", "debug_span!(", "info!(", "warn!(", "error!("];
            for name in macros {
                for (place, _) in text.match_indices(name) {
                    // `compile_error!` is another macro.
                    if text[..place].ends_with('_') {
                        continue;
                    }
                    events += 1;
                    let arguments = &text[place + name.len()..];
                    assert!(
                        arguments.trim_start().starts_with(&target),
                        "{} {file}: `{name}` without {target}",
                        member.name
                    );
                }
            }
            documented |= text.lines().any(|line| {
                line.starts_with("//!")
                    && line.contains(&format!("`{}`", &member.name.replace('-', "_")))
            });
        }
        assert!(
            events == 0 || documented,
            "{}: target not documented",
            member.name
        );
        if member.name == "bankezy-client" {
            assert!(events > 5, "the client's events were not found");
        }
    }
}

/// `deny(unsafe_code)` alone can be lifted by an attribute anywhere.
#[test]
fn unsafe_code_is_in_one_place() {
    let mut found = Vec::new();
    for member in members() {
        for (file, text) in member.sources() {
            let uses: Vec<String> = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.starts_with("//") && line.contains("unsafe"))
                .map(str::to_owned)
                .collect();
            if !uses.is_empty() {
                found.push((member.name.clone(), file, uses));
            }
        }
    }
    let [(name, file, uses)] = &found[..] else {
        panic!("{found:#?}");
    };
    assert_eq!(
        (name.as_str(), file.as_str()),
        ("bankezy-crypto", "nonce/fork.rs")
    );
    // The lint, which says why, and the block.
    assert_eq!(uses.len(), 2, "{uses:#?}");
    assert_eq!(uses[0], "unsafe_code,");
}

#[test]
fn the_core_knows_no_member_and_client_and_emulator_do_not_know_each_other() {
    let dependencies = |name: &str| {
        let member = members().into_iter().find(|member| member.name == name);
        let manifest = fs::read_to_string(member?.folder.join("Cargo.toml")).unwrap();
        let section = |title: &str| {
            let rest = manifest
                .split_once(&format!("\n[{title}]\n"))
                .map_or("", |(_, rest)| rest);
            let end = rest.find("\n[").unwrap_or(rest.len());
            let lines = rest[..end].lines();
            lines
                .filter(|line| line.starts_with("bankezy-"))
                .map(|line| line.split(['.', ' ']).next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        Some((section("dependencies"), section("dev-dependencies")))
    };
    assert_eq!(dependencies("bankezy-crypto"), Some((vec![], vec![])));
    // As it is published, the core stands alone.
    let Some((client, _)) = dependencies("bankezy-client") else {
        return;
    };
    assert_eq!(client, ["bankezy-crypto"]);
    for name in ["bankezy-diagnose", "bankezy-sandbox", "bankezy-tower"] {
        assert_eq!(
            dependencies(name),
            Some((vec!["bankezy-crypto".to_owned()], vec![])),
            "{name}"
        );
    }
}

/// `src` of the core holds the facade and folders.
#[test]
fn the_core_is_folders() {
    let sources = members().remove(0).sources();
    let flat: Vec<&String> = sources.keys().filter(|file| !file.contains('/')).collect();
    assert_eq!(flat, ["lib.rs"]);
    for item in syn::parse_file(&sources["lib.rs"]).unwrap().items {
        assert!(
            matches!(item, syn::Item::Mod(_) | syn::Item::Use(_)),
            "lib.rs holds more than modules and re-exports"
        );
    }
}

/// The compiler keeps crates apart, unless a file of one is compiled into another.
#[test]
fn the_command_line_uses_the_public_api_alone() {
    for member in members() {
        for (file, text) in member.sources() {
            for reach in ["#[path", "include!("] {
                assert!(!text.contains(reach), "{} {file}: {reach}", member.name);
            }
        }
    }
}
