//! What each call does.

use std::sync::Arc;

use bankezy_crypto::Error;
use http::HeaderMap;
use http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::super::config::Answering;
use super::super::exchange::to_bytes;
use super::super::random;
use super::super::state::{EmulatedEndpoint, Issued, Session, State, TokenStatus};
use super::super::tokens::{TokenForm, TokenId, strip_bearer};
use super::answers::{self, Told};
use super::reply::{Reply, refused};
use super::requests::{
    Fields, ONBOARDING_FIELDS, Problem, TOKEN_FIELDS, TokenRequest, failure, invalid_api_key,
    not_allowed,
};
use super::routes::Route;

/// A request whose body has been opened.
pub(super) struct Call<'a> {
    pub(super) state: &'a State,
    pub(super) route: &'a Route,
    pub(super) headers: &'a HeaderMap,
    pub(super) api_key: &'a [u8],
    pub(super) session: Option<(TokenId, Arc<Session>)>,
    /// Of a path of the user's own.
    pub(super) answering: Option<&'a Answering>,
    pub(super) body: &'a [u8],
}

/// Why a call was not executed.
pub(super) enum Refusal {
    /// Told in a sealed answer.
    Sealed(Problem),
    Plain(Reply),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Sealed(problem)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Plain(error.into())
    }
}

impl From<TokenStatus> for Refusal {
    fn from(status: TokenStatus) -> Self {
        Self::Plain(refused(StatusCode::UNAUTHORIZED, status.text()))
    }
}

impl Call<'_> {
    /// The answer's JSON.
    pub(super) async fn execute(&self) -> Result<Vec<u8>, Refusal> {
        let credentials = &self.state.credentials;
        let server = credentials.is_api_key(self.api_key);
        if !server && !credentials.is_app_api_key(self.api_key) {
            return Err(invalid_api_key().into());
        }
        let answer = match (self.route.endpoint, &self.session) {
            (EmulatedEndpoint::Echo, Some(_)) => self.echo()?,
            (EmulatedEndpoint::Renew, Some((id, session))) => to_bytes(&self.renew(*id, session)?),
            (EmulatedEndpoint::Invalidate, _) => to_bytes(&self.invalidate()?),
            (EmulatedEndpoint::GetToken, _) if server => to_bytes(&self.token(false).await?),
            (EmulatedEndpoint::OnboardingUserToken, _) if server => {
                to_bytes(&self.token(true).await?)
            }
            _ => return Err(not_allowed().into()),
        };
        self.state.count(self.route.endpoint);
        Ok(answer)
    }

    async fn token(&self, onboarding: bool) -> Result<Value, Refusal> {
        let state = self.state;
        let fields = Fields::parse(self.body)?;
        let request = TokenRequest::parse(&fields, onboarding)?;
        if state.strict {
            let more: &[&str] = if onboarding { ONBOARDING_FIELDS } else { &[] };
            fields.only(&[TOKEN_FIELDS, more].concat())?;
            if state.has_reference(&request.reference) {
                return Err(failure("Failure: referenceId was used before (strict)").into());
            }
        }
        if !state
            .credentials
            .is_sdk_api_key(request.sdk_api_key.as_bytes())
        {
            return Err(not_allowed().into());
        }
        let (keys, server_key) = state
            .keys
            .exchange(request.sdk_public_key.as_ref(), true)
            .await?;
        let account = Some(request.account.clone());
        let form = token_form(state, self.route);
        let issued = state.issue(&request.reference, account, keys, form)?;
        let told = Told {
            server_key: Some(&server_key),
            reference: Some(&request.reference),
            account: Some(&request.account),
            ..Told::default()
        };
        Ok(with_token(state, self.route, &issued, told))
    }

    fn renew(&self, id: TokenId, session: &Session) -> Result<Value, Refusal> {
        let fields = Fields::parse(self.body)?;
        if self.state.strict {
            fields.only(&["token"])?;
        }
        let named = strip_bearer(fields.text("token")?).as_bytes();
        let sent = self.headers.get("x-api-token");
        let sent = sent.and_then(|token| token.to_str().ok()).map(strip_bearer);
        if !bool::from(sent.unwrap_or_default().as_bytes().ct_eq(named)) {
            return Err(failure("Failure: token is not that of X-API-TOKEN").into());
        }
        if let Some(account) = &session.account {
            let sent = self.headers.get("x-account-number");
            if sent.is_none_or(|sent| sent.as_bytes() != account.as_bytes()) {
                return Err(failure("Failure: X-ACCOUNT-NUMBER is not that of the token").into());
            }
        }
        let form = token_form(self.state, self.route);
        let issued = self.state.renew(id, session, form)??;
        let told = Told {
            reference: Some(&session.reference),
            account: session.account.as_deref(),
            login_id: Some(session.login_id),
            ..Told::default()
        };
        Ok(with_token(self.state, self.route, &issued, told))
    }

    fn invalidate(&self) -> Result<Value, Refusal> {
        let fields = Fields::parse(self.body)?;
        if self.state.strict {
            fields.only(&["tokenReferenceId"])?;
        }
        let reference = fields.text("tokenReferenceId")?;
        let expires_at = self.state.invalidate(reference);
        let expires_at =
            expires_at.ok_or_else(|| failure("Failure: tokenReferenceId names no valid token"))?;
        let token = self.headers.get("x-api-token");
        let told = Told {
            token: token.and_then(|token| token.to_str().ok()),
            expires_at: token.map(|_| expires_at),
            reference: Some(reference),
            ..Told::default()
        };
        Ok(answers::success(self.state.answers, self.route, &told))
    }

    fn echo(&self) -> Result<Vec<u8>, Refusal> {
        if let Some(answer) = self.answering {
            let json = serde_json::from_slice(self.body);
            let json = json.map_err(|_| failure("Failure: the body is not JSON"))?;
            return Ok(to_bytes(&answer(&json)));
        }
        match serde_json::from_slice::<IgnoredAny>(self.body) {
            Ok(_) => {
                (self.state.on_echo)(self.body);
                Ok(self.body.to_vec())
            }
            Err(_) => Err(failure("Failure: the body is not JSON").into()),
        }
    }
}

/// Get App Token: in clear both ways, since it agrees on the key.
pub(super) async fn app_token(
    state: &State,
    route: &Route,
    api_key: &[u8],
    body: &[u8],
) -> Result<Reply, Reply> {
    let json = match exchange(state, route, api_key, body).await {
        Ok(answer) => {
            state.count(route.endpoint);
            answer
        }
        Err(Refusal::Plain(reply)) => return Err(reply),
        Err(Refusal::Sealed(problem)) => {
            answers::failure(state.answers, route, problem.code, &problem.text)
        }
    };
    Ok(Reply::Clear(to_bytes(&json)))
}

async fn exchange(
    state: &State,
    route: &Route,
    api_key: &[u8],
    body: &[u8],
) -> Result<Value, Refusal> {
    let credentials = &state.credentials;
    if !credentials.is_api_key(api_key) && !credentials.is_app_api_key(api_key) {
        return Err(invalid_api_key().into());
    }
    let fields = Fields::parse(body)?;
    if state.strict {
        fields.only(&["apiKey", "publicKey", "secret"])?;
    }
    let app_api_key = fields.text("apiKey")?;
    let public_key = fields.public_key("publicKey")?;
    let secret = fields.text("secret")?;
    if !credentials.is_app_api_key(app_api_key.as_bytes()) {
        return Err(invalid_api_key().into());
    }
    if !credentials.is_app_secret(secret.as_bytes()) {
        return Err(not_allowed().into());
    }
    let (keys, server_key) = state.keys.exchange(Some(&public_key), false).await?;
    let reference = random::uuid()?;
    let issued = state.issue(&reference, None, keys, token_form(state, route))?;
    let told = Told {
        server_key: Some(&server_key),
        reference: Some(&reference),
        ..Told::default()
    };
    Ok(with_token(state, route, &issued, told))
}

fn token_form(state: &State, route: &Route) -> TokenForm {
    answers::token_form(state.answers, route, state.token_format)
}

/// The answer of a call that gives a token.
fn with_token(state: &State, route: &Route, issued: &Issued, told: Told<'_>) -> Value {
    let told = Told {
        token: Some(&issued.token),
        expires_at: Some(issued.expires_at),
        ..told
    };
    answers::success(state.answers, route, &told)
}
