//! The arguments of the commands that talk to a server. What may come from the environment or a
//! settings file as well is optional here, and has the same name there.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// The settings that flags give, by their names.
pub(crate) type Flags<'a> = Vec<(&'static str, Option<&'a OsStr>)>;

const PRECEDENCE: &str = "Settings come from flags, else from a session, else from environment \
variables such as BANKEZY_BASE_URL or BANKEZY_CONFIG, else from the settings file.";

#[derive(Debug, Parser)]
pub(crate) struct Sandbox {
    /// Address and port to listen on; port 0 is a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Serve https, with a certificate made at the start
    #[arg(long)]
    pub(crate) tls: bool,
    /// File to write once it listens: URL, CA certificate and credentials as JSON; mode 0600
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// How the payload key comes from the shared secret
    #[arg(long, value_enum, default_value_t = SandboxDerivation::ConcatKdf)]
    pub(crate) derivation: SandboxDerivation,
    /// Prefix of every path, such as /kong
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) prefix: String,
    /// How long a token is valid
    #[arg(long, value_name = "SECS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=3_155_760_000))]
    pub(crate) token_lifetime: u64,
    /// Form of the tokens
    #[arg(long, value_enum, default_value_t = SandboxTokenForm::Jwt)]
    pub(crate) token_form: SandboxTokenForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxDerivation {
    Raw,
    Sha256,
    ConcatKdf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxTokenForm {
    Jwt,
    Jwe,
}

#[derive(Debug, Parser)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) provider: Provider,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Provider {
    /// Get Token under the static payload secret, or with --app Get App Token by a key exchange
    Bankezy(Box<BankezyToken>),
}

#[derive(Debug, Parser)]
#[command(after_help = PRECEDENCE)]
pub(crate) struct BankezyToken {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) secret: StaticSecretArgs,
    /// Get App Token: exchange keys in place of using the static payload secret
    #[arg(long, conflicts_with_all = ["secret_file", "secret_env", "encoding", "sdk_api_key_file", "sdk_api_key_env"])]
    pub(crate) app: bool,
    /// File with apiKey of Get App Token
    #[arg(long, value_name = "FILE")]
    pub(crate) app_api_key_file: Option<PathBuf>,
    /// Environment variable with apiKey of Get App Token
    #[arg(long, value_name = "VAR")]
    pub(crate) app_api_key_env: Option<String>,
    /// File with secret of Get App Token
    #[arg(long, value_name = "FILE")]
    pub(crate) app_secret_file: Option<PathBuf>,
    /// Environment variable with secret of Get App Token
    #[arg(long, value_name = "VAR")]
    pub(crate) app_secret_env: Option<String>,
    /// File with sdkApiKey of Get Token
    #[arg(long, value_name = "FILE")]
    pub(crate) sdk_api_key_file: Option<PathBuf>,
    /// Environment variable with sdkApiKey of Get Token
    #[arg(long, value_name = "VAR")]
    pub(crate) sdk_api_key_env: Option<String>,
    /// Our private key, P-256 or RSA: a file with PEM, DER or JWK [default: a new P-256 key]
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
    /// How the key comes from the shared secret: needed with --app and a P-256 key; without --app it
    /// makes a saved session use the agreed key, not the payload secret
    #[arg(long, value_name = "NAME", value_parser = ["raw", "sha256", "concat-kdf", "hkdf-sha256"])]
    pub(crate) derive: Option<String>,
    /// PartyUInfo, for concat-kdf
    #[arg(long, value_name = "TEXT")]
    pub(crate) apu: Option<String>,
    /// PartyVInfo, for concat-kdf
    #[arg(long, value_name = "TEXT")]
    pub(crate) apv: Option<String>,
    /// Salt, for hkdf-sha256
    #[arg(long, value_name = "TEXT")]
    pub(crate) salt: Option<String>,
    /// Context information, for hkdf-sha256
    #[arg(long, value_name = "TEXT")]
    pub(crate) info: Option<String>,
    /// referenceId, never used twice [default: a random UUID]
    #[arg(long, value_name = "TEXT")]
    pub(crate) reference_id: Option<String>,
    /// accountNumber: 1 to 19 digits
    #[arg(long, value_name = "DIGITS")]
    pub(crate) account_number: Option<String>,
    /// firstName
    #[arg(long, value_name = "TEXT")]
    pub(crate) first_name: Option<String>,
    /// lastName
    #[arg(long, value_name = "TEXT")]
    pub(crate) last_name: Option<String>,
    /// email
    #[arg(long, value_name = "TEXT")]
    pub(crate) email: Option<String>,
    /// isdCode, together with --mobile-number
    #[arg(long, value_name = "DIGITS")]
    pub(crate) isd_code: Option<String>,
    /// mobileNumber, together with --isd-code
    #[arg(long, value_name = "DIGITS")]
    pub(crate) mobile_number: Option<String>,
    /// dob, date of birth
    #[arg(long, value_name = "YYYYMMDD")]
    pub(crate) dob: Option<String>,
    /// An entry of data; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) data: Vec<String>,
    /// Print the token whole, not masked
    #[arg(long)]
    pub(crate) reveal: bool,
    /// File to keep the token and its key in, for `bankezy call`; mode 0600
    #[arg(long, value_name = "FILE")]
    pub(crate) save_session: Option<PathBuf>,
    /// Overwrite the session file if it exists
    #[arg(long, requires = "save_session")]
    pub(crate) force: bool,
}

#[derive(Debug, Parser)]
#[command(after_help = PRECEDENCE)]
pub(crate) struct Call {
    /// Path of the API, from its slash, behind the base URL
    pub(crate) path: String,
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
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Of the server, for all calls.
#[derive(Debug, Parser)]
pub(crate) struct ServerArgs {
    /// Settings file in TOML: names as here with underscores, secrets only as *_file or *_env
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
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
    /// Certificates of authorities to trust in place of the system's, as PEM
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
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

fn text(value: &Option<String>) -> Option<&OsStr> {
    value.as_deref().map(OsStr::new)
}

fn path(value: &Option<PathBuf>) -> Option<&OsStr> {
    value.as_deref().map(AsRef::as_ref)
}

impl ServerArgs {
    pub(crate) fn flags(&self) -> Flags<'_> {
        vec![
            ("base_url", text(&self.base_url)),
            ("api_version", text(&self.api_version)),
            ("api_key_file", path(&self.api_key_file)),
            ("api_key_env", text(&self.api_key_env)),
            ("ca_file", path(&self.ca_file)),
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

impl BankezyToken {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let mut flags = self.server.flags();
        flags.extend(self.secret.flags());
        flags.extend([
            ("app", self.app.then_some(OsStr::new("true"))),
            ("app_api_key_file", path(&self.app_api_key_file)),
            ("app_api_key_env", text(&self.app_api_key_env)),
            ("app_secret_file", path(&self.app_secret_file)),
            ("app_secret_env", text(&self.app_secret_env)),
            ("sdk_api_key_file", path(&self.sdk_api_key_file)),
            ("sdk_api_key_env", text(&self.sdk_api_key_env)),
            ("private_key", path(&self.private_key)),
            ("derive", text(&self.derive)),
            ("apu", text(&self.apu)),
            ("apv", text(&self.apv)),
            ("salt", text(&self.salt)),
            ("info", text(&self.info)),
            ("reference_id", text(&self.reference_id)),
            ("account_number", text(&self.account_number)),
            ("first_name", text(&self.first_name)),
            ("last_name", text(&self.last_name)),
            ("email", text(&self.email)),
            ("isd_code", text(&self.isd_code)),
            ("mobile_number", text(&self.mobile_number)),
            ("dob", text(&self.dob)),
        ]);
        flags
    }
}

impl Call {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let mut flags = self.server.flags();
        flags.extend(self.secret.flags());
        flags.extend([
            ("token_file", path(&self.token_file)),
            ("token_env", text(&self.token_env)),
        ]);
        flags
    }
}
