//! The arguments that say which key: a payload secret, or how one is agreed.

use clap::{Parser, ValueEnum};

use super::place::{Place, SecretArg, secret};

secret!(PayloadSecretArg,
    secret_file: "FILE" "File with the payload secret",
    secret_env: "Environment variable with the payload secret");

secret!(PrivateKeyArg,
    private_key: "FILE" "Private key: a file with PEM, DER or JWK",
    private_key_env: "Environment variable with the private key, as PEM or JWK");

secret!(PrivateKeyPasswordArg,
    private_key_password_file: "FILE" "File with the password of a private key that is encrypted (PKCS#8 as PEM or DER)",
    private_key_password_env: "Environment variable with the password of a private key that is encrypted");

/// The ids of what names a payload secret.
pub(super) const SECRETS: [&str; 2] = PayloadSecretArg::FLAGS;

/// A payload secret and how it is written.
#[derive(Debug, Parser)]
pub(crate) struct SecretArgs {
    #[command(flatten)]
    pub(crate) secret: PayloadSecretArg,
    /// How the payload secret is written
    #[arg(long, value_enum, default_value_t = Encoding::Base64url)]
    pub(crate) encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    Base64,
    Base64url,
    Hex,
    Utf8,
}

/// A private key, and how a payload secret comes from it and the other side's public key.
#[derive(Debug, Parser)]
#[command(
    mut_arg("private_key", |arg| arg.conflicts_with("encoding")),
    mut_arg("private_key_env", |arg| arg.conflicts_with("encoding")),
    mut_arg("private_key_password_file", |arg| arg.conflicts_with_all(SECRETS).conflicts_with("encoding")),
    mut_arg("private_key_password_env", |arg| arg.conflicts_with_all(SECRETS).conflicts_with("encoding")),
    // An argument's requirements do not apply beside one that excludes it.
    mut_arg("derive", |arg| arg.requires("peer").conflicts_with_all(SECRETS)),
    mut_arg("salt", |arg| arg.requires("derive").conflicts_with_all(SECRETS)),
    mut_arg("info", |arg| arg.requires("derive").conflicts_with_all(SECRETS)),
)]
pub(crate) struct AgreementArgs {
    #[command(flatten)]
    pub(crate) private_key: PrivateKeyArg,
    #[command(flatten)]
    pub(crate) password: PrivateKeyPasswordArg,
    /// The other side's public key, to agree on a key: as for --recipient of `bankezy seal`
    #[arg(long, value_name = "KEY|FILE", requires = "derive", conflicts_with_all = SECRETS)]
    pub(crate) peer: Option<String>,
    #[command(flatten)]
    pub(crate) derivation: DerivationArgs,
}

#[derive(Debug, Parser)]
pub(crate) struct DerivationArgs {
    /// How the key is derived from the shared secret
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) derive: Option<Derive>,
    #[command(flatten)]
    pub(crate) inputs: DerivationInputs,
}

/// What a derivation takes beside the shared secret.
#[derive(Debug, Clone, Parser)]
pub(crate) struct DerivationInputs {
    /// PartyUInfo, for concat-kdf and for ECDH-ES
    #[arg(long, value_name = "TEXT")]
    pub(crate) apu: Option<String>,
    /// PartyVInfo, for concat-kdf and for ECDH-ES
    #[arg(long, value_name = "TEXT")]
    pub(crate) apv: Option<String>,
    /// Salt, for hkdf-sha256
    #[arg(long, value_name = "TEXT")]
    pub(crate) salt: Option<String>,
    /// Context information, for hkdf-sha256; SharedInfo, for x963-sha256
    #[arg(long, value_name = "TEXT")]
    pub(crate) info: Option<String>,
}

impl DerivationInputs {
    /// Whether PartyUInfo or PartyVInfo is given.
    pub(crate) fn has_party_info(&self) -> bool {
        self.apu.is_some() || self.apv.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Derive {
    Raw,
    Sha256,
    ConcatKdf,
    HkdfSha256,
    X963Sha256,
}
