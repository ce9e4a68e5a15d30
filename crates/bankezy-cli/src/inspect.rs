//! `bankezy inspect`: what a text says about itself, without a key.

use bankezy_crypto::{Error, KeyProblem};
use bankezy_diagnose::Line;

use crate::args::Inspect;
use crate::failure::Failure;
use crate::files::{self, Limit};
use crate::{beside, key_forms, octet_text, other_kind};

pub(crate) fn run(args: &Inspect) -> Result<(), Failure> {
    let max = args.max_len.max_len;
    let bytes = match &args.file {
        Some(file) => files::read_file(file, Limit::Sealed(max), "the argument FILE")?,
        None => files::read_stdin(Limit::Sealed(max))?,
    };
    let bytes = octet_text::pem_in_other_code(bytes.as_bytes()).unwrap_or(bytes);
    let bytes = bytes.as_bytes();
    let report = bankezy_diagnose::inspect(bytes, max)
        .map_err(|error| Failure::operation(refusal(bytes, error.to_string())))?;
    let kind = report.lines().first().map_or("", Line::value);
    let is_key = kind.starts_with("public key");
    if (is_key || kind.starts_with("DER ")) && beside::holds_private_key(bytes) {
        return Err(Failure::operation(
            Error::from(KeyProblem::PrivateMember).to_string(),
        ));
    }
    let key_id = is_key.then(|| key_id_of(bytes));
    let key_id = key_id.flatten().unwrap_or_default();
    files::print(format!("{report}{key_id}").as_bytes())
}

/// Why nothing is explained: that it must be kept secret comes first.
fn refusal(bytes: &[u8], error: String) -> String {
    if other_kind::is_secret(bytes) {
        return "this looks like a payload secret or another key, not like a message: keep it secret, there is nothing to \
                explain; `bankezy diagnose` finds out how a secret is written, with a message that it opens"
            .to_owned();
    }
    let key = str::from_utf8(bytes)
        .map_or_else(|_| key_forms::public_octets(bytes), key_forms::public_text);
    let alarm = Error::from(KeyProblem::PrivateMember);
    if key == Err(alarm.clone()) {
        alarm.to_string()
    } else {
        error
    }
}

/// A line for the `kid` of a public key.
fn key_id_of(key: &[u8]) -> Option<String> {
    let key = key_forms::public_text(str::from_utf8(key).ok()?).ok()?;
    let len = key.key_id_len()?;
    Some(match key.key_id() {
        Some(key_id) => format!("kid: {}\n", key_id.escape_default()),
        None => format!("kid: not shown, since it has {len} bytes and no more than 256 are kept\n"),
    })
}
