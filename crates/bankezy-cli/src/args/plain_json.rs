//! The arguments of `bankezy token faceki`, `complycube` and `sardine`.

use bankezy_crypto::providers::complycube::{self, MatchPattern};
use bankezy_crypto::providers::faceki;
use bankezy_crypto::providers::sardine::{Platform, Provider};
use clap::Parser;

use super::place::{Place, SecretArg, secret};
use super::remote::{Base, ConfigArg, TransportArgs, after_help};
use crate::scope;

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --client-id and --client-secret-file.",
    &scope::FACEKI,
    "client_secret",
))]
pub(crate) struct FacekiToken {
    /// Base URL of the API: https, or http to this machine
    #[arg(long, value_name = "URL", default_value = faceki::BASE_URL)]
    pub(crate) base_url: Base,
    /// clientId
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_id: Option<String>,
    #[command(flatten)]
    pub(crate) client_secret: ClientSecretArg,
    /// Send the credentials in headers, not in the URL, which servers and proxies write to logs
    #[arg(long)]
    pub(crate) credentials_in_headers: bool,
    #[command(flatten)]
    pub(crate) common: PlainJsonArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --api-key-file, --client-id, and one of --referrer and --app-id.",
    &scope::COMPLYCUBE,
    "api_key",
))]
pub(crate) struct ComplycubeToken {
    /// Base URL of the API: https, or http to this machine
    #[arg(long, value_name = "URL", default_value = complycube::BASE_URL)]
    pub(crate) base_url: Base,
    #[command(flatten)]
    pub(crate) api_key: ComplycubeKeyArg,
    /// clientId: whom the token is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_id: Option<String>,
    #[command(flatten)]
    pub(crate) sdk: SdkArgs,
    #[command(flatten)]
    pub(crate) common: PlainJsonArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --sandbox or --base-url, --client-id, --client-secret-file and --session-key-file. The \
     session key is a secret, so it is not taken as an argument.",
    &scope::SARDINE,
    "client_secret",
))]
pub(crate) struct SardineToken {
    #[command(flatten)]
    pub(crate) server: SardineServer,
    /// Client id of the credentials
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_id: Option<String>,
    #[command(flatten)]
    pub(crate) client_secret: ClientSecretArg,
    #[command(flatten)]
    pub(crate) session_key: SessionKeyArg,
    /// customerId
    #[arg(long, value_name = "TEXT")]
    pub(crate) customer_id: Option<String>,
    /// platform, such as android or ios
    #[arg(long, value_name = "NAME", value_parser = Platform::new)]
    pub(crate) platform: Option<Platform>,
    /// provider, such as incode or au10tix
    #[arg(long, value_name = "NAME", value_parser = Provider::new)]
    pub(crate) provider: Option<Provider>,
    #[command(flatten)]
    pub(crate) common: PlainJsonArgs,
}

secret!(ClientSecretArg,
    client_secret_file: "FILE" "File with the client secret",
    client_secret_env: "Environment variable with the client secret");

secret!(ComplycubeKeyArg,
    api_key_file: "FILE" "File with the API key, live or test",
    api_key_env: "Environment variable with the API key");

secret!(SessionKeyArg,
    session_key_file: "FILE" "File with sessionKey, of at most 100 characters",
    session_key_env: "Environment variable with sessionKey");

/// Which of ComplyCube's SDKs the token is for.
#[derive(Debug, Parser)]
#[group(multiple = false)]
pub(crate) struct SdkArgs {
    /// For the Web SDK: the pages that use it, such as https://www.example.com/*
    #[arg(long, value_name = "PATTERN", value_parser = MatchPattern::parse)]
    pub(crate) referrer: Option<MatchPattern>,
    /// For the Mobile SDK: the application's or bundle's identifier
    #[arg(long, value_name = "TEXT")]
    pub(crate) app_id: Option<String>,
}

#[derive(Debug, Parser)]
#[group(multiple = false)]
pub(crate) struct SardineServer {
    /// Base URL of the API, as Sardine gives it: https, or http to this machine
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<Base>,
    /// Call Sardine's sandbox, https://api.sandbox.sardine.ai
    #[arg(long)]
    pub(crate) sandbox: bool,
}

/// What the three have in common.
#[derive(Debug, Parser)]
pub(crate) struct PlainJsonArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    #[command(flatten)]
    pub(crate) transport: TransportArgs,
    /// Print the full token, not masked
    #[arg(long)]
    pub(crate) reveal: bool,
}
