//! `bankezy diagnose`: the documentation says neither how a payload secret is written nor how a key is derived from
//! the shared secret; one captured message shows it.

use bankezy_crypto::Algorithm;
use bankezy_diagnose::{
    Class, Classes, DiagnoseError, Encoding, Finding, Flags, Message, Reading, Stripped,
    WHAT_NEXT_FOR_KEYS, WHAT_NEXT_FOR_SECRET,
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

    let mut how = How::AsWritten;
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
        let (found, read) = reading(&message, &keys::written_secret(&args.secret)?);
        how = read;
        found
    } else {
        return Err(Failure::operation(format!(
            "the message is sealed to a public key ({algorithm}): open it with --private-key"
        )));
    };
    let stripped = message.stripped();
    let found = found.map_err(|error| failure(error, args.verbose, stripped))?;
    let found = in_flags(&found, &how);
    let stripped = stripped_from(stripped).map_or_else(String::new, |line| line + "\n");
    files::print(format!("{found}\n{stripped}").as_bytes())
}

/// How the secret with a finding was read.
enum How {
    AsWritten,
    /// With what [`keys::secret`] ignores, which a shell ignores too.
    WithLineEnds,
    /// Without it, by this filter.
    Unfolded(&'static str),
}

/// The reading that opens the message. What flags can read comes first: the secret without its line ends.
fn reading(message: &Message<'_>, secret: &Written) -> (Result<Finding, DiagnoseError>, How) {
    let Some(unfolded) = &secret.unfolded else {
        return (message.try_readings(&secret.whole), How::AsWritten);
    };
    let found = message.try_readings(unfolded);
    let is_settled = match &found {
        Ok(Finding::Reading { reading, .. }) => reading.flags().is_some(),
        Err(DiagnoseError::NoReading { .. }) => false,
        _ => true,
    };
    if is_settled {
        return (found, How::AsWritten);
    }
    // It names what is removed.
    match message.try_readings(&secret.whole) {
        Ok(whole) => {
            let is_of_line_ends = matches!(
                &whole,
                Finding::Reading { reading, .. }
                    if reading.encoding == Encoding::RawBytes && reading.wrappers.is_empty()
            );
            let how = if is_of_line_ends {
                How::WithLineEnds
            } else {
                How::AsWritten
            };
            (Ok(whole), how)
        }
        Err(_) => {
            let is_marked = secret.whole.as_bytes().starts_with(b"\xef\xbb\xbf");
            let filter = if is_marked {
                "tail -c +4 | tr -d '\\r\\n'"
            } else {
                "tr -d '\\r\\n'"
            };
            (found, How::Unfolded(filter))
        }
    }
}

const WHOLE: &str = "the secret is read with its line ends, the last one too: do not trim the file";

/// What was removed to find the message, if anything.
fn stripped_from(stripped: &[Stripped]) -> Option<String> {
    let all: Vec<String> = stripped.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| format!("stripped from the capture: {}", all.join(", ")))
}

/// Writes the secret as it is, in what the library prints for a shell.
const CAT: &str = r#"cat "$SECRET_FILE""#;

/// A finding, with the flags that use it.
fn in_flags(found: &Finding, how: &How) -> String {
    let (mut lines, weakness) = match found {
        Finding::Reading {
            reading,
            weakness,
            alike,
            ..
        } => {
            let mut lines = vec![format!("opens with {}", flag(reading))];
            if reading.flags().is_some() {
                lines.push(format!("in Rust: {}", reading.rust()));
            } else {
                let source = match how {
                    How::Unfolded(filter) => format!("{CAT} | {filter}"),
                    _ => CAT.to_owned(),
                };
                let shell = reading.shell().replace(CAT, &source);
                let as_written = || {
                    let is_used = shell.contains(r#""$SECRET""#);
                    is_used.then(|| format!("SECRET=$({source})"))
                };
                let cleaned = reading.cleaned().map(|it| it.replace(CAT, &source));
                lines.extend(cleaned.or_else(as_written).map(|it| format!("first: {it}")));
                let variable = if reading.wrappers.is_empty() {
                    ""
                } else {
                    ", where `cleaned` is the value without what was removed"
                };
                lines.push(format!("in Rust{variable}: {}", reading.rust()));
                lines.push(format!("in a shell, for --encoding hex: {shell}"));
                let is_with_line_ends = matches!(how, How::WithLineEnds);
                lines.extend(is_with_line_ends.then(|| format!("note: {WHOLE}")));
            }
            let names: Vec<_> = alike.iter().filter_map(|it| it.flag()).collect();
            lines.extend((!names.is_empty()).then(|| {
                let names = names.join(" and ");
                format!(
                    "note: this secret is the same in {names}: a message under another secret shows which one it is"
                )
            }));
            (lines, weakness)
        }
        Finding::Derivation {
            derivation,
            tried,
            weakness,
            flags,
            alike,
            ..
        } => {
            let flags = flags.as_ref().map_or(NO_FLAGS, Flags::as_str);
            let mut lines = vec![
                format!("opens with {derivation} (derivation {tried} tried)"),
                format!("on the command line: {flags}"),
                format!("in Rust: {}", derivation.rust()),
            ];
            lines.extend(
                derivation
                    .functions()
                    .map(|text| text.trim_end().to_owned()),
            );
            lines.extend(derivation.form.note().map(|note| format!("note: {note}")));
            let names: Vec<_> = alike.iter().map(ToString::to_string).collect();
            lines.extend((!names.is_empty()).then(|| {
                let (forms, differ) = match names.len() {
                    1 => ("a rarer form".to_owned(), "differs"),
                    count => (format!("{count} rarer forms"), "differ"),
                };
                let (form, names) = (derivation.form, names.join(" and "));
                format!(
                    "note: this result also fits {forms} of {form} that {differ} only in some sessions ({names}): \
                     confirm with a message of a second session"
                )
            }));
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

/// Keys in binary, decoded values and rare functions have no flag.
const NO_FLAGS: &str = "no flags do this, only Rust code";

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
