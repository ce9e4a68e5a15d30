//! What the ready file says.

use bankezy_crypto::SecretText;
use serde_json::Value;

use super::credentials::Credentials;

/// What the ready file says beside the credentials.
pub(crate) struct Ready {
    pub(crate) url: String,
    pub(crate) ca_pem: Option<String>,
    /// Certificate and private key.
    pub(crate) client_identity: Option<(String, SecretText)>,
    pub(crate) console: Option<ConsoleAddress>,
}

/// Where the console is, and what opens it.
pub(crate) struct ConsoleAddress {
    /// Without the token.
    pub(crate) page: String,
    pub(crate) token: SecretText,
}

impl ConsoleAddress {
    /// The token is in the fragment, which no browser sends.
    pub(crate) fn url(&self) -> SecretText {
        format!("{}#token={}", self.page, self.token.as_str()).into()
    }
}

impl Ready {
    /// With the console, as the file has it.
    #[expect(clippy::indexing_slicing, reason = "it is an object")]
    pub(crate) fn file(&self, credentials: &Credentials) -> SecretText {
        let mut json = self.json(credentials);
        json["console"] = self.console.as_ref().map_or(Value::Null, |console| {
            serde_json::json!({ "url": console.url().as_str(), "token": console.token.as_str() })
        });
        json.to_string().into()
    }

    #[expect(clippy::indexing_slicing, reason = "credentials are an object")]
    pub(crate) fn json(&self, credentials: &Credentials) -> Value {
        let identity = self.client_identity.as_ref();
        let mut json = credentials.to_json();
        json["url"] = self.url.as_str().into();
        json["ca_pem"] = self.ca_pem.as_deref().into();
        json["client_cert_pem"] = identity.map(|(certificate, _)| certificate.as_str()).into();
        json["client_key_pem"] = identity.map(|(_, key)| key.as_str()).into();
        json
    }
}
