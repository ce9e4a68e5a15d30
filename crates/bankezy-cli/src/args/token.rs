//! The arguments of `bankezy token`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::clear::{ComplycubeToken, FacekiToken, SardineToken};
use super::remote::{Flags, ServerArgs, SessionArgs, StaticSecretArgs, after_help, path, text};
use crate::scope;

#[derive(Debug, Parser)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) provider: Provider,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Provider {
    /// Get Token under the static payload secret, or with --app Get App Token by a key exchange
    Bankezy(Box<BankezyToken>),
    /// Faceki: an access token for its verification APIs
    Faceki(Box<FacekiToken>),
    /// ComplyCube: a token for its Web or Mobile SDK, for one client
    Complycube(Box<ComplycubeToken>),
    /// Sardine: a token for the identity documents of a session
    Sardine(Box<SardineToken>),
}

#[derive(Debug, Parser)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "CALL",
    subcommand_help_heading = "Other calls",
    after_help = after_help(
        "Get Token needs --base-url, --api-key-file, --secret-file, --sdk-api-key-file and \
         --account-number.\n\
         Get App Token needs --app, --base-url, --api-key-file, --app-api-key-file, \
         --app-secret-file, and --derive unless --private-key is RSA. X-API-KEY is not taken from \
         apiKey: where they are the same, name the file twice.",
        &scope::BANKEZY,
    )
)]
pub(crate) struct BankezyToken {
    #[command(subcommand)]
    pub(crate) call: Option<BankezyCall>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) secret: StaticSecretArgs,
    #[command(flatten)]
    pub(crate) app: AppArgs,
    #[command(flatten)]
    pub(crate) user: UserArgs,
    #[command(flatten)]
    pub(crate) exchange: ExchangeArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BankezyCall {
    /// Onboarding user token: as Get Token, with what onboarding asks for
    Onboarding(Box<Onboarding>),
    /// Renew a token ahead of its expiry; the old one ends
    Renew(Box<Renew>),
    /// Invalidate a token by its reference
    Invalidate(Box<Invalidate>),
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --base-url, --api-key-file, --secret-file, --sdk-api-key-file and --account-number.",
    &scope::BANKEZY,
))]
pub(crate) struct Onboarding {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) secret: StaticSecretArgs,
    #[command(flatten)]
    pub(crate) user: UserArgs,
    /// gender
    #[arg(long, value_name = "TEXT")]
    pub(crate) gender: Option<String>,
    /// zipCode
    #[arg(long, value_name = "TEXT")]
    pub(crate) zip_code: Option<String>,
    /// preferredLanguage
    #[arg(long, value_name = "TEXT")]
    pub(crate) preferred_language: Option<String>,
    /// kycLevel
    #[arg(long, value_name = "TEXT")]
    pub(crate) kyc_level: Option<String>,
    #[command(flatten)]
    pub(crate) exchange: ExchangeArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --session, or else --base-url, --api-key-file, --token-file and --secret-file; and \
     --account-number, but for a token of Get App Token. Needs also --save-session or --reveal, since the new token is shown once and \
     the old one ends: `--session S --save-session S --force` renews in place.",
    &scope::BANKEZY,
))]
pub(crate) struct Renew {
    #[command(flatten)]
    pub(crate) session: SessionArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// accountNumber of the token [default: that of the session]
    #[arg(long, value_name = "DIGITS")]
    pub(crate) account_number: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = after_help(
    "Needs --session, or else --base-url, --api-key-file, --secret-file and --token-reference-id. \
     X-API-TOKEN goes along where --token-file gives it, or the session has a key of its own.",
    &scope::BANKEZY,
))]
pub(crate) struct Invalidate {
    #[command(flatten)]
    pub(crate) session: SessionArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// tokenReferenceId, as Get Token printed it [default: that of the session]
    #[arg(long, value_name = "TEXT")]
    pub(crate) token_reference_id: Option<String>,
}

#[derive(Debug, Parser)]
pub(crate) struct AppArgs {
    /// Get App Token: exchange keys in place of using the static payload secret
    #[arg(long, conflicts_with_all = ["secret_file", "secret_env", "encoding", "sdk_api_key_file", "sdk_api_key_env"])]
    pub(crate) app: bool,
    /// File with apiKey of Get App Token, for --app
    #[arg(long, value_name = "FILE")]
    pub(crate) app_api_key_file: Option<PathBuf>,
    /// Environment variable with apiKey of Get App Token, for --app
    #[arg(long, value_name = "VAR")]
    pub(crate) app_api_key_env: Option<String>,
    /// File with secret of Get App Token, for --app
    #[arg(long, value_name = "FILE")]
    pub(crate) app_secret_file: Option<PathBuf>,
    /// Environment variable with secret of Get App Token, for --app
    #[arg(long, value_name = "VAR")]
    pub(crate) app_secret_env: Option<String>,
}

/// Whom a token is for.
#[derive(Debug, Parser)]
pub(crate) struct UserArgs {
    /// File with sdkApiKey
    #[arg(long, value_name = "FILE")]
    pub(crate) sdk_api_key_file: Option<PathBuf>,
    /// Environment variable with sdkApiKey
    #[arg(long, value_name = "VAR")]
    pub(crate) sdk_api_key_env: Option<String>,
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
}

/// The keys that are exchanged on the way.
#[derive(Debug, Parser)]
pub(crate) struct ExchangeArgs {
    /// Our private key, P-256 or RSA: a file with PEM, DER or JWK [default: a new P-256 key]
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
    /// Environment variable with our private key, as PEM or JWK
    #[arg(long, value_name = "VAR", conflicts_with = "private_key")]
    pub(crate) private_key_env: Option<String>,
    /// How the key comes from the shared secret; where the payload secret is static, it makes a
    /// saved session use the agreed key in its place
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
}

/// What becomes of the token.
#[derive(Debug, Parser)]
pub(crate) struct OutputArgs {
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

impl BankezyToken {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let app = [
            ("app", self.app.app.then_some(OsStr::new("true"))),
            ("app_api_key_file", path(&self.app.app_api_key_file)),
            ("app_api_key_env", text(&self.app.app_api_key_env)),
            ("app_secret_file", path(&self.app.app_secret_file)),
            ("app_secret_env", text(&self.app.app_secret_env)),
        ];
        [
            self.server.flags(),
            self.secret.flags(),
            self.user.flags(),
            self.exchange.flags(),
            app.into(),
        ]
        .concat()
    }
}

impl Onboarding {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let more = [
            ("gender", text(&self.gender)),
            ("zip_code", text(&self.zip_code)),
            ("preferred_language", text(&self.preferred_language)),
            ("kyc_level", text(&self.kyc_level)),
        ];
        [
            self.server.flags(),
            self.secret.flags(),
            self.user.flags(),
            self.exchange.flags(),
            more.into(),
        ]
        .concat()
    }
}

impl Renew {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let account_number = ("account_number", text(&self.account_number));
        [
            self.server.flags(),
            self.session.flags(),
            vec![account_number],
        ]
        .concat()
    }
}

impl Invalidate {
    pub(crate) fn flags(&self) -> Flags<'_> {
        let reference = ("token_reference_id", text(&self.token_reference_id));
        [self.server.flags(), self.session.flags(), vec![reference]].concat()
    }
}

impl UserArgs {
    fn flags(&self) -> Flags<'_> {
        vec![
            ("sdk_api_key_file", path(&self.sdk_api_key_file)),
            ("sdk_api_key_env", text(&self.sdk_api_key_env)),
            ("reference_id", text(&self.reference_id)),
            ("account_number", text(&self.account_number)),
            ("first_name", text(&self.first_name)),
            ("last_name", text(&self.last_name)),
            ("email", text(&self.email)),
            ("isd_code", text(&self.isd_code)),
            ("mobile_number", text(&self.mobile_number)),
            ("dob", text(&self.dob)),
        ]
    }
}

impl ExchangeArgs {
    fn flags(&self) -> Flags<'_> {
        vec![
            ("private_key", path(&self.private_key)),
            ("private_key_env", text(&self.private_key_env)),
            ("derive", text(&self.derive)),
            ("apu", text(&self.apu)),
            ("apv", text(&self.apv)),
            ("salt", text(&self.salt)),
            ("info", text(&self.info)),
        ]
    }
}
