//! The arguments of the commands that talk to a server. What may come from the environment or a
//! settings file as well is optional here, and has the same name there.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Parser;

use crate::scope::{self, Scope};

/// The settings that flags give, by their names.
pub(crate) type Flags<'a> = Vec<(&'static str, Option<&'a OsStr>)>;

/// What stands below the flags: what the call needs, and where it may come from.
pub(super) fn after_help(needs: &str, scope: &Scope) -> String {
    let base_url = scope.variable("base_url");
    let secret = scope.secrets().next();
    let secret = secret.map_or_else(String::new, |(name, _)| scope.variable(name));
    let (session, table) = match scope.table {
        None => ("else from a session, ", String::new()),
        Some(table) => ("", format!("the table [{table}] of ")),
    };
    format!(
        "{needs}\n\n\
         Each *-file with a secret may be an *-env in its place, which names an environment \
         variable. Where neither is given, the secret may stand in the variable of its own name, \
         such as {secret}.\n\n\
         Settings come from flags, {session}else from the environment ({} and the name, such as \
         {base_url}), else from {table}the settings file of --config or BANKEZY_CONFIG.",
        scope.prefix,
    )
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --session alone, or else --base-url, --api-key-file, --token-file and --secret-file.",
    &scope::BANKEZY,
))]
pub(crate) struct Call {
    /// Path of the API, from its slash, behind the base URL
    pub(crate) path: String,
    #[command(flatten)]
    pub(crate) session: SessionArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// A token that there is already, and the key under which its calls travel.
#[derive(Debug, Parser)]
pub(crate) struct SessionArgs {
    /// Session of `bankezy token bankezy --save-session`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret_file", "secret_env", "encoding", "token_file", "token_env"])]
    pub(crate) session: Option<PathBuf>,
    /// File with the token
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Environment variable with the token
    #[arg(long, value_name = "VAR")]
    pub(crate) token_env: Option<String>,
    #[command(flatten)]
    pub(crate) secret: StaticSecretArgs,
}

/// Of the server, for all calls.
#[derive(Debug, Parser)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    /// Base URL of the API: https, or http to this machine
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Version of the paths [default: v2]
    #[arg(long, value_name = "VERSION", value_parser = ["v1", "v2"])]
    pub(crate) api_version: Option<String>,
    /// File with X-API-KEY
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Environment variable with X-API-KEY
    #[arg(long, value_name = "VAR")]
    pub(crate) api_key_env: Option<String>,
    #[command(flatten)]
    pub(crate) transport: TransportArgs,
}

#[derive(Debug, Parser)]
pub(crate) struct ConfigArg {
    /// Settings file in TOML: names as here with underscores, secrets only as *_file or *_env
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// How a server is reached.
#[derive(Debug, Parser)]
pub(crate) struct TransportArgs {
    /// Certificates of authorities to trust in place of the system's, as PEM
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Certificates of authorities to trust besides the system's, as PEM
    #[arg(long, value_name = "PEM", conflicts_with = "ca_file")]
    pub(crate) extra_ca_file: Option<PathBuf>,
    /// Mutual TLS: our certificate, then those above it, as PEM
    #[arg(long, value_name = "PEM")]
    pub(crate) client_cert_file: Option<PathBuf>,
    /// File with the key of --client-cert-file, as PEM without a password
    #[arg(long, value_name = "PEM")]
    pub(crate) client_key_file: Option<PathBuf>,
    /// Environment variable with the key of --client-cert-file
    #[arg(long, value_name = "VAR")]
    pub(crate) client_key_env: Option<String>,
    /// Proxy to tunnel https through, http://HOST:PORT or https://…, without a password
    #[arg(long, value_name = "URL", conflicts_with_all = ["proxy_file", "proxy_env"])]
    pub(crate) proxy: Option<String>,
    /// File with the proxy's URL, which may hold a name and password
    #[arg(long, value_name = "FILE")]
    pub(crate) proxy_file: Option<PathBuf>,
    /// Environment variable with the proxy's URL, such as HTTPS_PROXY, which is not used unasked
    #[arg(long, value_name = "VAR")]
    pub(crate) proxy_env: Option<String>,
    /// Deadline of a call with all its attempts [default: 30]
    #[arg(long, value_name = "SECS")]
    pub(crate) timeout: Option<String>,
}

#[derive(Debug, Parser)]
pub(crate) struct StaticSecretArgs {
    /// File with the payload secret
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Environment variable with the payload secret
    #[arg(long, value_name = "VAR")]
    pub(crate) secret_env: Option<String>,
    /// How the payload secret is written [default: base64url]
    #[arg(long, value_name = "ENCODING", value_parser = ["base64", "base64url", "hex", "utf8"])]
    pub(crate) encoding: Option<String>,
}

pub(super) fn text(value: &Option<String>) -> Option<&OsStr> {
    value.as_deref().map(OsStr::new)
}

pub(super) fn path(value: &Option<PathBuf>) -> Option<&OsStr> {
    value.as_deref().map(AsRef::as_ref)
}

impl ServerArgs {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let mut flags = self.transport.flags();
        flags.extend([
            ("base_url", text(&self.base_url)),
            ("api_version", text(&self.api_version)),
            ("api_key_file", path(&self.api_key_file)),
            ("api_key_env", text(&self.api_key_env)),
        ]);
        flags
    }
}

impl TransportArgs {
    pub(crate) fn flags(&self) -> Flags<'_> {
        vec![
            ("ca_file", path(&self.ca_file)),
            ("extra_ca_file", path(&self.extra_ca_file)),
            ("client_cert_file", path(&self.client_cert_file)),
            ("client_key_file", path(&self.client_key_file)),
            ("client_key_env", text(&self.client_key_env)),
            ("proxy", text(&self.proxy)),
            ("proxy_file", path(&self.proxy_file)),
            ("proxy_env", text(&self.proxy_env)),
            ("timeout", text(&self.timeout)),
        ]
    }
}

impl StaticSecretArgs {
    pub(crate) fn flags(&self) -> Flags<'_> {
        vec![
            ("secret_file", path(&self.secret_file)),
            ("secret_env", text(&self.secret_env)),
            ("encoding", text(&self.encoding)),
        ]
    }
}

impl SessionArgs {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let mut flags = self.secret.flags();
        flags.extend([
            ("token_file", path(&self.token_file)),
            ("token_env", text(&self.token_env)),
        ]);
        flags
    }
}

impl Call {
    pub(crate) fn flags(&self) -> Flags<'_> {
        [self.server.flags(), self.session.flags()].concat()
    }
}
