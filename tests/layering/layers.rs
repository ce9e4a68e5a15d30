//! Which module of the core may use which: the table is the architecture.

use std::collections::BTreeSet;

use crate::graph::graph;
use crate::members;

/// A folder or file of the core, and what it may use beside itself. Lowest layer first: nothing uses what is below it
/// in this table.
const MAY_USE: &[(&str, &[&str])] = &[
    // Layer 0: shared vocabulary.
    ("sync", &[]),
    ("delivery", &["sync"]),
    ("keys/algorithm", &[]),
    ("error", &["keys/algorithm"]),
    ("secret", &["error"]),
    // Layer 1: codecs, primitives, keys and headers. No secret meets a format here.
    ("codec", &["error", "secret"]),
    ("backend", &["error", "secret"]),
    ("keys/public", &["error", "keys/algorithm", "backend"]),
    ("keys/curve", &["error"]),
    (
        "keys/jwk",
        &[
            "error",
            "secret",
            "codec",
            "keys/algorithm",
            "keys/public",
            "keys/curve",
        ],
    ),
    ("keys/thumbprint", &["codec", "backend", "keys/public"]),
    ("keys/x963", &["error", "codec", "keys/public"]),
    (
        "keys/spki",
        &["error", "codec", "keys/public", "keys/curve"],
    ),
    (
        "keys/wire",
        &["error", "secret", "codec", "keys/algorithm", "keys/public"],
    ),
    (
        "keys/certificate",
        &[
            "error",
            "codec",
            "keys/algorithm",
            "keys/public",
            "keys/spki",
        ],
    ),
    (
        "keys/public_pem",
        &[
            "error",
            "codec",
            "keys/public",
            "keys/spki",
            "keys/certificate",
        ],
    ),
    (
        "keys/private",
        &[
            "error",
            "secret",
            "codec",
            "keys/algorithm",
            "keys/public",
            "keys/curve",
            "keys/jwk",
            "keys/spki",
        ],
    ),
    ("keys/derivation", &["error", "secret", "backend"]),
    (
        "jwe/header",
        &["error", "codec", "keys/algorithm", "keys/derivation"],
    ),
    ("jwe/compact", &["error", "codec", "jwe/header"]),
    // Layer 2: where a backend meets a format.
    ("nonce", &["error", "sync"]),
    (
        "keys/pair",
        &[
            "error",
            "secret",
            "backend",
            "keys/derivation",
            "keys/private",
            "keys/public",
        ],
    ),
    (
        "keys/encrypted",
        &["error", "backend", "keys/private", "keys/pair"],
    ),
    (
        "jwe/seal",
        &["error", "backend", "codec", "jwe/compact", "nonce"],
    ),
    (
        "jwe/open",
        &["error", "secret", "backend", "codec", "jwe/compact"],
    ),
    // Layer 3: whole messages.
    (
        "envelope",
        &[
            "error", "secret", "sync", "codec", "backend", "keys", "nonce", "jwe",
        ],
    ),
    // Layer 4: token APIs as pure functions; a provider never uses another.
    ("providers/request_error", &["error"]),
    ("providers/base_url", &["providers/request_error"]),
    ("providers/server_headers", &[]),
    (
        "providers/token",
        &[
            "secret",
            "providers/request_error",
            "providers/server_headers",
        ],
    ),
    ("providers/fields", &["secret", "providers/request_error"]),
    ("providers/retry_after", &[]),
    ("providers/call_options", &["providers/request_error"]),
    ("providers/lifetime", &[]),
    ("providers/service_error", &[]),
    ("providers/problem", &["delivery", "error"]),
    ("providers/reflection", &[]),
    (
        "providers/plain_error",
        &["secret", "providers/retry_after"],
    ),
    ("providers/bankezy/outcome", &[]),
    ("providers/faceki/code", &[]),
    (
        "providers/faceki/refusal",
        &[
            "codec",
            "secret",
            "providers/plain_error",
            "providers/faceki/code",
        ],
    ),
    (
        "providers/complycube/refusal",
        &["codec", "secret", "providers/plain_error"],
    ),
    (
        "providers/call_error",
        &[
            "delivery",
            "error",
            "providers/plain_error",
            "providers/bankezy/outcome",
            "providers/faceki/refusal",
            "providers/complycube/refusal",
        ],
    ),
    (
        "providers/token_api",
        &[
            "error",
            "secret",
            "backend",
            "providers/call_error",
            "providers/request_error",
            "providers/token",
        ],
    ),
    (
        "providers/plain_json",
        &["codec", "secret", "providers/call_error", "providers/token"],
    ),
    (
        "providers/bankezy",
        &[
            "error",
            "secret",
            "backend",
            "codec",
            "keys",
            "envelope",
            "providers/base_url",
            "providers/call_options",
            "providers/call_error",
            "providers/fields",
            "providers/lifetime",
            "providers/plain_error",
            "providers/request_error",
            "providers/retry_after",
            "providers/token",
            "providers/token_api",
            "providers/bankezy/outcome",
        ],
    ),
    (
        "providers/faceki",
        &[
            "secret",
            "codec",
            "providers/base_url",
            "providers/call_error",
            "providers/fields",
            "providers/plain_json",
            "providers/request_error",
            "providers/token",
            "providers/token_api",
            "providers/faceki/refusal",
        ],
    ),
    (
        "providers/complycube",
        &[
            "secret",
            "codec",
            "envelope",
            "providers/base_url",
            "providers/call_error",
            "providers/fields",
            "providers/plain_json",
            "providers/request_error",
            "providers/token",
            "providers/token_api",
            "providers/complycube/refusal",
        ],
    ),
    (
        "providers/sardine",
        &[
            "secret",
            "codec",
            "envelope",
            "providers/base_url",
            "providers/call_error",
            "providers/fields",
            "providers/plain_json",
            "providers/request_error",
            "providers/token",
            "providers/token_api",
        ],
    ),
    (
        "providers/sealed_storage",
        &[
            "error",
            "codec",
            "envelope",
            "providers/token",
            "providers/token_api",
            "providers/bankezy",
            "providers/bankezy/outcome",
            "providers/sardine",
        ],
    ),
    (
        "providers/token_entry",
        &[
            "error",
            "providers/lifetime",
            "providers/sealed_storage",
            "providers/token",
            "providers/token_api",
        ],
    ),
    (
        "providers/token_store",
        &[
            "error",
            "providers/service_error",
            "providers/token_api",
            "providers/token_entry",
        ],
    ),
];

/// Whether a place is this module or lies in it.
fn is_in(place: &str, module: &str) -> bool {
    place
        .strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The narrowest row of the table that a file is in.
fn row(file: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let place = file.strip_suffix(".rs").unwrap();
    let place = place.strip_suffix("/mod").unwrap_or(place);
    MAY_USE
        .iter()
        .filter(|(module, _)| is_in(place, module))
        .max_by_key(|(module, _)| module.len())
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let graph = graph(&members().remove(0).sources(), "lib.rs");
    let mut violations = Vec::new();
    let mut used_rows = BTreeSet::new();
    for (file, uses) in &graph {
        let Some((module, allowed)) = row(file) else {
            // A facade holds no code, so it uses nothing.
            if !uses.is_empty() {
                violations.push(format!("{file} is not in the table and uses {uses:?}"));
            }
            continue;
        };
        used_rows.insert(*module);
        for used in uses {
            let (target, _) = row(used).expect("what is used is in the table");
            if target != module && !allowed.iter().any(|allowed| is_in(target, allowed)) {
                violations.push(format!("{file} uses {used}"));
            }
        }
    }
    assert_eq!(violations, Vec::<String>::new());
    let rows: BTreeSet<_> = MAY_USE.iter().map(|(module, _)| *module).collect();
    assert_eq!(used_rows, rows, "a row of the table is about nothing");
}

#[test]
fn the_table_only_looks_upwards() {
    for (place, (module, allowed)) in MAY_USE.iter().enumerate() {
        for used in *allowed {
            let above = MAY_USE[..place]
                .iter()
                .any(|(earlier, _)| is_in(earlier, used));
            assert!(
                above,
                "{module} may use {used}, which does not stand above it"
            );
        }
    }
}
