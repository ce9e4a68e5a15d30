//! What a partner gets at onboarding.

use core::fmt;

use bankezy_crypto::{Derivation, PayloadSecret, SecretText};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::error::SandboxError;
use super::random;

/// Path of the API that returns what it was sent, after the prefix.
pub(super) const ECHO_PATH: &str = "/sandbox/echo";

/// What a partner gets at onboarding, made anew for each emulator.
pub struct Credentials {
    api_key: SecretText,
    payload_secret: PayloadSecret,
    sdk_api_key: SecretText,
    app_api_key: SecretText,
    app_secret: SecretText,
    faceki_client_id: SecretText,
    faceki_client_secret: SecretText,
    complycube_api_key: SecretText,
    sardine_client_id: SecretText,
    sardine_client_secret: SecretText,
    derivation: Derivation<'static>,
    derivation_name: &'static str,
}

impl Credentials {
    pub(super) fn generate(derivation: Derivation<'static>) -> Result<Self, SandboxError> {
        Ok(Self {
            api_key: random::hex::<16>()?.into(),
            payload_secret: PayloadSecret::generate()?,
            sdk_api_key: random::hex::<16>()?.into(),
            app_api_key: random::hex::<16>()?.into(),
            app_secret: random::hex::<32>()?.into(),
            faceki_client_id: random::hex::<16>()?.into(),
            // What base64 may end in, so that a client has to escape it in a query.
            faceki_client_secret: format!("{}+/=", random::hex::<32>()?).into(),
            // Its keys for tests start like this.
            complycube_api_key: format!("test_{}", random::hex::<32>()?).into(),
            sardine_client_id: random::hex::<16>()?.into(),
            sardine_client_secret: random::hex::<32>()?.into(),
            derivation,
            derivation_name: derivation_name(&derivation)?,
        })
    }

    /// `X-API-KEY` of the partner's server.
    #[must_use]
    pub fn api_key(&self) -> &str {
        self.api_key.as_str()
    }

    /// The static payload secret.
    #[must_use]
    pub fn payload_secret(&self) -> &PayloadSecret {
        &self.payload_secret
    }

    /// `sdkApiKey` of Get Token and Onboarding user token.
    #[must_use]
    pub fn sdk_api_key(&self) -> &str {
        self.sdk_api_key.as_str()
    }

    /// `apiKey` of Get App Token, and `X-API-KEY` of an app.
    #[must_use]
    pub fn app_api_key(&self) -> &str {
        self.app_api_key.as_str()
    }

    /// `secret` of Get App Token.
    #[must_use]
    pub fn app_secret(&self) -> &str {
        self.app_secret.as_str()
    }

    /// How the payload secret is derived from the secret shared on P-256.
    #[must_use]
    pub fn derivation(&self) -> Derivation<'static> {
        self.derivation
    }

    /// The derivation as the ready file names it: `raw`, `sha256`, `concat-kdf`, `hkdf-sha256`, `x963-sha256` or `custom`.
    #[must_use]
    pub fn derivation_name(&self) -> &'static str {
        self.derivation_name
    }

    /// Path, after [`Sandbox::url`](super::Sandbox::url), of the API that returns the JSON it was sent.
    #[must_use]
    pub fn echo_path(&self) -> &'static str {
        ECHO_PATH
    }

    /// `clientId` of Faceki.
    #[must_use]
    pub fn faceki_client_id(&self) -> &str {
        self.faceki_client_id.as_str()
    }

    /// `clientSecret` of Faceki. It ends in `+/=`, which must be escaped in a query.
    #[must_use]
    pub fn faceki_client_secret(&self) -> &str {
        self.faceki_client_secret.as_str()
    }

    /// API key of ComplyCube.
    #[must_use]
    pub fn complycube_api_key(&self) -> &str {
        self.complycube_api_key.as_str()
    }

    /// Client id of Sardine.
    #[must_use]
    pub fn sardine_client_id(&self) -> &str {
        self.sardine_client_id.as_str()
    }

    /// Client secret of Sardine.
    #[must_use]
    pub fn sardine_client_secret(&self) -> &str {
        self.sardine_client_secret.as_str()
    }

    pub(super) fn is_api_key(&self, text: &[u8]) -> bool {
        same(&self.api_key, text)
    }

    pub(super) fn is_sdk_api_key(&self, text: &[u8]) -> bool {
        same(&self.sdk_api_key, text)
    }

    pub(super) fn is_app_api_key(&self, text: &[u8]) -> bool {
        same(&self.app_api_key, text)
    }

    pub(super) fn is_app_secret(&self, text: &[u8]) -> bool {
        same(&self.app_secret, text)
    }

    pub(super) fn is_faceki(&self, id: &[u8], secret: &[u8]) -> bool {
        same(&self.faceki_client_id, id) & same(&self.faceki_client_secret, secret)
    }

    pub(super) fn is_complycube_api_key(&self, text: &[u8]) -> bool {
        same(&self.complycube_api_key, text)
    }

    /// Id and secret with a colon between them (RFC 7617).
    pub(super) fn is_sardine(&self, pair: &[u8]) -> bool {
        let mut pair = pair.splitn(2, |byte| *byte == b':');
        let [id, secret] = [pair.next(), pair.next()].map(Option::unwrap_or_default);
        same(&self.sardine_client_id, id) & same(&self.sardine_client_secret, secret)
    }

    /// By provider.
    pub(super) fn to_json(&self) -> Value {
        let bankezy = json!({
            "apiKey": self.api_key(),
            "payloadSecret": self.payload_secret.to_base64url().as_str(),
            "sdkApiKey": self.sdk_api_key(),
            "appApiKey": self.app_api_key(),
            "appSecret": self.app_secret(),
            "derivation": self.derivation_name,
            "echoPath": ECHO_PATH,
        });
        json!({
            "bankezy": bankezy,
            "faceki": {
                "clientId": self.faceki_client_id(),
                "clientSecret": self.faceki_client_secret(),
            },
            "complycube": { "apiKey": self.complycube_api_key() },
            "sardine": {
                "clientId": self.sardine_client_id(),
                "clientSecret": self.sardine_client_secret(),
            },
        })
    }
}

/// In constant time, apart from the length.
fn same(secret: &SecretText, text: &[u8]) -> bool {
    secret.as_str().as_bytes().ct_eq(text).into()
}

fn derivation_name(derivation: &Derivation<'_>) -> Result<&'static str, SandboxError> {
    match derivation {
        Derivation::RawSharedSecret => Ok("raw"),
        Derivation::Sha256 => Ok("sha256"),
        Derivation::ConcatKdf { .. } => Ok("concat-kdf"),
        Derivation::HkdfSha256 { .. } => Ok("hkdf-sha256"),
        Derivation::X963Sha256 { .. } => Ok("x963-sha256"),
        Derivation::Custom(_) => Ok("custom"),
        _ => Err(SandboxError::Config {
            problem: "the emulator does not know this derivation",
        }),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}
