//! Which module may import which: the table is the architecture, and this test holds the code to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module and what it may name by `crate::`. Lowest layer first: nothing imports what stands
/// below it in this table.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // Layer 0: words that everything speaks.
    ("names", &[]),
    ("error", &["names"]),
    ("secret", &["error"]),
    // Layer 1: codecs, primitives, keys and forms. No secret meets a format here.
    ("base64url", &[]),
    ("json", &["secret"]),
    ("backend", &["error", "secret"]),
    ("public_key", &["error", "names", "backend"]),
    ("pem", &["error", "secret", "public_key"]),
    (
        "jwk",
        &[
            "error",
            "names",
            "secret",
            "base64url",
            "json",
            "public_key",
        ],
    ),
    ("spki", &["error", "pem", "public_key"]),
    (
        "private_key",
        &[
            "error",
            "names",
            "secret",
            "base64url",
            "jwk",
            "pem",
            "public_key",
            "spki",
        ],
    ),
    ("jwe/header", &["error", "names", "base64url", "json"]),
    ("jwe/compact", &["error", "base64url", "jwe/header"]),
    // Layer 2: where a backend meets a format.
    ("nonce", &["error"]),
    (
        "agreement",
        &[
            "error",
            "secret",
            "backend",
            "private_key",
            "public_key",
            "jwe/header",
        ],
    ),
    (
        "jwe/seal",
        &["error", "backend", "base64url", "jwe/compact", "nonce"],
    ),
    (
        "jwe/open",
        &["error", "secret", "backend", "base64url", "jwe/compact"],
    ),
    // Layer 3: whole messages.
    (
        "envelope",
        &[
            "error",
            "names",
            "secret",
            "backend",
            "base64url",
            "public_key",
            "jwk",
            "agreement",
            "nonce",
            "jwe/compact",
            "jwe/header",
            "jwe/seal",
            "jwe/open",
        ],
    ),
    // Layer 4: one token API each; a provider never another.
    ("providers/base_url", &["error"]),
    ("providers/token", &["error", "secret"]),
    ("providers/outcome", &[]),
    ("providers/fields", &["error", "secret"]),
    ("providers/faceki/code", &[]),
    ("providers/faceki/refusal", &["json", "secret", "providers"]),
    (
        "providers/complycube/refusal",
        &["json", "secret", "providers"],
    ),
    ("providers/call_error", &["error", "secret", "providers"]),
    (
        "providers/token_api",
        &["error", "secret", "backend", "providers"],
    ),
    ("providers/clear", &["json", "secret", "providers"]),
    (
        "providers/bankezy",
        &[
            "error",
            "names",
            "secret",
            "backend",
            "json",
            "public_key",
            "agreement",
            "envelope",
            "providers",
        ],
    ),
    (
        "providers/faceki",
        &["error", "secret", "json", "providers"],
    ),
    (
        "providers/complycube",
        &["error", "secret", "envelope", "providers"],
    ),
    (
        "providers/sardine",
        &["error", "secret", "envelope", "providers"],
    ),
    (
        "providers/sealed_form",
        &["error", "base64url", "json", "envelope", "providers"],
    ),
    // Layer 5: the only I/O; never each other.
    (
        "client",
        &["error", "secret", "pem", "agreement", "providers"],
    ),
    ("middleware", &["error", "secret", "envelope"]),
    (
        "sandbox",
        &[
            "error",
            "names",
            "secret",
            "public_key",
            "agreement",
            "envelope",
        ],
    ),
];

#[test]
fn modules_import_only_what_the_table_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    for file in sources(&root) {
        let name = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        // `lib.rs` joins the modules, tests may use everything, and the command line uses the
        // public API alone.
        if ["lib.rs", "jwe/mod.rs", "providers/mod.rs"].contains(&name.as_str())
            || name.ends_with("_tests.rs")
            || name.starts_with("bin/")
        {
            continue;
        }
        let Some((module, allowed)) = MAY_IMPORT.iter().find(|(module, _)| {
            name == format!("{module}.rs") || name.starts_with(&format!("{module}/"))
        }) else {
            violations.push(format!("{name} is not in the table"));
            continue;
        };
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            if import != *module && !allowed.contains(&import.as_str()) {
                violations.push(format!("{name} imports {import}"));
            }
        }
    }
    assert_eq!(violations, Vec::<String>::new());
}

#[test]
fn the_table_has_no_cycle() {
    for (place, (module, allowed)) in MAY_IMPORT.iter().enumerate() {
        for import in *allowed {
            // `providers` is the face of its own parts.
            if module
                .strip_prefix(import)
                .is_some_and(|rest| rest.starts_with('/'))
            {
                continue;
            }
            let before = MAY_IMPORT[..place].iter().any(|(earlier, _)| {
                earlier
                    .strip_prefix(import)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            assert!(
                before,
                "{module} may import {import}, which does not stand above it"
            );
        }
    }
}

#[test]
fn lib_holds_no_logic() {
    let lib = include_str!("../src/lib.rs");
    for keyword in ["fn ", "impl ", "struct ", "enum ", "trait ", "macro_rules!"] {
        let found = lib
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .any(|line| line.contains(keyword));
        assert!(!found, "lib.rs holds `{keyword}`");
    }
}

#[test]
fn the_command_line_uses_the_public_api_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    for file in sources(&root) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            !text.contains("#[path"),
            "{} reaches into the library",
            file.display()
        );
    }
}

/// `deny(unsafe_code)` alone can be lifted by an attribute anywhere.
#[test]
fn unsafe_code_is_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in sources(&root.join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let uses: Vec<String> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("//") && line.contains("unsafe"))
            .map(str::to_owned)
            .collect();
        if !uses.is_empty() {
            found.push((file.strip_prefix(root).unwrap().to_owned(), uses));
        }
    }
    let [(path, uses)] = &found[..] else {
        panic!("{found:#?}");
    };
    assert_eq!(path, Path::new("src/nonce/fork.rs"));
    // The lint, which says why, and the block.
    assert_eq!(uses.len(), 2, "{uses:#?}");
    assert_eq!(uses[0], "unsafe_code,");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The modules that a file names by `crate::`, also inside `crate::{…}` and in expressions.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .take_while(|line| !line.contains("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut found = BTreeSet::new();
    for (start, _) in code.match_indices("crate::") {
        let path = &code[start + "crate::".len()..];
        assert!(
            !path.starts_with('{'),
            "write one `use` a module, so that this test can read it"
        );
        let name = identifier(path);
        let rest = &path[name.len()..];
        if name != "jwe" {
            found.insert(name.to_owned());
        } else if let Some(group) = rest.strip_prefix("::{") {
            let group = group.split('}').next().unwrap();
            found.extend(
                group
                    .split(',')
                    .map(|part| format!("jwe/{}", identifier(part.trim()))),
            );
        } else {
            found.insert(format!("jwe/{}", identifier(rest.trim_start_matches(':'))));
        }
    }
    found
}

fn identifier(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}
