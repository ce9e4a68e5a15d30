//! The arguments of `bankezy token`.

use std::error::Error;
use std::path::PathBuf;

use bankezy_crypto::providers::bankezy::{AccountNumber, DateOfBirth};
use clap::{Parser, Subcommand};

use super::place::{Place, SecretArg, secret};
use super::plain_json::{ComplycubeToken, FacekiToken, SardineToken};
use super::remote::{ServerArgs, SessionArgs, bankezy_help};
use super::secrets::{DerivationArgs, PrivateKeyArg, SecretArgs};

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
    after_help = bankezy_help(
        "Get Token needs --base-url, --api-key-file, --secret-file, --sdk-api-key-file and \
         --account-number.\n\
         Get App Token needs --app, --base-url, --api-key-file, --app-api-key-file, \
         --app-secret-file, and --derive unless --private-key is RSA. X-API-KEY is not taken from \
         apiKey: if they are the same, name the file twice.",
    )
)]
pub(crate) struct BankezyToken {
    #[command(subcommand)]
    pub(crate) call: Option<BankezyCall>,
    #[command(flatten)]
    pub(crate) token: TokenArgs,
    #[command(flatten)]
    pub(crate) app: AppArgs,
}

/// A new token, by whichever call.
#[derive(Debug, Parser)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
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
    /// Renew a token before it expires; the old one becomes invalid
    Renew(Box<Renew>),
    /// Invalidate a token by its reference
    Invalidate(Box<Invalidate>),
}

#[derive(Debug, Parser)]
#[command(after_help = bankezy_help(
    "Needs --base-url, --api-key-file, --secret-file, --sdk-api-key-file and --account-number.",
))]
pub(crate) struct Onboarding {
    #[command(flatten)]
    pub(crate) token: TokenArgs,
    #[command(flatten)]
    pub(crate) onboarding: OnboardingArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = bankezy_help(
    "Needs --session, or else --base-url, --api-key-file, --token-file and --secret-file; and \
     --account-number, except for a token of Get App Token. Also needs --save-session or --reveal, since the new token is shown once and \
     the old one becomes invalid: `--session S --save-session S --force` renews in place.",
))]
pub(crate) struct Renew {
    #[command(flatten)]
    pub(crate) session: SessionArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// accountNumber of the token [default: that of the session]
    #[arg(long, value_name = "DIGITS", value_parser = AccountNumber::parse)]
    pub(crate) account_number: Option<AccountNumber>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Parser)]
#[command(after_help = bankezy_help(
    "Needs --session, or else --base-url, --api-key-file, --secret-file and --token-reference-id. \
     X-API-TOKEN is sent if --token-file gives it, or if the session has its own key.",
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
    /// Get App Token: exchange keys instead of using the static payload secret
    #[arg(long, conflicts_with_all = [
        "secret_file", "secret_env", "encoding", "sdk_api_key_file", "sdk_api_key_env", "reference_id",
        "account_number", "first_name", "last_name", "email", "isd_code", "mobile_number", "dob", "data",
    ])]
    pub(crate) app: bool,
    #[command(flatten)]
    pub(crate) api_key: AppApiKeyArg,
    #[command(flatten)]
    pub(crate) secret: AppSecretArg,
}

secret!(AppApiKeyArg,
    app_api_key_file: "FILE" "File with apiKey of Get App Token, for --app",
    app_api_key_env: "Environment variable with apiKey of Get App Token, for --app");

secret!(AppSecretArg,
    app_secret_file: "FILE" "File with secret of Get App Token, for --app",
    app_secret_env: "Environment variable with secret of Get App Token, for --app");

secret!(SdkApiKeyArg,
    sdk_api_key_file: "FILE" "File with sdkApiKey",
    sdk_api_key_env: "Environment variable with sdkApiKey");

/// Whom a token is for.
#[derive(Debug, Parser)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    pub(crate) sdk_api_key: SdkApiKeyArg,
    /// referenceId, never used twice [default: a random UUID]
    #[arg(long, value_name = "TEXT")]
    pub(crate) reference_id: Option<String>,
    /// accountNumber: 1 to 19 digits
    #[arg(long, value_name = "DIGITS", value_parser = AccountNumber::parse)]
    pub(crate) account_number: Option<AccountNumber>,
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
    #[arg(long, value_name = "YYYYMMDD", value_parser = date_of_birth)]
    pub(crate) dob: Option<DateOfBirth>,
    /// An entry of data; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = entry)]
    pub(crate) data: Vec<(String, String)>,
}

/// What onboarding asks for.
#[derive(Debug, Parser)]
pub(crate) struct OnboardingArgs {
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
}

/// The keys that are exchanged on the way.
#[derive(Debug, Parser)]
#[command(
    mut_arg("private_key", |arg| arg.help(
        "Our private key, P-256 or RSA: a file with PEM, DER or JWK [default: a new P-256 key]"
    )),
    mut_arg("derive", |arg| arg.help(
        "How the key is derived from the shared secret; with a static payload secret, a saved \
         session then uses the agreed key instead"
    )),
)]
pub(crate) struct ExchangeArgs {
    #[command(flatten)]
    pub(crate) private_key: PrivateKeyArg,
    #[command(flatten)]
    pub(crate) derivation: DerivationArgs,
}

/// What happens to the token.
#[derive(Debug, Parser)]
pub(crate) struct OutputArgs {
    /// Print the full token, not masked
    #[arg(long)]
    pub(crate) reveal: bool,
    /// File to keep the token and its key in, for `bankezy call`; mode 0600
    #[arg(long, value_name = "FILE")]
    pub(crate) save_session: Option<PathBuf>,
    /// Overwrite the session file if it exists
    #[arg(long, requires = "save_session")]
    pub(crate) force: bool,
}

fn date_of_birth(text: &str) -> Result<DateOfBirth, Box<dyn Error + Send + Sync>> {
    let date = text.parse().ok().filter(|_| text.len() == 8);
    Ok(DateOfBirth::from_yyyymmdd(date.ok_or("not 8 digits")?)?)
}

fn entry(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("no equals sign")?;
    Ok((name.to_owned(), value.to_owned()))
}
