//! Calls in plain JSON, which only TLS protects: those of every provider except BankEzy.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::codec::json::{NotText, Object};
use crate::codec::json_values::{NotNumber, rounded_down};
use crate::providers::{CallError, Refusal, Token, UnexpectedReply};
use crate::secret::SecretBytes;

/// A `POST` of JSON.
pub(crate) fn post_json(
    uri: Uri,
    authorization: HeaderValue,
    body: SecretBytes,
) -> Request<SecretBytes> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, authorization);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

/// An object of a success. `null` counts as absent, members beyond the documented ones as well.
///
/// `Content-Type` is not checked: what is not a JSON object is refused, whatever its type.
pub(crate) struct PlainJsonAnswer<'a> {
    status: StatusCode,
    members: Object<'a>,
}

impl<'a> PlainJsonAnswer<'a> {
    /// Reads the object of a success with `read`. An error's body is read with `refusal`, and is a plain error if it
    /// has no such form. What is not as documented keeps its text.
    pub(crate) fn read<B: AsRef<[u8]>, T>(
        response: &'a Response<B>,
        refusal: impl FnOnce(&Object<'_>) -> Option<Refusal>,
        read: impl FnOnce(Self) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let answer = Self::parse(response, refusal).and_then(read);
        answer.map_err(|error| error.with_text_of(response))
    }

    fn parse<B: AsRef<[u8]>>(
        response: &'a Response<B>,
        refusal: impl FnOnce(&Object<'_>) -> Option<Refusal>,
    ) -> Result<Self, CallError> {
        let status = response.status();
        let members = Object::parse(response.body().as_ref());
        if status.is_client_error() || status.is_server_error() {
            let refusal = members.ok().and_then(|members| refusal(&members));
            return Err(CallError::refused(response, refusal));
        }
        match members {
            Ok(members) if status.is_success() => Ok(Self { status, members }),
            _ => {
                let problem = UnexpectedReply::of(response).unwrap_or(UnexpectedReply::NotJson);
                Err(CallError::unexpected(status, problem))
            }
        }
    }

    pub(crate) fn members(&self) -> &Object<'a> {
        &self.members
    }

    /// A text that nothing depends on: a value of another type counts as absent, and the token is still used.
    pub(crate) fn optional(&self, member: &'static str) -> Option<String> {
        let text = self.stated(member, Object::text);
        text.ok().flatten().map(Cow::into_owned)
    }

    pub(crate) fn number(&self, member: &'static str) -> Result<Option<u64>, CallError> {
        if !self.is_stated(member) {
            return Ok(None);
        }
        let number = self.members.number(member);
        number.map_err(|NotNumber| self.invalid(member))
    }

    /// An object inside this one.
    pub(crate) fn object(&self, member: &'static str) -> Result<Self, CallError> {
        let raw = self
            .members
            .raw(member)
            .filter(|_| self.is_stated(member))
            .ok_or_else(|| self.missing(member))?;
        let members = Object::parse(raw.as_bytes()).map_err(|_| self.invalid(member))?;
        Ok(Self {
            status: self.status,
            members,
        })
    }

    /// The token in `member`, which is not empty.
    pub(crate) fn token(
        &self,
        member: &'static str,
        expires_at: Option<SystemTime>,
    ) -> Result<Token, CallError> {
        let text = self.stated(member, Object::secret_text)?;
        let text = text.filter(|text| !text.as_str().is_empty());
        let text = text.ok_or_else(|| self.missing(member))?;
        Ok(Token::new(text, expires_at))
    }

    /// `access_token`, `token_type` and `expires_in` in seconds (RFC 6749 section 5.1). Without `expires_in`, with
    /// one after the year 9999, or with one that is not a time, such as -1 for "never", no expiry is stated.
    pub(crate) fn access_token(&self, asked_at: SystemTime) -> Result<Token, CallError> {
        let seconds = self.members.raw("expires_in").and_then(rounded_down);
        let expires_at =
            seconds.and_then(|seconds| Token::expiry(asked_at, Duration::from_secs(seconds)));
        let token = self.token("access_token", expires_at)?;
        Ok(match self.optional("token_type") {
            Some(token_type) => token.with_token_type(token_type),
            None => token,
        })
    }

    pub(crate) fn missing(&self, member: &'static str) -> CallError {
        self.unexpected(UnexpectedReply::Missing { member })
    }

    fn stated<T>(
        &self,
        member: &'static str,
        read: impl FnOnce(&Object<'a>, &str) -> Result<Option<T>, NotText>,
    ) -> Result<Option<T>, CallError> {
        if !self.is_stated(member) {
            return Ok(None);
        }
        read(&self.members, member).map_err(|NotText| self.invalid(member))
    }

    fn is_stated(&self, member: &str) -> bool {
        self.members.raw(member).is_some_and(|raw| raw != "null")
    }

    fn invalid(&self, member: &'static str) -> CallError {
        self.unexpected(UnexpectedReply::Invalid { member })
    }

    fn unexpected(&self, problem: UnexpectedReply) -> CallError {
        CallError::unexpected(self.status, problem)
    }
}
