//! `bankezy fleet`: what the processes of a backend share over Redis or Valkey.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};

use super::place::{Place, SecretArg, secret};
use super::remote::ApiKeyArg;
use super::{Base, TransportArgs};

secret!(StoreUrlArg,
    url_file: "FILE" "File with the URL of the store: for one with a password",
    url_env: "Environment variable with the URL of the store");

secret!(WrappingKeyArg,
    wrapping_key_file: "FILE" "File with the wrapping key, in base64url",
    wrapping_key_env: "Environment variable with the wrapping key");

secret!(StoreKeyArg,
    store_key_file: "FILE" "File with the key of --store-cert-file, as PEM without a password",
    store_key_env: "Environment variable with the key of --store-cert-file");

#[derive(Debug, Parser)]
pub(crate) struct Fleet {
    #[command(subcommand)]
    pub(crate) call: FleetCall,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FleetCall {
    /// Print which member has which keys, how much of each nonce budget is reserved, and how many tokens and
    /// sessions there are
    Status(StoreArgs),
    /// Print settings of the server and their risks; exit code 1 if there is a risk
    Check(StoreArgs),
    /// End a shared session: remove it from the store, and invalidate its token at BankEzy
    Revoke(Box<RevokeArgs>),
}

/// Which store.
#[derive(Debug, Parser)]
pub(crate) struct StoreArgs {
    /// Redis or Valkey: redis://HOST:PORT, or rediss://HOST:PORT for TLS. One with a password is refused here: use
    /// --url-file or --url-env
    #[arg(value_name = "URL", conflicts_with_all = ["url_file", "url_env"])]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) place: StoreUrlArg,
    /// Name of the fleet, the same as in its processes
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Root certificates of the store in PEM, instead of those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) store_roots: Option<PathBuf>,
    /// Mutual TLS with the store: our certificate, followed by its intermediates, as PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) store_cert_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store_key: StoreKeyArg,
}

#[derive(Debug, Parser)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Name of the session, the same as in the fleet's processes
    #[arg(long, value_name = "NAME")]
    pub(crate) session_name: String,
    /// Identifier of the wrapping key, the same as in the fleet's processes
    #[arg(long, value_name = "ID")]
    pub(crate) wrapping_key_id: String,
    #[command(flatten)]
    pub(crate) wrapping_key: WrappingKeyArg,
    /// Base URL of BankEzy's API: https, or http to this machine
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Base,
    #[command(flatten)]
    pub(crate) api_key: ApiKeyArg,
    #[command(flatten)]
    pub(crate) transport: TransportArgs,
}
