//! Faceki: an access token for its verification APIs.
//!
//! | | |
//! |---|---|
//! | `GET https://sdk.faceki.com/auth/api/access-token`, HTTPS with TLS 1.2 at least | stated |
//! | the credentials are in the query, `clientId` and `clientSecret` | all its code samples |
//! | the credentials are in headers, `clientid` and `clientSecret` | its prose and a table |
//! | `expires_in` is in seconds | stated, and the token in its sample says the same |
//! | refusals: `responseCode`, `statusCode` or the credential's name | shown, see [`Refusal`] |
//! | a number written as a string is one | inferred: tolerated as BankEzy needs it |
//!
//! # The URL holds the secret
//! This is the default, as in the samples. This crate never shows the URL: not in errors, `Debug` or traces. It
//! cannot keep others from doing so: an [`http::Request`] prints its URL, an [`http::Uri`] is not wiped when it is
//! dropped, and servers and proxies that end TLS write URLs to their logs. If Faceki's server accepts it, put the
//! credentials [into headers](Faceki::with_credentials_in_headers), which are marked as sensitive.

mod code;
mod refusal;

pub use code::Code;
pub use refusal::Refusal;

use core::fmt;
use std::time::SystemTime;

use http::{HeaderName, Request, Response};

use crate::codec::json::Object;
use crate::providers::fields::{at_most, credential};
use crate::providers::plain_json::PlainJsonAnswer;
use crate::providers::token::sensitive;
use crate::providers::{
    self, BaseUrl, CachedTokenApi, CallError, RequestError, Token, TokenApi, TokenKey,
};
use crate::secret::{SecretBytes, SecretText};

/// Where Faceki's API is, as documented.
pub const BASE_URL: &str = "https://sdk.faceki.com";

const PATH: &str = "/auth/api/access-token";
const CLIENT_ID: HeaderName = HeaderName::from_static("clientid");
const CLIENT_SECRET: HeaderName = HeaderName::from_static("clientsecret");

/// Longest credential, in characters, so that the URL stays one that can be sent. Ours: the
/// documentation states no bound, and its samples have 26 and 52.
const MAX_CREDENTIAL: usize = 1024;

/// Faceki's API and our credentials with it. The token is the account's, so a request needs nothing more: its
/// [`TokenApi::Request`] is `()`.
pub struct Faceki {
    base: BaseUrl,
    client_id: SecretText,
    client_secret: SecretText,
    in_headers: bool,
}

impl Faceki {
    /// At [`BASE_URL`], with the credentials in the query.
    ///
    /// # Errors
    /// [`RequestError::Field`] if a credential is empty, has more than 1024 characters, or holds a control
    /// character.
    pub fn new(client_id: &str, client_secret: &str) -> Result<Self, RequestError> {
        let checked = |name, text| credential(name, at_most(name, text, MAX_CREDENTIAL)?);
        Ok(Self {
            base: BaseUrl::parse(BASE_URL)?,
            client_id: checked("clientId", client_id)?,
            client_secret: checked("clientSecret", client_secret)?,
            in_headers: false,
        })
    }

    /// At another base URL.
    #[must_use]
    pub fn with_base_url(mut self, base: BaseUrl) -> Self {
        self.base = base;
        self
    }

    /// Puts the credentials into the headers `clientid` and `clientSecret`, as the documentation's
    /// prose has it, and not into the URL.
    #[must_use]
    pub fn with_credentials_in_headers(mut self) -> Self {
        self.in_headers = true;
        self
    }

    fn path_and_query(&self) -> SecretText {
        let (id, secret) = (self.client_id.as_str(), self.client_secret.as_str());
        const NAMES: usize = PATH.len() + "?clientId=&clientSecret=".len();
        // Enough for all, so that it is written without reallocation.
        let encoded = id.len().saturating_add(secret.len()).saturating_mul(3);
        let mut text = String::with_capacity(encoded.saturating_add(NAMES));
        text.push_str(PATH);
        text.push_str("?clientId=");
        percent_encode_onto(id, &mut text);
        text.push_str("&clientSecret=");
        percent_encode_onto(secret, &mut text);
        text.into()
    }
}

impl TokenApi for Faceki {
    type Request = ();
    type Answer = Token;

    fn request(&self, (): &()) -> Result<Request<SecretBytes>, RequestError> {
        let mut request = Request::new(SecretBytes::new());
        if self.in_headers {
            *request.uri_mut() = self.base.join(PATH)?;
            let headers = request.headers_mut();
            let (id, secret) = (self.client_id.as_str(), self.client_secret.as_str());
            headers.insert(CLIENT_ID, sensitive(id, "clientId")?);
            headers.insert(CLIENT_SECRET, sensitive(secret, "clientSecret")?);
        } else {
            *request.uri_mut() = self.base.join(self.path_and_query().as_str())?;
        }
        Ok(request)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        (): &(),
        response: &Response<B>,
        asked_at: SystemTime,
    ) -> Result<Token, CallError> {
        let refusal = |members: &Object<'_>| Refusal::read(members).map(providers::Refusal::Faceki);
        PlainJsonAnswer::read(response, refusal, |answer| {
            // A success by its status may be a failure by its code.
            if let Some(refusal) = refusal(answer.members()) {
                return Err(CallError::refused(response, Some(refusal)));
            }
            if answer.number("responseCode")? != Some(0) {
                return Err(answer.missing("responseCode"));
            }
            answer.object("data")?.access_token(asked_at)
        })
    }
}

impl CachedTokenApi for Faceki {
    fn key(&self, (): &()) -> Result<TokenKey, RequestError> {
        Ok(TokenKey::of(&[
            b"faceki",
            self.base.as_str().as_bytes(),
            self.client_id.as_str().as_bytes(),
            self.client_secret.as_str().as_bytes(),
        ])?)
    }
}

impl fmt::Debug for Faceki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faceki({:?}, [redacted])", self.base)
    }
}

/// Everything but the unreserved characters (RFC 3986 section 2.3).
fn percent_encode_onto(text: &str, out: &mut String) {
    // A half of a byte is always a digit.
    let hex = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 0xf].map(|half| hex(half).to_ascii_uppercase()));
        }
    }
}
