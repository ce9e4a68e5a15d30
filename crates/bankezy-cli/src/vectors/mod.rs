//! `bankezy vectors`: runs vector files, of the form described in `test-vectors/README.md`.

use std::path::Path;

use serde_json::Value;

use crate::args::Vectors;
use crate::failure::Failure;
use crate::{files, keys};

mod case;

/// Largest vector file that is read.
const MAX_FILE: usize = 64 * 1024 * 1024;

pub(crate) fn run(args: &Vectors) -> Result<(), Failure> {
    let backend = keys::backend(&args.backend)?;
    let (mut passed, mut failed) = (0, 0);
    for (number, path) in (1..).zip(&args.files) {
        let from = format!("FILES, number {number}");
        for case in read(path, &from)? {
            match case::run(&case, backend) {
                Ok(()) => passed += 1,
                Err(reason) => {
                    failed += 1;
                    let line = format!(
                        "FAILED file {number} case {} ({}, {}): {reason}",
                        case["id"],
                        case::text(&case, "kind").unwrap_or("no kind"),
                        case::text(&case, "comment").unwrap_or("no comment"),
                    );
                    let line = bankezy_diagnose::printable(&line);
                    files::print(format!("{line}\n").as_bytes())?;
                }
            }
        }
    }
    files::print(format!("{passed} passed, {failed} failed\n").as_bytes())?;
    match failed {
        0 => Ok(()),
        _ => Err(Failure::operation(format!(
            "{failed} vectors failed on {}",
            backend.name()
        ))),
    }
}

fn read(path: &Path, from: &str) -> Result<Vec<Value>, Failure> {
    let bytes = files::read_file(path, MAX_FILE, from)?;
    let what = files::named_by(from);
    let invalid = |reason: &str| Failure::operation(format!("{what}: {reason}"));
    let file: Value = serde_json::from_slice(bytes.as_bytes())
        .map_err(|error| invalid(&format!("not a vector file: {error}")))?;
    match file.get("cases").and_then(Value::as_array) {
        Some(cases) if !cases.is_empty() => Ok(cases.clone()),
        _ => Err(invalid("not a vector file: it has no cases")),
    }
}
