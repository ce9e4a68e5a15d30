//! The calls that give a token, each as a [`TokenApi`].

use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::{Request, Response};

use super::requests::{REFERENCE, fresh_reference};
use super::{
    AccountNumber, AppCredentials, AppSession, AppTokenHandshake, BankEzy, Call, TEXT, TokenAnswer,
    TokenRequest, read_token,
};
use crate::envelope::{Channel, Seal as _, to_json};
use crate::keys::{Derivation, KeyPair};
use crate::providers::fields::required;
use crate::providers::{CachedTokenApi, CallError, RequestError, Token, TokenApi, TokenKey};
use crate::secret::{SecretBytes, SecretText};

/// Get Token and Onboarding user token.
#[derive(Debug)]
pub struct UserTokenApi {
    server: Arc<BankEzy>,
    channel: Channel,
    call: Call,
}

/// The body of Get Token or of the onboarding user token, owned and wiped on drop. Each request made of it has
/// a `referenceId` of its own, a random UUID, since a reference is never used twice.
pub struct UserTokenRequest {
    /// All but the reference, up to the closing brace.
    members: SecretBytes,
}

/// Renew.
#[derive(Debug)]
pub struct RenewApi {
    server: Arc<BankEzy>,
    channel: Channel,
}

/// Which token is renewed.
#[derive(Debug)]
pub struct RenewRequest {
    token: Arc<Token>,
    account_number: Option<AccountNumber>,
}

/// Get App Token. Its request is our key pair, which the channel of the answer is agreed with.
pub struct AppTokenApi {
    server: Arc<BankEzy>,
    api_key: SecretText,
    secret: SecretText,
    derivation: Derivation<'static>,
}

impl UserTokenApi {
    /// Get Token.
    #[must_use]
    pub fn get_token(server: impl Into<Arc<BankEzy>>, channel: impl Into<Channel>) -> Self {
        Self::new(server.into(), channel.into(), Call::GetToken)
    }

    /// Onboarding user token.
    #[must_use]
    pub fn onboarding(server: impl Into<Arc<BankEzy>>, channel: impl Into<Channel>) -> Self {
        Self::new(server.into(), channel.into(), Call::OnboardingToken)
    }

    fn new(server: Arc<BankEzy>, channel: Channel, call: Call) -> Self {
        Self {
            server,
            channel,
            call,
        }
    }
}

impl UserTokenRequest {
    /// Takes a copy of what the request says, but not of its reference.
    ///
    /// # Errors
    /// [`RequestError::Envelope`] if it cannot be written.
    pub fn new(request: &TokenRequest<'_>) -> Result<Self, RequestError> {
        let body = to_json(&request.with_reference(String::new()))?;
        let start = start_of_body("").len();
        let members = body.as_bytes().get(start..).unwrap_or_default();
        let mut copy = SecretBytes::with_capacity(members.len());
        copy.append(members);
        Ok(Self { members: copy })
    }

    /// The whole body, under a fresh reference.
    fn body(&self) -> Result<SecretBytes, RequestError> {
        let (start, members) = (start_of_body(&fresh_reference()?), self.members.as_bytes());
        let mut body = SecretBytes::with_capacity(start.len().saturating_add(members.len()));
        body.append(start.as_bytes());
        body.append(members);
        Ok(body)
    }
}

impl RenewApi {
    /// Renew.
    #[must_use]
    pub fn new(server: impl Into<Arc<BankEzy>>, channel: impl Into<Channel>) -> Self {
        Self {
            server: server.into(),
            channel: channel.into(),
        }
    }
}

impl RenewRequest {
    /// For a token of this account, or of none, as for [`BankEzy::renew_request`].
    #[must_use]
    pub fn new(
        token: impl Into<Arc<Token>>,
        account_number: impl Into<Option<AccountNumber>>,
    ) -> Self {
        Self {
            token: token.into(),
            account_number: account_number.into(),
        }
    }
}

impl AppTokenApi {
    /// `derivation` makes the key of the answer's channel.
    ///
    /// # Errors
    /// [`RequestError::Field`] if a credential is empty.
    pub fn new(
        server: impl Into<Arc<BankEzy>>,
        credentials: &AppCredentials<'_>,
        derivation: Derivation<'static>,
    ) -> Result<Self, RequestError> {
        Ok(Self {
            server: server.into(),
            api_key: required("apiKey", credentials.api_key)?.to_owned().into(),
            secret: required("secret", credentials.secret)?.to_owned().into(),
            derivation,
        })
    }
}

impl TokenApi for UserTokenApi {
    type Request = UserTokenRequest;
    type Answer = TokenAnswer;

    fn request(&self, request: &UserTokenRequest) -> Result<Request<SecretBytes>, RequestError> {
        let sealed = self.channel.seal(request.body()?.as_bytes())?;
        let endpoint = self.server.endpoints.get(self.call);
        self.server
            .request(endpoint, TEXT, sealed.into_bytes().into())
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _request: &UserTokenRequest,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<TokenAnswer, CallError> {
        read_token(self.call, response, &self.channel)
    }
}

impl CachedTokenApi for UserTokenApi {
    /// Of all that the request says but `referenceId`, which names the call and is another each
    /// time (inferred from "such as a UUID").
    fn key(&self, request: &UserTokenRequest) -> Result<TokenKey, RequestError> {
        let tag = self.channel.key_tag();
        let said = [tag.as_slice(), request.members.as_bytes()];
        key(&self.server, self.call, &said)
    }
}

impl TokenApi for RenewApi {
    type Request = RenewRequest;
    type Answer = TokenAnswer;

    fn request(&self, request: &RenewRequest) -> Result<Request<SecretBytes>, RequestError> {
        self.server
            .renew_request(&request.token, request.account_number, &self.channel)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _request: &RenewRequest,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<TokenAnswer, CallError> {
        read_token(Call::Renew, response, &self.channel)
    }
}

impl TokenApi for AppTokenApi {
    type Request = Arc<KeyPair>;
    type Answer = AppSession;

    fn request(&self, key_pair: &Arc<KeyPair>) -> Result<Request<SecretBytes>, RequestError> {
        let credentials = AppCredentials {
            api_key: self.api_key.as_str(),
            secret: self.secret.as_str(),
        };
        let (request, _) = self
            .server
            .app_token_request(&credentials, Arc::clone(key_pair))?;
        Ok(request)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        key_pair: &Arc<KeyPair>,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<AppSession, CallError> {
        AppTokenHandshake::new(Arc::clone(key_pair)).finish(response, &self.derivation)
    }
}

impl CachedTokenApi for AppTokenApi {
    fn key(&self, key_pair: &Arc<KeyPair>) -> Result<TokenKey, RequestError> {
        let public_key = key_pair.public_key().to_wire();
        let tag = self.derivation.tag(key_pair.backend())?;
        let said = [
            tag.as_slice(),
            self.api_key.as_str().as_bytes(),
            self.secret.as_str().as_bytes(),
            public_key.as_bytes(),
        ];
        key(&self.server, Call::AppToken, &said)
    }
}

/// How a body starts, up to its second member. A reference that needs no escapes.
fn start_of_body(reference: &str) -> String {
    format!("{{\"{REFERENCE}\":\"{reference}\",")
}

/// Of the server, the call and the account, and what else is said.
fn key(server: &BankEzy, call: Call, said: &[&[u8]]) -> Result<TokenKey, RequestError> {
    let endpoint = server.endpoints.get(call);
    let account = [
        b"bankezy".as_slice(),
        server.base.as_str().as_bytes(),
        endpoint.method.as_str().as_bytes(),
        endpoint.path.as_bytes(),
        server.api_key.as_bytes(),
    ];
    Ok(TokenKey::of(&[&account, said].concat())?)
}

impl AsRef<Token> for TokenAnswer {
    fn as_ref(&self) -> &Token {
        &self.token
    }
}

impl AsRef<Token> for AppSession {
    fn as_ref(&self) -> &Token {
        &self.answer.token
    }
}

impl fmt::Debug for UserTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserTokenRequest([redacted])")
    }
}

impl fmt::Debug for AppTokenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppTokenApi({:?}, [redacted])", self.server)
    }
}
