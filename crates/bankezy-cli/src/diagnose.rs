//! `bankezy diagnose`: the documentation says neither how a payload secret is written nor how a key
//! comes from the shared secret; one captured message tells.

use bankezy_crypto::Algorithm;
use bankezy_diagnose::{
    Class, Classes, DiagnoseError, Finding, Message, Reading, WHAT_NEXT_FOR_KEYS,
    WHAT_NEXT_FOR_SECRET,
};

use crate::args::{Diagnose, KEYS_TO_OPEN, SecretArg as _};
use crate::failure::Failure;
use crate::{files, keys, usage};

pub(crate) fn run(args: &Diagnose) -> Result<(), Failure> {
    if args.secret.place().or(args.private_key.place()).is_none() {
        return Err(usage::missing(&KEYS_TO_OPEN));
    }
    let backend = keys::backend(&args.backend)?;
    let max = args.max_len.max_len;
    let message = files::read_file(&args.message, max.saturating_add(64 * 1024), "--message")?;
    let message = Message::new(message.as_bytes(), max, backend)
        .map_err(|error| failure(error, args.verbose))?;
    let algorithm = message.algorithm();

    let found = if let Some(private) = args.private_key.place() {
        let pair = keys::private_key(private, Some(&args.password), backend)?;
        match &args.peer {
            Some(peer) if algorithm == Algorithm::Dir => {
                let peer = keys::public_key(peer, "--peer")?;
                let further: Vec<&str> = args.try_info.iter().map(String::as_str).collect();
                message.try_derivations(&pair, &peer, &further)
            }
            Some(_) => {
                return Err(Failure::usage(format!(
                    "the message is sealed to a public key ({algorithm}), so --peer does not apply: leave \
                     it out"
                )));
            }
            None => message.try_private_key(pair),
        }
    } else if algorithm == Algorithm::Dir {
        message.try_readings(&keys::secret_bytes(&args.secret)?)
    } else {
        return Err(Failure::operation(format!(
            "the message is sealed to a public key ({algorithm}): open it with --private-key"
        )));
    };
    let found = in_flags(&found.map_err(|error| failure(error, args.verbose))?);
    files::print(format!("{found}\n").as_bytes())?;
    let stripped: Vec<String> = message.stripped().iter().map(ToString::to_string).collect();
    match stripped.join(", ").as_str() {
        "" => Ok(()),
        all => files::print(format!("stripped from the capture: {all}\n").as_bytes()),
    }
}

/// A finding, with the flags that use it.
fn in_flags(found: &Finding) -> String {
    let (mut lines, weakness) = match found {
        Finding::Reading {
            reading, weakness, ..
        } => {
            let mut lines = vec![format!("opens with {}", flag(reading))];
            if reading.flags().is_none() {
                lines.push(format!("in Rust: {}", reading.rust()));
                lines.push(format!(
                    "in a shell, for --encoding hex: {}",
                    reading.shell()
                ));
            }
            (lines, weakness)
        }
        Finding::Derivation {
            derivation,
            tried,
            weakness,
            ..
        } => {
            let usual = derivation.is_usual();
            let flag = if usual { "--derive " } else { "" };
            let mut lines = vec![
                format!("opens with {flag}{derivation} (derivation {tried} tried)"),
                format!("in Rust: {}", derivation.rust()),
            ];
            lines.extend(derivation.form.note().map(|note| format!("note: {note}")));
            (lines, weakness)
        }
        Finding::PrivateKey => {
            return "opens with the private key alone, without --peer".to_owned();
        }
        _ => return found.to_string(),
    };
    lines.extend(weakness.iter().map(|weakness| format!("weak: {weakness}")));
    lines.join("\n")
}

fn flag(reading: &Reading) -> String {
    reading.flags().unwrap_or_else(|| reading.to_string())
}

/// A failed diagnosis, in one line with the flags that may help. `verbose` prints each attempt.
fn failure(error: DiagnoseError, verbose: bool) -> Failure {
    let (attempts, failure) = match error {
        DiagnoseError::SealedUnderSharedKey => {
            return Failure::usage(
                "the message is sealed under a shared key (dir): name the other side's key with --peer",
            );
        }
        DiagnoseError::NoReading { tried, .. } => {
            let attempts: Vec<String> = tried
                .iter()
                .map(|attempt| format!("{}: {}", flag(&attempt.reading), attempt.outcome))
                .collect();
            let usual = tried
                .iter()
                .take_while(|attempt| attempt.reading.class() == Class::UsualEncoding)
                .count();
            let message = format!(
                "no reading of the payload secret opens the message ({}; tried: {}). \
                 {WHAT_NEXT_FOR_SECRET}",
                attempts[..usual].join("; "),
                Classes::of_readings(&tried)
            );
            (attempts, Failure::operation(message))
        }
        DiagnoseError::NoDerivation { tried, .. } => {
            let attempts = tried.iter().map(ToString::to_string).collect();
            let message = format!(
                "none of {} derivations opens the message (tried: {}). {WHAT_NEXT_FOR_KEYS} (--try-info)",
                tried.len(),
                Classes::of_derivations(&tried)
            );
            (attempts, Failure::operation(message))
        }
        error => return Failure::operation(error.to_string()),
    };
    if verbose && let Err(failure) = files::print(format!("{}\n", attempts.join("\n")).as_bytes()) {
        return failure;
    }
    failure
}
