//! The arguments of `bankezy token faceki`, `complycube` and `sardine`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Parser;

use super::remote::{ConfigArg, Flags, TransportArgs, after_help, path, text};
use crate::scope;

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --client-id and --client-secret-file.",
    &scope::FACEKI,
))]
pub(crate) struct FacekiToken {
    /// Base URL of the API: https, or http to this machine [default: https://sdk.faceki.com]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// clientId
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_id: Option<String>,
    /// File with clientSecret
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Environment variable with clientSecret
    #[arg(long, value_name = "VAR")]
    pub(crate) client_secret_env: Option<String>,
    /// Send the credentials in headers, not in the URL, which servers and proxies write to logs
    #[arg(long)]
    pub(crate) credentials_in_headers: bool,
    #[command(flatten)]
    pub(crate) common: ClearArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --api-key-file, --client-id, and one of --referrer and --app-id.",
    &scope::COMPLYCUBE,
))]
pub(crate) struct ComplycubeToken {
    /// Base URL of the API: https, or http to this machine [default: https://api.complycube.com]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// File with the API key, live or test
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Environment variable with the API key
    #[arg(long, value_name = "VAR")]
    pub(crate) api_key_env: Option<String>,
    /// clientId: whom the token is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_id: Option<String>,
    /// For the Web SDK: the pages that use it, such as https://www.example.com/*
    #[arg(long, value_name = "PATTERN", conflicts_with = "app_id")]
    pub(crate) referrer: Option<String>,
    /// For the Mobile SDK: the application's or bundle's identifier
    #[arg(long, value_name = "TEXT")]
    pub(crate) app_id: Option<String>,
    #[command(flatten)]
    pub(crate) common: ClearArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --sandbox or --base-url, --client-id, --client-secret-file and --session-key-file. The \
     session key is a secret as long as it lives, so it is no argument.",
    &scope::SARDINE,
))]
pub(crate) struct SardineToken {
    /// Base URL of the API, as Sardine gives it: https, or http to this machine
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Call Sardine's sandbox, https://api.sandbox.sardine.ai
    #[arg(long, conflicts_with = "base_url")]
    pub(crate) sandbox: bool,
    /// Client id of the credentials
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_id: Option<String>,
    /// File with the client secret
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Environment variable with the client secret
    #[arg(long, value_name = "VAR")]
    pub(crate) client_secret_env: Option<String>,
    /// File with sessionKey, of at most 100 characters
    #[arg(long, value_name = "FILE")]
    pub(crate) session_key_file: Option<PathBuf>,
    /// Environment variable with sessionKey
    #[arg(long, value_name = "VAR")]
    pub(crate) session_key_env: Option<String>,
    /// customerId
    #[arg(long, value_name = "TEXT")]
    pub(crate) customer_id: Option<String>,
    /// platform, such as android or ios
    #[arg(long, value_name = "NAME")]
    pub(crate) platform: Option<String>,
    /// provider, such as incode or au10tix
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    #[command(flatten)]
    pub(crate) common: ClearArgs,
}

/// What the three have in common.
#[derive(Debug, Parser)]
pub(crate) struct ClearArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    #[command(flatten)]
    pub(crate) transport: TransportArgs,
    /// Print the token whole, not masked
    #[arg(long)]
    pub(crate) reveal: bool,
}

fn set(given: bool) -> Option<&'static OsStr> {
    given.then_some(OsStr::new("true"))
}

impl FacekiToken {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let mut flags = self.common.transport.flags();
        flags.extend([
            ("base_url", text(&self.base_url)),
            ("client_id", text(&self.client_id)),
            ("client_secret_file", path(&self.client_secret_file)),
            ("client_secret_env", text(&self.client_secret_env)),
            ("credentials_in_headers", set(self.credentials_in_headers)),
        ]);
        flags
    }
}

impl ComplycubeToken {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let mut flags = self.common.transport.flags();
        flags.extend([
            ("base_url", text(&self.base_url)),
            ("api_key_file", path(&self.api_key_file)),
            ("api_key_env", text(&self.api_key_env)),
            ("client_id", text(&self.client_id)),
            ("referrer", text(&self.referrer)),
            ("app_id", text(&self.app_id)),
        ]);
        flags
    }
}

impl SardineToken {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let mut flags = self.common.transport.flags();
        flags.extend([
            ("base_url", text(&self.base_url)),
            ("sandbox", set(self.sandbox)),
            ("client_id", text(&self.client_id)),
            ("client_secret_file", path(&self.client_secret_file)),
            ("client_secret_env", text(&self.client_secret_env)),
            ("session_key_file", path(&self.session_key_file)),
            ("session_key_env", text(&self.session_key_env)),
            ("customer_id", text(&self.customer_id)),
            ("platform", text(&self.platform)),
            ("provider", text(&self.provider)),
        ]);
        flags
    }
}
