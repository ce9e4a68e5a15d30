//! `bankezy diagnose`: the documentation says neither how a payload secret is written nor how a key
//! comes from the shared secret; one captured message tells.

use bankezy_crypto::Algorithm;
use bankezy_diagnose::{DiagnoseError, Finding, Message, Reading};

use crate::args::Diagnose;
use crate::failure::Failure;
use crate::{files, keys};

pub(crate) fn run(args: &Diagnose) -> Result<(), Failure> {
    let backend = keys::backend(&args.backend)?;
    let max = args.max_len.max_len;
    let message = files::read_file(&args.message, max.saturating_add(2), "--message")?;
    let message = Message::new(message.as_bytes(), max, backend).map_err(failure)?;
    let algorithm = message.algorithm();

    let private =
        keys::private_bytes(args.private_key.as_deref(), args.private_key_env.as_deref())?;
    let found = if let Some(private) = private {
        let pair = keys::private_key(&private, backend)?;
        match &args.peer {
            Some(peer) if algorithm == Algorithm::Dir => {
                let peer = keys::public_key(peer, "--peer")?;
                let further: Vec<&str> = args.try_info.iter().map(String::as_str).collect();
                message.try_derivations(&pair, &peer, &further)
            }
            _ => message.try_private_key(pair),
        }
    } else if algorithm == Algorithm::Dir {
        let secret = keys::secret_bytes(args.secret_file.as_deref(), args.secret_env.as_deref())?
            .ok_or_else(|| Failure::usage("name a key"))?;
        message.try_readings(&secret)
    } else {
        return Err(Failure::operation(format!(
            "the message is sealed to a public key ({algorithm}): open it with --private-key"
        )));
    };
    let found = in_flags(&found.map_err(failure)?);
    files::print(format!("{found}\n").as_bytes())
}

/// A finding, with the flags that use it.
fn in_flags(found: &Finding) -> String {
    match found {
        Finding::Reading { reading, .. } => format!("opens with {}", flag(*reading)),
        Finding::Derivation {
            derivation, tried, ..
        } => format!("opens with --derive {derivation} (derivation {tried} tried)"),
        Finding::PrivateKey => "opens with the private key alone, without --peer".to_owned(),
        _ => found.to_string(),
    }
}

fn flag(reading: Reading) -> String {
    if reading == Reading::RawBytes {
        reading.to_string()
    } else {
        format!("--encoding {reading}")
    }
}

/// A failed diagnosis, with the flags that may help.
fn failure(error: DiagnoseError) -> Failure {
    match error {
        DiagnoseError::SealedUnderSharedKey => Failure::usage(
            "the message is sealed under a shared key (dir): name the other side's key with --peer",
        ),
        DiagnoseError::NoReading { tried, .. } => {
            let tried: Vec<String> = tried
                .iter()
                .map(|attempt| format!("{}: {}", flag(attempt.reading), attempt.outcome))
                .collect();
            Failure::operation(format!(
                "no reading of the payload secret opens the message ({})",
                tried.join("; ")
            ))
        }
        DiagnoseError::NoDerivation { tried, .. } => Failure::operation(format!(
            "none of {} derivations opens the message: check that both keys are the ones it was \
             sealed under, or add a text with --try-info",
            tried.len()
        )),
        error => Failure::operation(error.to_string()),
    }
}
