//! What every crate of the workspace must keep.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use syn::visit::{self, Visit};

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

/// Libraries that do without one of them: their arithmetic is on small counts, times and lengths.
const LIFTED: [(&str, &str); 4] = [
    ("bankezy-client", "clippy::arithmetic_side_effects"),
    ("bankezy-fleet", "clippy::arithmetic_side_effects"),
    ("bankezy-sandbox", "clippy::arithmetic_side_effects"),
    ("bankezy-tower", "clippy::arithmetic_side_effects"),
];

#[test]
fn every_library_denies_what_can_panic() {
    let mut libraries = 0;
    for member in members() {
        // It exists to panic.
        if member.name == "bankezy-test-support" {
            continue;
        }
        let mut sources = member.sources();
        let Some(lib) = sources.get("lib.rs") else {
            continue;
        };
        libraries += 1;
        let parsed = syn::parse_file(lib).unwrap();
        let denied: BTreeSet<String> = parsed.attrs.iter().flat_map(denied_outside_tests).collect();
        for lint in NO_PANIC {
            assert!(
                denied.contains(lint) || LIFTED.contains(&(&member.name, lint)),
                "{} does not deny {lint}",
                member.name
            );
        }
        // Nothing lifts them for a whole file except what is named above.
        sources.retain(|file, _| !file.ends_with("_tests.rs"));
        for (file, text) in sources {
            for attribute in syn::parse_file(&text).unwrap().attrs {
                let words: String = quoted(&attribute).split_whitespace().collect();
                let lifts = attribute.path().is_ident("allow")
                    || attribute.path().is_ident("expect")
                    || words.contains("allow(")
                    || words.contains("expect(");
                for lint in NO_PANIC
                    .iter()
                    .filter(|lint| lifts && words.contains(**lint))
                {
                    assert!(
                        file == "lib.rs" && LIFTED.contains(&(member.name.as_str(), lint)),
                        "{} {file} lifts {lint}",
                        member.name
                    );
                }
            }
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

/// A subscriber filters by target: each crate uses its own name, and its docs say so.
#[test]
fn traces_go_under_the_name_of_their_crate() {
    for member in members() {
        // Metrics are made of the client's events, and it is asked whether those arrive.
        let target = match member.name.as_str() {
            "bankezy-metrics" => "bankezy_client".to_owned(),
            name => name.replace('-', "_"),
        };
        let mut events = Events::default();
        let mut documented = false;
        for (file, text) in member.sources() {
            let before = events.found.len();
            events.visit_file(&syn::parse_file(&text).unwrap());
            for event in &events.found[before..] {
                let named: String = event.split_whitespace().collect();
                assert!(
                    named.starts_with(&format!("target:\"{target}\"")),
                    "{} {file}: an event without its target: {event}",
                    member.name
                );
            }
            let says = format!("target `{target}`");
            let prose = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("//"));
            let prose: Vec<&str> = prose
                .map(|line| line.trim_start_matches(['/', '!']).trim())
                .collect();
            documented |= prose.join(" ").contains(&says);
        }
        let found = events.found.len();
        assert!(
            found == 0 || documented,
            "{}: its target is not documented",
            member.name
        );
        if member.name == "bankezy-client" {
            assert!(found > 5, "the client's events were not found");
        }
    }
}

/// The arguments of each macro and attribute of `tracing`.
#[derive(Default)]
struct Events {
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Events {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().unwrap().ident.to_string();
        let level = name.strip_suffix("_span").unwrap_or(&name);
        if ["trace", "debug", "info", "warn", "error", "event", "span"].contains(&level) {
            self.found.push(call.tokens.to_string());
        }
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().segments.last().unwrap().ident == "instrument" {
            self.found.push(quoted(attribute));
        }
    }
}

/// `deny(unsafe_code)` alone can be lifted by an attribute anywhere.
#[test]
fn unsafe_code_is_in_two_files() {
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
    found.sort();
    // The blocks in each; the lint and why it is lifted are the other lines.
    let expected = [("codec/base64url/kernel.rs", 2), ("nonce/fork.rs", 1)];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((name, file, uses), (expected_file, blocks)) in found.iter().zip(expected) {
        assert_eq!(
            (name.as_str(), file.as_str()),
            ("bankezy-crypto", expected_file)
        );
        let found_blocks = uses.iter().filter(|line| line.contains("unsafe {"));
        assert_eq!(found_blocks.count(), blocks, "{uses:#?}");
        assert_eq!(
            uses.iter().filter(|line| *line == "unsafe_code,").count(),
            1
        );
    }
}

/// Asks Cargo, which knows every section, target and renaming.
#[test]
fn the_core_knows_no_member_and_client_and_emulator_do_not_know_each_other() {
    let cargo = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        cargo.status.success(),
        "{}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    // Who may depend on which members: to build, and for its tests alone.
    let support = "bankezy-test-support";
    let may: [(&str, &[&str], &[&str]); 9] = [
        ("bankezy-crypto", &[], &[]),
        // What tests the others must not depend on them.
        (support, &[], &[]),
        (
            "bankezy-client",
            &["bankezy-crypto"],
            &["bankezy-sandbox", support, "bankezy-tower"],
        ),
        ("bankezy-tower", &["bankezy-crypto"], &[support]),
        (
            "bankezy-fleet",
            &["bankezy-client", "bankezy-crypto", "bankezy-tower"],
            &["bankezy-sandbox", support],
        ),
        // It knows the client by its traces.
        (
            "bankezy-metrics",
            &["bankezy-crypto", "bankezy-tower"],
            &["bankezy-client", "bankezy-sandbox", support],
        ),
        (
            "bankezy-sandbox",
            &["bankezy-crypto", "bankezy-diagnose"],
            &[support],
        ),
        ("bankezy-diagnose", &["bankezy-crypto"], &[support]),
        (
            "bankezy-cli",
            &[
                "bankezy-client",
                "bankezy-crypto",
                "bankezy-diagnose",
                "bankezy-fleet",
                "bankezy-sandbox",
            ],
            // The middleware is for the page of all errors.
            &["bankezy-tower", support],
        ),
    ];
    let packages = metadata["packages"].as_array().unwrap();
    assert_eq!(packages.len(), members().len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let is_published = package["publish"].is_null();
        assert_eq!(is_published, name != support, "{name}");
        let row = may.iter().find(|(member, ..)| *member == name);
        let (_, to_build, for_tests) = row.unwrap_or_else(|| panic!("{name} is not in the table"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            let is_for_tests = dependency["kind"] == "dev" && for_tests.contains(&on);
            let is_fine = !on.starts_with("bankezy-") || to_build.contains(&on) || is_for_tests;
            assert!(is_fine, "{name} depends on {on}");
            // A package that names a version of what is not published cannot be published either.
            assert!(on != support || dependency["req"] == "*", "{name}");
            if on == "bankezy-crypto" {
                assert_eq!(dependency["uses_default_features"], false, "{name}");
            }
        }
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
