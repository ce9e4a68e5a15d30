//! `bankezy inspect`: what a text says of itself, without a key.

use crate::args::Inspect;
use crate::failure::Failure;
use crate::files::{self, Limit};
use crate::other_kind;

pub(crate) fn run(args: &Inspect) -> Result<(), Failure> {
    let max = args.max_len.max_len;
    let bytes = match &args.file {
        Some(file) => files::read_file(file, Limit::Sealed(max), "the argument FILE")?,
        None => files::read_stdin(Limit::Sealed(max))?,
    };
    let bytes = bytes.as_bytes();
    let report = bankezy_diagnose::inspect(bytes, max).map_err(|error| {
        Failure::operation(if other_kind::is_secret(bytes) {
            format!("if it is a payload secret, keep it secret: there is nothing to explain; otherwise: {error}")
        } else {
            error.to_string()
        })
    })?;
    files::print(report.to_string().as_bytes())
}
