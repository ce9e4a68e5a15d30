//! `bankezy fleet`: what the processes of a backend share.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bankezy_client::{BankEzyClient, TlsProblem};
use bankezy_crypto::providers::bankezy::{BankEzy, Version};
use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret};
use bankezy_fleet::{
    Finding, FleetConfig, FleetError, IdentityProblem, RevokeError, Revoked, SessionSettings,
    Status,
};

use crate::args::{Fleet, FleetCall, RevokeArgs, SecretArg as _, StoreArgs};
use crate::failure::Failure;
use crate::{files, keys, remote, shown, transport, usage};

/// Certificates are small.
const MAX_CERTIFICATES: usize = 1 << 20;

/// An operator waits rather than not to learn what a distant or busy store has, or why it cannot be reached.
const DEADLINE: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &Fleet) -> Result<(), Failure> {
    match &args.call {
        FleetCall::Status(args) => status(args),
        FleetCall::Check(args) => check(args),
        FleetCall::Revoke(args) => revoke(args),
    }
}

fn status(args: &StoreArgs) -> Result<(), Failure> {
    let (config, scheme) = config(args)?;
    let status = remote::block_on(async { bankezy_fleet::Fleet::connect(config)?.status().await })?;
    let status = status.map_err(|error| failure(error, scheme))?;
    files::print(text_of(&status).as_bytes())
}

fn check(args: &StoreArgs) -> Result<(), Failure> {
    let (config, scheme) = config(args)?;
    let found = remote::block_on(async { bankezy_fleet::Fleet::connect(config)?.check().await })?;
    let found = found.map_err(|error| failure(error, scheme))?;
    let mut text = String::new();
    for Finding {
        setting,
        value,
        risk,
        ..
    } in &found
    {
        let value = on_one_line(value);
        let _ = match risk {
            None => writeln!(text, "ok      {setting} {value}"),
            Some(risk) => writeln!(text, "risk    {setting} {value}: {risk}"),
        };
    }
    files::print(text.as_bytes())?;
    let count = found
        .iter()
        .filter(|finding| finding.risk.is_some())
        .count();
    if count == 0 {
        return Ok(());
    }
    Err(Failure::operation(if count == 1 {
        "1 setting of the store is a risk".to_owned()
    } else {
        format!("{count} settings of the store are a risk")
    }))
}

fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let (config, scheme) = config(&args.store)?;
    let failure = |error| failure(error, scheme);
    let api_key = keys::needed_text(&args.api_key, "X-API-KEY")?;
    let server = BankEzy::new(args.base_url.url.clone(), api_key.as_str(), Version::V2)?;
    let client = BankEzyClient::new(transport::client(&args.transport, &args.base_url)?, server);
    let text = keys::needed_text(&args.wrapping_key, "the wrapping key")?;
    let cipher = PayloadCipher::new(&PayloadSecret::from_base64url(text.as_str())?)?;
    let ring = Arc::new(KeyRing::new(args.wrapping_key_id.as_str(), cipher));
    let revoked = remote::block_on(async {
        let fleet = bankezy_fleet::Fleet::connect(config).map_err(failure)?;
        let sessions = fleet.sessions(&args.session_name, ring, SessionSettings::default())?;
        let revoked = sessions.revoke(&client).await;
        revoked.map_err(|error| match error {
            RevokeError::Provider(error) => remote::call_failure(error, &args.transport),
            RevokeError::Store(error) => failure(error),
            error => Failure::operation(error.to_string()),
        })
    })??;
    match revoked {
        Revoked::Ended => files::print(b"revoked\n"),
        Revoked::StillValid { left } => Err(Failure::operation(format!(
            "the session is removed from the store, but its token stays valid for {} s: the login had no reference to \
             invalidate it by; processes that have it go on with it: start them again, and ask BankEzy to end it",
            left.as_secs()
        ))),
        _ => Err(Failure::operation(
            "no such session: it has expired, or has another name or wrapping key",
        )),
    }
}

/// What a URL says of TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    WithTls,
    WithoutTls,
    /// No URL of a store.
    Other,
}

impl Scheme {
    fn of(url: &str) -> Self {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        match scheme.trim_start().to_ascii_lowercase().as_str() {
            "rediss" | "valkeys" => Self::WithTls,
            "redis" | "valkey" => Self::WithoutTls,
            _ => Self::Other,
        }
    }
}

fn config(args: &StoreArgs) -> Result<(FleetConfig, Scheme), Failure> {
    let (config, scheme) = match (&args.url, args.place.place()) {
        (Some(url), _) => {
            // Other users of the machine can see arguments.
            if url.contains('@') || url.contains("pass=") {
                let message = "a URL with a user or password is not accepted as an argument: use --url-file or --url-env";
                return Err(Failure::usage(message));
            }
            (FleetConfig::new(url, &args.name), Scheme::of(url))
        }
        (None, Some(_)) => {
            let url = keys::needed_text(&args.place, "the URL of the store")?;
            let config = FleetConfig::new(url.as_str(), &args.name);
            (config, Scheme::of(url.as_str()))
        }
        (None, None) => return Err(usage::missing(&["url", "url_file", "url_env"])),
    };
    let config = config
        .response_deadline(DEADLINE)
        .connect_deadline(DEADLINE);
    let config = match &args.store_roots {
        None => config,
        Some(path) => {
            let pem = files::read_file(path, MAX_CERTIFICATES, "--store-roots")?;
            config.root_certificates(pem.as_bytes())
        }
    };
    match (&args.store_cert_file, args.store_key.place()) {
        (Some(path), Some(key)) => {
            let chain = files::read_file(path, MAX_CERTIFICATES, "--store-cert-file")?;
            let chain = keys::text(&chain, "the file of --store-cert-file")?;
            let key = keys::text_of(key)?;
            Ok((config.client_identity_pem(chain, key), scheme))
        }
        (None, None) => Ok((config, scheme)),
        _ => Err(Failure::usage(
            "--store-cert-file goes together with --store-key-file or --store-key-env",
        )),
    }
}

fn failure(error: FleetError, scheme: Scheme) -> Failure {
    match error {
        FleetError::Url | FleetError::NoTls => Failure::usage(error.to_string()),
        FleetError::Name => Failure::usage(format!("{error} (--name)")),
        FleetError::Certificates => Failure::usage(format!("{error} (--store-roots)")),
        FleetError::Identity(IdentityProblem::Certificate | IdentityProblem::Order) => {
            Failure::usage(format!("{error} (--store-cert-file)"))
        }
        FleetError::Identity(_) => {
            Failure::usage(format!("{error} (--store-key-file or --store-key-env)"))
        }
        FleetError::Refused { code: "ERR" } => Failure::operation(format!(
            "{error}; a database in the URL has to be one that the server has"
        )),
        FleetError::Unreachable if scheme == Scheme::WithoutTls => {
            Failure::operation(format!("{error}; a port for TLS needs rediss://"))
        }
        FleetError::TimedOut | FleetError::Tls(TlsProblem::NotTls) if scheme == Scheme::WithTls => {
            Failure::operation(format!("{error}; a port without TLS needs redis://"))
        }
        FleetError::Tls(TlsProblem::UntrustedCertificate) => {
            Failure::operation(format!("{error} (--store-roots)"))
        }
        FleetError::Tls(
            TlsProblem::ClientCertificateRequired | TlsProblem::ClientCertificateRefused,
        ) => Failure::operation(format!("{error} (--store-cert-file and --store-key-file)")),
        error => Failure::operation(error.to_string()),
    }
}

/// What is in it comes from the store, which others may write to.
fn text_of(status: &Status) -> String {
    let mut text = String::new();
    for member in &status.members {
        let (id, name) = (&member.id, member.name.as_deref().unwrap_or_default());
        let called = format!("member {id} {name}");
        let called = on_one_line(called.trim_end());
        let age = member.last_report.as_secs();
        let _ = writeln!(text, "{called}, reported {age} s ago");
        for (ring, keys) in &member.rings {
            let (ring, keys) = (on_one_line(ring), keys.join(" "));
            let _ = writeln!(text, "  ring {ring}: {}", on_one_line(&keys));
        }
    }
    for (ring, key) in &status.newest {
        let (ring, key) = (on_one_line(ring), on_one_line(key));
        let _ = writeln!(text, "ring {ring} seals with {key}");
    }
    for budget in &status.budgets {
        let (key, reserved, limit) = (on_one_line(&budget.key_id), budget.reserved, budget.limit);
        let _ = writeln!(
            text,
            "budget {key}: {reserved} of {limit} messages reserved"
        );
    }
    let (members, tokens, logins) = (status.members.len(), status.tokens, status.logins);
    if text.is_empty() && tokens == 0 && logins == 0 {
        text.push_str("the store has nothing of a fleet with this name: check --name\n");
    }
    let members = if members == 1 {
        "1 member".to_owned()
    } else {
        format!("{members} members")
    };
    let _ = writeln!(
        text,
        "{members}; tokens and sessions: {tokens}; logins in progress: {logins}"
    );
    if status.is_cut {
        text.push_str(
            "the store has so many names that not all were looked at: there may be more tokens, sessions and logins\n",
        );
    }
    text
}

/// Text from others must not start new lines.
fn on_one_line(text: &str) -> String {
    shown::printable(text).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_makes_no_line_and_controls_no_terminal() {
        assert_eq!(
            on_one_line("k\nbudget k: 0\x1b[2J"),
            "k\\nbudget k: 0\\u{1b}[2J"
        );
    }
}
