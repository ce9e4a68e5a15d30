//! The arguments. Secrets are never among them: they come from files and the environment.

mod choice;
mod fleet;
mod place;
mod plain_json;
mod remote;
mod sandbox;
mod secrets;
mod token;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use choice::one_of;
pub(crate) use fleet::{Fleet, FleetCall, RevokeArgs, StoreArgs};
pub(crate) use place::{Place, PlaceParser, SecretArg, flag};
pub(crate) use plain_json::{ComplycubeToken, FacekiToken, PlainJsonArgs, SardineToken};
pub(crate) use remote::{
    Base, Call, ConfigArg, Proxy, Roots, ServerArgs, SessionArgs, TransportArgs,
};
pub(crate) use sandbox::Sandbox;
use secrets::SECRETS;
pub(crate) use secrets::{
    AgreementArgs, DerivationArgs, DerivationInputs, Derive, Encoding, PayloadSecretArg,
    PrivateKeyArg, PrivateKeyPasswordArg, SecretArgs,
};
pub(crate) use token::{
    AppArgs, BankezyCall, BankezyToken, ExchangeArgs, Invalidate, OnboardingArgs, Provider, Renew,
    Token, TokenArgs,
};

/// The arguments that name a key, by their ids: one of them is required.
pub(crate) const KEYS_TO_SEAL: [&str; 5] = [
    "secret_file",
    "secret_env",
    "private_key",
    "private_key_env",
    "recipient",
];
pub(crate) const KEYS_TO_OPEN: [&str; 4] = [
    "secret_file",
    "secret_env",
    "private_key",
    "private_key_env",
];

const KEY_HELP: &str = "\
Without a flag for it, the key comes from the environment: BANKEZY_SECRET_FILE, BANKEZY_SECRET_ENV, \
BANKEZY_SECRET (the secret itself), BANKEZY_PRIVATE_KEY or BANKEZY_PRIVATE_KEY_ENV; else from the \
settings file of --config or BANKEZY_CONFIG. The password of a private key comes from there as well: \
BANKEZY_PRIVATE_KEY_PASSWORD_FILE, BANKEZY_PRIVATE_KEY_PASSWORD_ENV or BANKEZY_PRIVATE_KEY_PASSWORD (the \
password itself). Set only one of these for a key: two are an error, and a warning names one that a flag overrides. `seal` and `open` also read BANKEZY_ENCODING, and warn if the key is not a payload secret; `diagnose` tries \
every encoding. Other variables are not read. Entries of the settings file for other commands or for another kind of \
key are ignored.";

/// Shown after the flags of a command that takes a key, with examples that a test runs.
fn key_help(examples: &str) -> String {
    format!("{KEY_HELP}\n\nExamples:\n{examples}")
}

/// Seals and opens BankEzy payloads, makes and explains keys, finds out which key reading a server
/// uses, calls BankEzy's API and emulates it. `bankezy demo` shows it all.
#[derive(Debug, Parser)]
#[command(
    name = "bankezy",
    version,
    max_term_width = 100,
    after_help = "token, call, seal, open and diagnose read environment variables and a settings file: see their \
                  --help. The other commands read neither."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a demonstration: key exchange, a sealed call and all tokens against an emulator in this process
    Demo(Demo),
    /// Get a token from a provider, printed as JSON with the token masked
    Token(Token),
    /// Call an API: JSON from standard input, sealed both ways, to standard output
    Call(Box<Call>),
    /// Run an emulator of BankEzy's servers, and of the token calls of others, until interrupted
    Sandbox(Sandbox),
    /// See what the processes of a fleet share over Redis or Valkey, and end shared sessions
    Fleet(Fleet),
    /// Create a key: the secret part is written to a file, the public part is printed
    Keygen(Keygen),
    /// Seal standard input to standard output, byte for byte: a final line end is sealed too
    Seal(Seal),
    /// Open standard input to standard output
    Open(Open),
    /// Explain a sealed text, a public key or a JWT, without a key and without verifying it
    Inspect(Inspect),
    /// Find out which reading of the secret, or which derivation, opens a captured message
    Diagnose(Diagnose),
    /// Run files of test vectors
    Vectors(Vectors),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page of a command, or write all of them to a folder
    Man(ManArgs),
    /// Print a settings file with every name, or show where the settings of a command come from
    Config(Config),
}

#[derive(Debug, Parser)]
pub(crate) struct ManArgs {
    /// The command, such as `seal` or `token bankezy renew` [default: the program]
    #[arg(value_name = "COMMAND", conflicts_with = "out_dir")]
    pub(crate) page: Vec<String>,
    /// Write the pages of all commands to this folder, such as bankezy-seal.1
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Overwrite pages that exist
    #[arg(long, requires = "out_dir")]
    pub(crate) force: bool,
}

#[derive(Debug, Parser)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) what: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a settings file with every name, explained, in comments
    Example,
    /// Show for each setting whether a flag, a variable, the settings file or a default gives it
    Show(ConfigShow),
}

#[derive(Debug, Parser)]
#[command(
    after_help = "Secrets are not shown, nor are names of files and variables. As in:\n  \
    bankezy config show\n  \
    bankezy config show --config settings.toml token bankezy --timeout 10"
)]
pub(crate) struct ConfigShow {
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    /// The command to show settings of, such as `token bankezy`, with its flags if there are any [default: what the
    /// environment and the settings file give to any command]
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Parser)]
pub(crate) struct Demo {
    /// Keep the emulator running after the last step and print the address of its web page, until interrupted
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, Parser)]
pub(crate) struct Keygen {
    /// What to create: a 32-byte payload secret, or a P-256 or RSA key pair
    pub(crate) kind: KeygenKind,
    /// Size of an RSA key [default: 3072]
    #[arg(long, value_name = "N", value_parser = one_of(RSA_BITS))]
    pub(crate) bits: Option<usize>,
    /// File for the secret part: base64url for a secret, PKCS#8 PEM for a key pair; mode 0600
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) backend: BackendArg,
}

const RSA_BITS: [(&str, usize); 4] = [
    ("2048", 2048),
    ("3072", 3072),
    ("4096", 4096),
    ("8192", 8192),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeygenKind {
    Secret,
    P256,
    Rsa,
}

#[derive(Debug, Parser)]
#[command(
    after_help = key_help(
        "  bankezy keygen secret --out secret\n  \
         echo '{\"referenceId\":\"1\"}' | bankezy seal --secret-file secret > body\n  \
         bankezy keygen p256 --out ours.pem > ours.pub\n  \
         echo '{\"referenceId\":\"2\"}' | bankezy seal --recipient ours.pub > to-us",
    ),
    group = ArgGroup::new("key").args(KEYS_TO_SEAL),
)]
pub(crate) struct Seal {
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    #[command(flatten)]
    pub(crate) agreement: AgreementArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    /// Seal to this public key: as sent in a request, as PEM, JWK, or hex or base64 of DER or of a point;
    /// or a file with one of these, DER, a point or a certificate. Of a certificate only the key is read:
    /// its chain, dates and names are not checked
    #[arg(long, value_name = "KEY|FILE", conflicts_with_all = [
        "encoding", "peer", "derive", "salt", "info", "private_key_password_file", "private_key_password_env",
    ])]
    pub(crate) recipient: Option<String>,
    /// Seal each line on its own, on all processors; a line that fails is empty in the output. A line that arrives alone
    /// is answered at once
    #[arg(long)]
    pub(crate) lines: bool,
    #[command(flatten)]
    pub(crate) max_len: MaxLenArg,
    #[command(flatten)]
    pub(crate) backend: BackendArg,
}

#[derive(Debug, Parser)]
#[command(
    after_help = key_help(
        "  bankezy open --secret-file secret < body\n  \
         bankezy open --private-key ours.pem < to-us",
    ),
    group = ArgGroup::new("key").args(KEYS_TO_OPEN),
)]
pub(crate) struct Open {
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    #[command(flatten)]
    pub(crate) agreement: AgreementArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    /// Open each line on its own, on all processors; a line that fails is empty in the output. A line that arrives alone
    /// is answered at once, and a payload may end in a line end
    #[arg(long)]
    pub(crate) lines: bool,
    #[command(flatten)]
    pub(crate) max_len: MaxLenArg,
    #[command(flatten)]
    pub(crate) backend: BackendArg,
}

#[derive(Debug, Parser)]
pub(crate) struct Inspect {
    /// File to explain [default: standard input]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) max_len: MaxLenArg,
}

#[derive(Debug, Parser)]
#[command(
    after_help = key_help("  bankezy diagnose --message body --secret-file secret"),
    group = ArgGroup::new("key").args(KEYS_TO_OPEN),
    mut_arg("private_key_password_file", |arg| arg.conflicts_with_all(SECRETS)),
    mut_arg("private_key_password_env", |arg| arg.conflicts_with_all(SECRETS)),
)]
pub(crate) struct Diagnose {
    /// File with the captured message
    #[arg(long, value_name = "FILE")]
    pub(crate) message: PathBuf,
    #[command(flatten)]
    pub(crate) secret: PayloadSecretArg,
    #[command(flatten)]
    pub(crate) private_key: PrivateKeyArg,
    #[command(flatten)]
    pub(crate) password: PrivateKeyPasswordArg,
    #[command(flatten)]
    pub(crate) config: ConfigArg,
    /// The other side's public key: as for --recipient of `bankezy seal`
    #[arg(long, value_name = "KEY|FILE", conflicts_with_all = SECRETS)]
    pub(crate) peer: Option<String>,
    /// A further text to try as apu, apv, salt and info, as it is and decoded from hex and base64; it is printed if it opens the message, so do not give a secret; may be repeated
    #[arg(long, value_name = "TEXT", requires = "peer", conflicts_with_all = SECRETS)]
    pub(crate) try_info: Vec<String>,
    /// When nothing opens the message, list each attempt
    #[arg(long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) max_len: MaxLenArg,
    #[command(flatten)]
    pub(crate) backend: BackendArg,
}

#[derive(Debug, Parser)]
pub(crate) struct Vectors {
    /// Vector files, of the form described in test-vectors/README.md
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) backend: BackendArg,
}

#[derive(Debug, Parser)]
pub(crate) struct MaxLenArg {
    /// Longest sealed text to make or accept, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = bankezy_crypto::DEFAULT_MAX_SEALED_LEN)]
    pub(crate) max_len: usize,
}

#[derive(Debug, Default, Parser)]
pub(crate) struct BackendArg {
    /// Cryptographic library to run on [default: aws-lc-rs, if this build has it]
    #[arg(long, value_name = "NAME", value_parser = ["aws-lc-rs", "rust-crypto"])]
    pub(crate) backend: Option<String>,
}
