//! `bankezy seal` and `bankezy open`.

use std::io::IsTerminal as _;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Error, KeyPair, Open, Opened, PayloadCipher, PrivateKeyOpener, PublicKeySealer, Seal,
};
use bankezy_diagnose::{DiagnoseError, InspectError, Line, Message};

use crate::args::{
    self, AgreementArgs, DerivationInputs, KEYS_TO_OPEN, KEYS_TO_SEAL, SecretArg as _, SecretArgs,
};
use crate::failure::Failure;
use crate::files::Limit;
use crate::{files, keys, lines, usage};

pub(crate) fn seal(args: &args::Seal) -> Result<(), Failure> {
    let backend = keys::backend(&args.backend)?;
    let max = args.max_len.max_len;
    let sealer: Box<dyn Seal> = match &args.recipient {
        Some(recipient) => {
            let mut sealer = PublicKeySealer::with_backend(
                &keys::public_key(recipient, "--recipient")?,
                backend,
            )?;
            let DerivationInputs { apu, apv, .. } = &args.agreement.derivation.inputs;
            if apu.is_some() || apv.is_some() {
                sealer = sealer.with_party_info(keys::bytes(apu), keys::bytes(apv))?;
            }
            Box::new(sealer.with_max_sealed_len(max))
        }
        None => match key(&args.secret, &args.agreement, &KEYS_TO_SEAL, backend)? {
            Key::Shared(cipher) => Box::new(cipher.with_max_sealed_len(max)),
            Key::Private(_) => {
                return Err(Failure::usage(
                    "a private key alone does not seal: add --peer and --derive, or use --recipient",
                ));
            }
        },
    };
    if args.lines {
        return lines::run(max, &|line, output| {
            output.sealed(|sealed| sealer.seal_to_bytes(line, sealed))
        });
    }
    let mut sealed = Vec::new();
    // A payload longer than its sealed text may be is not read to its end.
    let payload = files::read_stdin(Limit::Payload(max))?;
    sealer.seal_to_bytes(payload.as_bytes(), &mut sealed)?;
    files::print(&sealed)?;
    // Byte for byte into a file or a pipe; a terminal gets a line end.
    if std::io::stdout().is_terminal() {
        files::print(b"\n")
    } else {
        Ok(())
    }
}

pub(crate) fn open(args: &args::Open) -> Result<(), Failure> {
    let backend = keys::backend(&args.backend)?;
    let key = key(&args.secret, &args.agreement, &KEYS_TO_OPEN, backend)?;
    let max = args.max_len.max_len;
    let opener: Box<dyn Open> = match key {
        Key::Shared(cipher) => Box::new(cipher.with_max_sealed_len(max)),
        Key::Private(pair) => {
            if args.agreement.derivation.inputs.has_party_info() {
                return Err(Failure::usage(
                    "without --peer, apu and apv are read from the message",
                ));
            }
            Box::new(PrivateKeyOpener::new(pair).with_max_sealed_len(max))
        }
    };
    if args.lines {
        return lines::run(max, &|line, output| {
            output.opened(|opened| opener.open_into(line.trim_ascii_end(), opened))
        });
    }
    let sealed = files::read_stdin(Limit::Sealed(max))?;
    let mut opened = Opened::new();
    let sealed = sealed.as_bytes().trim_ascii_end();
    opener
        .open_into(sealed, &mut opened)
        .map_err(|error| refusal(error, sealed, max, backend))?;
    files::print(opened.as_bytes())
}

/// Why a message is not opened. A JWE in JSON serialization is not mistaken for unencrypted JSON, and what is around
/// a message is named.
fn refusal(error: Error, sealed: &[u8], max: usize, backend: &Backend) -> Failure {
    let is_json = sealed.trim_ascii_start().starts_with(b"{");
    let is_jwe = |kind: &Line| kind.value().starts_with("JWE");
    let found = is_json.then(|| bankezy_diagnose::inspect(sealed, max));
    match found {
        Some(Err(other @ InspectError::JsonSerialization { .. })) => {
            Failure::operation(other.to_string())
        }
        Some(Ok(report)) if report.lines().first().is_some_and(is_jwe) => Failure::operation(
            "this is a JWE in JSON serialization, and compact JWE is needed: join its `protected`, \
             `encrypted_key`, `iv`, `ciphertext` and `tag` with dots",
        ),
        _ => match surroundings(&error, sealed, max, backend) {
            Some(around) => Failure::operation(format!(
                "{around}, and open takes the message alone: take that out, or give it as it is to `bankezy diagnose`, \
                 which reads it ({error})"
            )),
            None => error.into(),
        },
    }
}

/// What is around the message, if it is refused for that.
fn surroundings(error: &Error, sealed: &[u8], max: usize, backend: &Backend) -> Option<String> {
    if !matches!(error, Error::Malformed { .. } | Error::Header { .. }) {
        return None;
    }
    match Message::new(sealed, max, backend) {
        Ok(message) if message.stripped().is_empty() => {
            (message.sealed() != sealed).then(|| "the input has white space".to_owned())
        }
        Ok(message) => {
            let all: Vec<_> = message.stripped().iter().map(ToString::to_string).collect();
            Some(format!("the input has {}", all.join(", ")))
        }
        Err(several @ DiagnoseError::SeveralMessages { .. }) => Some(several.to_string()),
        Err(_) => None,
    }
}

enum Key {
    /// A payload secret, given or agreed.
    Shared(PayloadCipher),
    /// A private key on its own.
    Private(KeyPair),
}

/// The key that the arguments name; `keys` are the ids of those that can.
fn key(
    secret: &SecretArgs,
    agreement: &AgreementArgs,
    keys: &[&str],
    backend: &Backend,
) -> Result<Key, Failure> {
    if secret.secret.place().is_some() {
        let secret = keys::secret(secret)?;
        if agreement.derivation.inputs.has_party_info() {
            return Err(Failure::usage(
                "--apu and --apv cannot be used with a payload secret",
            ));
        }
        return Ok(Key::Shared(PayloadCipher::with_backend(&secret, backend)?));
    }
    let private_key = agreement.private_key.place();
    let private_key = private_key.ok_or_else(|| usage::missing(keys))?;
    let pair = keys::private_key(private_key, Some(&agreement.password), backend)?;
    match (&agreement.peer, keys::derivation(&agreement.derivation)?) {
        (Some(peer), Some(derivation)) => {
            let secret = pair.agree(&keys::public_key(peer, "--peer")?, &derivation)?;
            Ok(Key::Shared(PayloadCipher::with_backend(&secret, backend)?))
        }
        _ => Ok(Key::Private(pair)),
    }
}
