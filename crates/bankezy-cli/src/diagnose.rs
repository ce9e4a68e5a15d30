//! `bankezy diagnose`: the documentation says neither how a payload secret is written nor how a key
//! comes from the shared secret; one captured message tells.

use bankezy_crypto::{Algorithm, SecretBytes};
use bankezy_diagnose::{
    Class, Classes, DiagnoseError, Finding, Flags, Message, Reading, Stripped, WHAT_NEXT_FOR_KEYS,
    WHAT_NEXT_FOR_SECRET,
};

use crate::args::{Diagnose, KEYS_TO_OPEN, SecretArg as _};
use crate::failure::Failure;
use crate::keys::Written;
use crate::{files, keys, usage};

pub(crate) fn run(args: &Diagnose) -> Result<(), Failure> {
    if args.secret.place().or(args.private_key.place()).is_none() {
        return Err(usage::missing(&KEYS_TO_OPEN));
    }
    let backend = keys::backend(&args.backend)?;
    let max = args.max_len.max_len;
    let message = files::read_file(&args.message, files::Limit::Capture(max), "--message")?;
    let message = Message::new(message.as_bytes(), max, backend)
        .map_err(|error| failure(error, args.verbose, &[]))?;
    let algorithm = message.algorithm();

    let mut note = None;
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
        let (found, how) = reading(&message, &keys::written_secret(&args.secret)?);
        note = how;
        found
    } else {
        return Err(Failure::operation(format!(
            "the message is sealed to a public key ({algorithm}): open it with --private-key"
        )));
    };
    let stripped = message.stripped();
    let mut found = in_flags(&found.map_err(|error| failure(error, args.verbose, stripped))?);
    if let Some(note) = note {
        found.push_str("\nnote: ");
        found.push_str(note);
    }
    let stripped = stripped_from(stripped).map_or_else(String::new, |line| line + "\n");
    files::print(format!("{found}\n{stripped}").as_bytes())
}

/// The reading that opens the message, of the secret without its line ends, or else with them; and what to know
/// of them.
fn reading(
    message: &Message<'_>,
    secret: &Written,
) -> (Result<Finding, DiagnoseError>, Option<&'static str>) {
    let Some(unfolded) = &secret.unfolded else {
        return (message.try_readings(&secret.whole), None);
    };
    let found = message.try_readings(unfolded);
    let Err(DiagnoseError::NoReading { .. }) = &found else {
        // Flags read it as it is.
        let in_a_shell = matches!(
            &found,
            Ok(Finding::Reading { reading, .. }) if reading.flags().is_none()
        );
        let is_told = in_a_shell && is_folded(&secret.whole);
        return (found, is_told.then_some(UNFOLDED));
    };
    match message.try_readings(&secret.whole) {
        Ok(whole) => (Ok(whole), Some(WHOLE)),
        Err(_) => (found, None),
    }
}

/// Whether there are line ends before the last one, which a shell's `$(cat FILE)` takes off.
fn is_folded(secret: &SecretBytes) -> bool {
    let text = secret.as_bytes().trim_ascii_end();
    text.iter().any(|octet| matches!(octet, b'\r' | b'\n'))
}

const UNFOLDED: &str = "the secret is read without the line ends inside it, so in a shell \
                        SECRET=$(tr -d '\\r\\n' < FILE)";
const WHOLE: &str = "the secret is read with its line ends, the last one too: do not trim the file, and use \
                     its octets in place of $SECRET";

/// What was removed to find the message, if anything.
fn stripped_from(stripped: &[Stripped]) -> Option<String> {
    let all: Vec<String> = stripped.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| format!("stripped from the capture: {}", all.join(", ")))
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
            flags,
            ..
        } => {
            let flags = flags.as_ref().map_or(NO_FLAGS, Flags::as_str);
            let mut lines = vec![
                format!("opens with {derivation} (derivation {tried} tried)"),
                format!("on the command line: {flags}"),
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

/// Keys in binary, decoded values and rare functions are for programs.
const NO_FLAGS: &str = "no flags do this, so in Rust only";

fn flag(reading: &Reading) -> String {
    reading.flags().unwrap_or_else(|| reading.to_string())
}

/// A failed diagnosis, in one line with the flags that may help. `verbose` prints each attempt.
fn failure(error: DiagnoseError, verbose: bool, stripped: &[Stripped]) -> Failure {
    let (attempts, message) = match error {
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
            (attempts, message)
        }
        DiagnoseError::NoDerivation { tried, .. } => {
            let attempts = tried.iter().map(ToString::to_string).collect();
            let message = format!(
                "none of {} derivations opens the message (tried: {}). {WHAT_NEXT_FOR_KEYS} (--try-info)",
                tried.len(),
                Classes::of_derivations(&tried)
            );
            (attempts, message)
        }
        error => (Vec::new(), error.to_string()),
    };
    if verbose
        && !attempts.is_empty()
        && let Err(failure) = files::print(format!("{}\n", attempts.join("\n")).as_bytes())
    {
        return failure;
    }
    Failure::operation(match stripped_from(stripped) {
        Some(stripped) => format!("{message}; {stripped}"),
        None => message,
    })
}
