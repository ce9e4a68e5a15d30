//! `bankezy keygen`.

use std::io::Write as _;

use bankezy_crypto::{KeyPair, PayloadSecret};

use crate::args::{Keygen, KeygenKind};
use crate::failure::Failure;
use crate::{files, keys, streams};

/// 128 bits of strength (NIST SP 800-57 part 1, table 2).
const DEFAULT_RSA_BITS: usize = 3072;

pub(crate) fn run(args: &Keygen) -> Result<(), Failure> {
    if args.bits.is_some() && args.kind != KeygenKind::Rsa {
        return Err(Failure::usage("--bits is only for rsa"));
    }
    if args.backend.backend.is_some() && args.kind == KeygenKind::Secret {
        return Err(Failure::usage("--backend is only for p256 and rsa"));
    }
    let backend = keys::backend(&args.backend)?;
    files::check_private(&args.out, "--out", args.force)?;
    let pair = match args.kind {
        KeygenKind::Secret => return secret(args),
        KeygenKind::P256 => KeyPair::generate_with_backend(backend)?,
        KeygenKind::Rsa => {
            KeyPair::generate_rsa_with_backend(args.bits.unwrap_or(DEFAULT_RSA_BITS), backend)?
        }
    };
    let pem = pair.to_pem()?;
    files::write_private(&args.out, "--out", pem.as_str().as_bytes(), args.force)?;
    files::print(format!("{}\n", pair.public_key().to_wire()).as_bytes())
}

fn secret(args: &Keygen) -> Result<(), Failure> {
    let secret = PayloadSecret::generate()?.to_base64url();
    files::write_private(&args.out, "--out", secret.as_str().as_bytes(), args.force)?;
    // Not on standard output, which gets only what may be shared, and no part of a secret may be.
    let _ = writeln!(
        streams::stderr(),
        "payload secret written to the file of --out as base64url; keep it secret"
    );
    Ok(())
}
