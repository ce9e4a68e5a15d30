//! What each call does.

use std::sync::Arc;

use bankezy_crypto::Error;
use http::HeaderMap;
use http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::super::endpoint::EmulatedEndpoint;
use super::super::exchange::to_bytes;
use super::super::log::Trace;
use super::super::random;
use super::super::sessions::{Session, TokenStatus};
use super::super::state::{Issued, ReferenceUsed, State};
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
    pub(super) body: &'a [u8],
    pub(super) trace: &'a Trace,
}

/// Why a call was not executed.
pub(super) enum Refusal {
    /// Reported in a sealed answer.
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

impl From<ReferenceUsed> for Refusal {
    fn from(_: ReferenceUsed) -> Self {
        let text = "Failure: referenceId was used before (strict)";
        let expected = "a referenceId that had no token before";
        failure("reference-used", text, expected, "one that had").into()
    }
}

impl From<TokenStatus> for Refusal {
    fn from(status: TokenStatus) -> Self {
        let rule = ["x-api-token", "a token that is valid"];
        let text = status.text();
        Self::Plain(refused(
            StatusCode::UNAUTHORIZED,
            text,
            rule,
            status.found(),
        ))
    }
}

impl Call<'_> {
    /// The answer's JSON.
    pub(super) async fn execute(&self) -> Result<Vec<u8>, Refusal> {
        let credentials = &self.state.credentials;
        check_api_key(self.state, self.api_key)?;
        let server = credentials.is_api_key(self.api_key);
        let answer = match (self.route.endpoint, &self.session) {
            (EmulatedEndpoint::Echo, Some(_)) => self.echo()?,
            (EmulatedEndpoint::Renew, Some((id, session))) => to_bytes(&self.renew(*id, session)?),
            (EmulatedEndpoint::Invalidate, _) => to_bytes(&self.invalidate()?),
            (EmulatedEndpoint::GetToken, _) if server => to_bytes(&self.token(false).await?),
            (EmulatedEndpoint::OnboardingUserToken, _) if server => {
                to_bytes(&self.token(true).await?)
            }
            _ => {
                let expected = "apiKey of the ready file, the server's";
                let found = "appApiKey, an app's";
                return Err(not_allowed("api-key", expected, found).into());
            }
        };
        self.state.executed.add(self.route.endpoint);
        Ok(answer)
    }

    async fn token(&self, onboarding: bool) -> Result<Value, Refusal> {
        let state = self.state;
        let fields = Fields::parse(self.body)?;
        let request = TokenRequest::parse(&fields, onboarding)?;
        let more: &[&str] = if onboarding { ONBOARDING_FIELDS } else { &[] };
        check_members(state, &fields, &[TOKEN_FIELDS, more].concat(), self.trace)?;
        if !state
            .credentials
            .is_sdk_api_key(request.sdk_api_key.as_bytes())
        {
            let expected = "sdkApiKey of the ready file";
            return Err(not_allowed("sdk-api-key", expected, "another value").into());
        }
        let (keys, server_key) = state
            .keys
            .exchange(request.sdk_public_key.as_ref(), true)
            .await?;
        let account = Some(request.account.clone());
        let form = token_form(state, self.route);
        let call = self.route.endpoint;
        let issued = state.issue(call, &request.reference, account, keys, form)??;
        self.trace.with(|draft| draft.token = Some(issued.number));
        if issued.is_repeated {
            self.trace
                .note("the referenceId had a token before (refused if strict)");
        }
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
        check_members(self.state, &fields, &["token"], self.trace)?;
        let named = strip_bearer(fields.text("token")?).as_bytes();
        let sent = self.headers.get("x-api-token");
        let sent = sent.and_then(|token| token.to_str().ok()).map(strip_bearer);
        if !bool::from(sent.unwrap_or_default().as_bytes().ct_eq(named)) {
            let text = "Failure: token is not that of X-API-TOKEN";
            let expected = "token: the token of X-API-TOKEN";
            return Err(failure("renewed-token", text, expected, "another token").into());
        }
        if let Some(account) = &session.account {
            let sent = self.headers.get("x-account-number");
            if sent.is_none_or(|sent| sent.as_bytes() != account.as_bytes()) {
                let text = sent.map_or(
                    "Failure: X-ACCOUNT-NUMBER is missing",
                    |_| "Failure: X-ACCOUNT-NUMBER is not that of the token",
                );
                let expected = "the header X-ACCOUNT-NUMBER with the account of the token";
                let found = sent.map_or("no such header", |_| "another account");
                return Err(failure("account-number", text, expected, found).into());
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
        check_members(self.state, &fields, &["tokenReferenceId"], self.trace)?;
        let reference = fields.text("tokenReferenceId")?;
        let expires_at = self.state.invalidate(reference);
        let expires_at = expires_at.ok_or_else(|| {
            let text = "Failure: tokenReferenceId names no valid token";
            let expected = "the referenceId of a token that is neither renewed nor invalidated";
            failure("token-reference", text, expected, "another value")
        })?;
        // Its text, which the emulator does not keep, is known if it is the token of the request.
        let is_named = |session: &Session| &*session.reference == reference;
        let named = self.session.as_ref().filter(|(_, it)| is_named(it));
        let token = named.and_then(|_| self.headers.get("x-api-token"));
        let told = Told {
            token: token.and_then(|token| token.to_str().ok()),
            expires_at: token.map(|_| expires_at),
            reference: Some(reference),
            ..Told::default()
        };
        Ok(answers::success(self.state.answers, self.route, &told))
    }

    fn echo(&self) -> Result<Vec<u8>, Refusal> {
        match serde_json::from_slice::<IgnoredAny>(self.body) {
            Ok(_) => {
                (self.state.on_echo)(self.body);
                Ok(self.body.to_vec())
            }
            Err(_) => {
                let text = "Failure: the body is not JSON";
                Err(failure("json", text, "JSON", "another text").into())
            }
        }
    }
}

/// Get App Token: in clear both ways, since it agrees on the key.
pub(super) async fn app_token(
    state: &State,
    route: &Route,
    api_key: &[u8],
    body: &[u8],
    trace: &Trace,
) -> Result<Reply, Reply> {
    let json = match exchange(state, route, api_key, body, trace).await {
        Ok(answer) => {
            state.executed.add(route.endpoint);
            answer
        }
        Err(Refusal::Plain(reply)) => return Err(reply),
        Err(Refusal::Sealed(problem)) => {
            let json = answers::failure(state.answers, route, problem.code, &problem.text);
            trace.broken(|| problem.broken);
            json
        }
    };
    Ok(Reply::Clear(to_bytes(&json)))
}

async fn exchange(
    state: &State,
    route: &Route,
    api_key: &[u8],
    body: &[u8],
    trace: &Trace,
) -> Result<Value, Refusal> {
    let credentials = &state.credentials;
    check_api_key(state, api_key)?;
    let fields = Fields::parse(body)?;
    check_members(state, &fields, &["apiKey", "publicKey", "secret"], trace)?;
    let app_api_key = fields.text("apiKey")?;
    let public_key = fields.public_key("publicKey")?;
    let secret = fields.text("secret")?;
    if !credentials.is_app_api_key(app_api_key.as_bytes()) {
        return Err(invalid_api_key("apiKey: appApiKey of the ready file").into());
    }
    if !credentials.is_app_secret(secret.as_bytes()) {
        let expected = "secret: appSecret of the ready file";
        return Err(not_allowed("app-secret", expected, "another value").into());
    }
    let (keys, server_key) = state.keys.exchange(Some(&public_key), false).await?;
    let reference = random::uuid()?;
    let form = token_form(state, route);
    let issued = state.issue(route.endpoint, &reference, None, keys, form)??;
    trace.with(|draft| draft.token = Some(issued.number));
    let told = Told {
        server_key: Some(&server_key),
        reference: Some(&reference),
        ..Told::default()
    };
    Ok(with_token(state, route, &issued, told))
}

pub(super) fn check_api_key(state: &State, api_key: &[u8]) -> Result<(), Problem> {
    let credentials = &state.credentials;
    if credentials.is_api_key(api_key) || credentials.is_app_api_key(api_key) {
        return Ok(());
    }
    let expected = "X-API-KEY: apiKey or appApiKey of the ready file";
    Err(invalid_api_key(expected))
}

/// Members that are given twice or that no page names are refused in strict mode, and otherwise noted in the log.
fn check_members(
    state: &State,
    fields: &Fields,
    known: &[&str],
    trace: &Trace,
) -> Result<(), Problem> {
    if let Some(twice) = &fields.twice {
        let name: String = twice.chars().take(100).collect();
        if state.strict {
            let text = "Failure: duplicate member (strict)";
            let expected = "each member once";
            return Err(failure(
                "duplicate-member",
                text,
                expected,
                format!("{name:?} twice"),
            ));
        }
        trace.note(format!(
            "duplicate member {name:?}: its last value was used (refused if strict)"
        ));
    }
    let Some(foreign) = fields.foreign(known) else {
        return Ok(());
    };
    let name: String = foreign.chars().take(100).collect();
    if state.strict {
        // The name is what was sent, and not shown in the answer.
        let known = known.join(", ");
        let text =
            format!("Failure: a member that is not documented (strict): expected only {known}");
        let expected = format!("no members but {known}");
        return Err(failure(
            "unknown-member",
            text,
            expected,
            format!("{name:?}"),
        ));
    }
    trace.note(format!(
        "unknown member {name:?} was ignored (refused if strict)"
    ));
    Ok(())
}

fn token_form(state: &State, route: &Route) -> TokenForm {
    answers::token_form(state.answers, route, state.token_format)
}

/// The answer of a call that returns a token.
fn with_token(state: &State, route: &Route, issued: &Issued, told: Told<'_>) -> Value {
    let told = Told {
        token: Some(&issued.token),
        expires_at: Some(issued.expires_at),
        ..told
    };
    answers::success(state.answers, route, &told)
}
