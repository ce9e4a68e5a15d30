//! The arguments of the commands that talk to a server. Most are settings: the environment or a
//! settings file may give them as well, under the id of the argument.

use std::path::PathBuf;
use std::str::FromStr;

use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::RequestError;
use bankezy_crypto::providers::bankezy::Version;
use clap::Parser;
use http::{HeaderName, HeaderValue};

use super::choice::one_of;
use super::place::{Place, SecretArg, secret};
use super::secrets::SecretArgs;
use crate::scope::{self, Scope};

/// Shown after the flags in `--help`: what the call needs, and where it may come from. `secret` is one of the secrets
/// that the call needs.
pub(super) fn after_help(needs: &str, scope: &Scope, secret: &str) -> String {
    let base_url = scope.variable("base_url");
    let secret = scope.variable(secret);
    let (session, table) = match scope.table {
        None => ("else from a session, ", String::new()),
        Some(table) => ("", format!("the table [{table}] of ")),
    };
    format!(
        "{needs}\n\n\
         Each *-file with a secret may be an *-env in its place, which names an environment \
         variable. The secret may also be in the variable of its own name, such as {secret}. Set \
         only one variable for a secret: two are an error, and a warning names one that a flag overrides.\n\n\
         Settings come from flags, {session}else from the environment ({} and the name, such as \
         {base_url}), else from {table}the settings file of --config or BANKEZY_CONFIG.",
        scope.prefix,
    )
}

pub(super) fn bankezy_help(needs: &str) -> String {
    after_help(needs, &scope::BANKEZY, "api_key")
}

#[derive(Debug, Parser)]
#[command(after_help = bankezy_help(
    "Prints the answer. Codes in it are named on standard error; exit code 1 if they are a documented failure: 301 inside 200, TOK002, TOK003 or TOK004. Exit code 3 if the server may have executed the call and its outcome is unknown: ask by referenceId before you send it again. With --idempotent that is exit code 1.\n\nNeeds --session alone, or else --base-url, --api-key-file, --token-file and --secret-file.",
))]
pub(crate) struct Call {
    /// Path of the API after the base URL, starting with a slash
    pub(crate) path: String,
    /// The server executes the call once, however often it arrives: send it again after 429 or 503 with Retry-After. Default: it is sent once
    #[arg(long)]
    pub(crate) idempotent: bool,
    /// Accept a success without a body, such as 204, as the answer `null`. Only TLS authenticates it
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Header of your own, such as an idempotency key or traceparent. Other users of this machine can see it: no secrets
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) header: Vec<(HeaderName, HeaderValue)>,
    #[command(flatten)]
    pub(crate) session: SessionArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let (name, value) = text.split_once(':').ok_or("no colon")?;
    let name = name.parse().map_err(|_| "not a header name")?;
    let value = value.trim().parse().map_err(|_| "not a header value")?;
    Ok((name, value))
}

/// An existing token, and the key that encrypts its calls.
#[derive(Debug, Parser)]
pub(crate) struct SessionArgs {
    /// File that `bankezy token bankezy --save-session` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret_file", "secret_env", "encoding", "token_file", "token_env"])]
    pub(crate) session: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) token: TokenArg,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

secret!(TokenArg,
    token_file: "FILE" "File with the token",
    token_env: "Environment variable with the token");

/// Of the server, for all calls.
#[derive(Debug, Parser)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    /// Base URL of the API: https, or http to this machine
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<Base>,
    /// Version of the paths
    #[arg(long, value_name = "VERSION", default_value = "v2", value_parser = one_of([("v1", Version::V1), ("v2", Version::V2)]))]
    pub(crate) api_version: Version,
    #[command(flatten)]
    pub(crate) api_key: ApiKeyArg,
    #[command(flatten)]
    pub(crate) transport: TransportArgs,
}

/// The base URL of an API.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) url: BaseUrl,
    pub(crate) is_https: bool,
}

impl FromStr for Base {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, RequestError> {
        Ok(Self {
            url: BaseUrl::parse(text)?,
            is_https: text.starts_with("https"),
        })
    }
}

secret!(ApiKeyArg,
    api_key_file: "FILE" "File with X-API-KEY",
    api_key_env: "Environment variable with X-API-KEY");

#[derive(Debug, Parser)]
pub(crate) struct ConfigArg {
    /// Settings file in TOML: the names of flags with underscores, as `bankezy config example` lists them. Secrets only as *_file or *_env
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// How a server is reached.
#[derive(Debug, Parser)]
pub(crate) struct TransportArgs {
    #[command(flatten)]
    pub(crate) roots: Roots,
    /// Mutual TLS: our certificate, followed by its intermediates, as PEM
    #[arg(long, value_name = "PEM")]
    pub(crate) client_cert_file: Option<Place>,
    #[command(flatten)]
    pub(crate) client_key: ClientKeyArg,
    #[command(flatten)]
    pub(crate) proxy: Proxy,
    /// Deadline of a call with all its attempts [default: 30]
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: Option<u64>,
    /// If an answer is refused: print its text and content type on standard error, escaped. Anyone between here and the server may have written them, and they may hold secrets
    #[arg(long)]
    pub(crate) show_unauthenticated: bool,
}

/// The authorities to trust.
#[derive(Debug, Parser)]
#[group(multiple = false)]
pub(crate) struct Roots {
    /// Certificates of authorities to trust in place of the system's, as PEM
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_file: Option<Place>,
    /// Certificates of authorities to trust in addition to the system's, as PEM
    #[arg(long, value_name = "PEM")]
    pub(crate) extra_ca_file: Option<Place>,
}

secret!(ClientKeyArg,
    client_key_file: "PEM" "File with the key of --client-cert-file, as PEM without a password",
    client_key_env: "Environment variable with the key of --client-cert-file");

#[derive(Debug, Parser)]
#[group(multiple = false)]
pub(crate) struct Proxy {
    /// Proxy to tunnel https through, http://HOST:PORT or https://HOST:PORT, without a password
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// File with the proxy's URL, which may hold a name and password
    #[arg(long, value_name = "FILE")]
    pub(crate) proxy_file: Option<Place>,
    /// Environment variable with the proxy's URL, such as HTTPS_PROXY, which is not read by default
    #[arg(long, value_name = "VAR")]
    pub(crate) proxy_env: Option<Place>,
}
