//! What the commands that talk to a server share.

use std::error::Error as _;

use bankezy_client::{BankEzyClient, ProviderError};
use bankezy_crypto::PayloadSecret;
use bankezy_crypto::providers::bankezy::{AccountNumber, BankEzy, Version, meaning};
use bankezy_crypto::providers::{BaseUrl, CallError};
use bankezy_sandbox::SandboxError;
use tokio::runtime::{Builder, Runtime};

use crate::args::Encoding;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::{keys, transport};

pub(crate) fn runtime(mut builder: Builder) -> Result<Runtime, Failure> {
    builder
        .enable_all()
        .build()
        .map_err(|error| Failure::operation(format!("cannot start a runtime: {error}")))
}

/// The server that the settings name, behind a client.
pub(crate) fn connect(settings: &Settings) -> Result<BankEzyClient, Failure> {
    let base_url = settings.needed("base_url")?;
    let base = BaseUrl::parse(&base_url)?;
    let version = version(settings)?;
    let api_key = settings
        .needed_source("api_key_file", "api_key_env")?
        .read()?;
    let api_key = keys::text(&api_key, "X-API-KEY")?;
    let server = BankEzy::new(base, api_key, version)?;

    let client = transport::client(settings, base_url.starts_with("https"))?;
    Ok(BankEzyClient::new(client, server))
}

fn version(settings: &Settings) -> Result<Version, Failure> {
    match settings.text("api_version")?.as_deref() {
        None | Some("v2") => Ok(Version::V2),
        Some("v1") => Ok(Version::V1),
        Some(_) => Err(Failure::usage(format!(
            "invalid value for {}: expected v1 or v2",
            settings.from("api_version")
        ))),
    }
}

/// The static payload secret.
pub(crate) fn payload_secret(settings: &Settings) -> Result<PayloadSecret, Failure> {
    let source = settings.needed_source("secret_file", "secret_env")?;
    let encoding = settings.choice("encoding")?.unwrap_or(Encoding::Base64url);
    keys::secret_of(source.read()?, encoding)
}

pub(crate) fn call_failure(error: ProviderError) -> Failure {
    match error {
        ProviderError::Request(error) => error.into(),
        ProviderError::Answer(CallError::Failed {
            status, outcome, ..
        }) => {
            let codes = [&outcome.code, &outcome.inner_code];
            let meaning = codes.into_iter().flatten().find_map(meaning);
            let meaning = meaning.map_or_else(String::new, |text| format!(" ({text})"));
            Failure::operation(format!("{}{meaning}", CallError::failed(status, outcome)))
        }
        ProviderError::Answer(CallError::Plain(plain)) => {
            let hint = match plain.status().as_u16() {
                400 => "; it may not open what was sealed: check the payload secret or --derive",
                401 | 403 => "; check X-API-KEY and the token, which may have expired",
                404 => "; check --base-url, --api-version and the path",
                _ => "",
            };
            Failure::operation(format!("{}{hint}", CallError::Plain(plain)))
        }
        ProviderError::Transport(error) => transport::failure(&error),
        error => Failure::operation(error.to_string()),
    }
}

pub(crate) fn sandbox_failure(error: SandboxError) -> Failure {
    match (&error, error.source()) {
        (SandboxError::Config { .. }, _) => Failure::usage(error.to_string()),
        (_, Some(cause)) => Failure::operation(format!("{error}: {cause}")),
        (_, None) => Failure::operation(error.to_string()),
    }
}

pub(crate) fn account_number(settings: &Settings) -> Result<Option<AccountNumber>, Failure> {
    let digits = settings.text("account_number")?;
    digits
        .map(|digits| AccountNumber::parse(&digits).map_err(Failure::from))
        .transpose()
}
