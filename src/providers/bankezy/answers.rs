//! Answers of the token service, in all the shapes that its pages show.

use core::fmt;
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::Serialize;

use crate::codec::json::{NotText, Object};
use crate::codec::json_values::{rounded_down, whole_number};
use crate::envelope::to_json;
use crate::providers::bankezy::{Call, Outcome, ResultCode};
use crate::providers::{CallError, Token, UnexpectedReply};

/// What a token call answered. `Debug` shows the outcome alone.
#[non_exhaustive]
pub struct TokenAnswer {
    /// The token, as it came: a JWE, a JWT, or `Bearer` and a JWT. Opaque to the client.
    pub token: Token,
    /// The server's public key as it came (`serverPubKey`, `serverPublicKey`, `ServerPublicKey`);
    /// Renew has none.
    pub server_public_key: Option<String>,
    /// `referenceId`.
    pub reference_id: Option<String>,
    /// `tokenReferenceId`: what Invalidate takes. Where it is missing, the reference is.
    pub token_reference_id: Option<String>,
    /// `loginId`, of Renew: a number, as its digits.
    pub login_id: Option<String>,
    /// `accountNumber`, a number or a string, as its digits.
    pub account_number: Option<String>,
    /// What the server says of the call.
    pub outcome: Outcome,
}

impl TokenAnswer {
    /// A token and nothing else: the other members are `None` and can be set, such as for a token kept
    /// from an earlier run, or in tests.
    #[must_use]
    pub fn new(token: Token) -> Self {
        Self {
            token,
            server_public_key: None,
            reference_id: None,
            token_reference_id: None,
            login_id: None,
            account_number: None,
            outcome: Outcome::default(),
        }
    }

    pub(super) fn stated_at(mut self, clock: Option<SystemTime>) -> Self {
        self.token = self.token.stated_at(clock);
        self
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenAnswer({}, [redacted])", self.outcome)
    }
}

impl Outcome {
    /// The codes and the text of the answer to any call, such as a [`serde_json::Value`]: flat, or under `data`
    /// as well. An answer that is not an object has none.
    ///
    /// Calls other than those of the token service return every answer that opens, and the documentation shows one
    /// with `resCode` 200 and 301 inside `data` as a failure. So compare the [`codes`](Self::codes) with those that
    /// the call's own page lists: the same number is a success in one service and a failure in another.
    ///
    /// ```
    /// use bankezy_crypto::providers::bankezy::Outcome;
    /// use serde_json::json;
    ///
    /// let outcome = Outcome::of(&json!({"resCode": 200, "data": {"resCode": 301}}));
    /// assert_eq!(outcome.codes(), [Some("200"), Some("301")]);
    /// assert!(outcome.states_failure());
    /// ```
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(answer: &T) -> Self {
        // The status is only for errors.
        let outcome = |json: &[u8]| Some(Answer::parse(json, StatusCode::OK).ok()?.outcome());
        let json = to_json(answer).ok();
        json.and_then(|json| outcome(json.as_bytes()))
            .unwrap_or_default()
    }
}

/// What the token service's page says of a code.
#[must_use]
pub fn meaning(code: &ResultCode) -> Option<&'static str> {
    Some(match code.as_str() {
        "TOK200" => "Success",
        "TOK002" => "Invalid API Key Passed",
        "TOK003" => "Failure",
        "TOK004" => "Your credentials not allowed to generate token",
        _ => return None,
    })
}

/// Whether both codes mean success for a call of the token service. Its pages show (200, 100), (200, 0), (200, 200),
/// (TOK200, 100) and, for onboarding, (ONB200, 200), outer and inner; flat answers have one. Other services use the
/// same numbers differently: 100 is a failure in one of them.
fn is_success(outcome: &Outcome, call: Call) -> bool {
    let named = match call {
        Call::OnboardingToken => ["ONB200", "TOK200"],
        _ => ["TOK200", "TOK200"],
    };
    let outer_fits = |code: &ResultCode| code.is_any_of(&["200"]) || code.is_any_of(&named);
    let inner_fits = |code: &ResultCode| code.is_any_of(&["0", "100"]) || outer_fits(code);
    match (&outcome.code, &outcome.inner_code) {
        (Some(outer), Some(inner)) => outer_fits(outer) && inner_fits(inner),
        (Some(only), None) | (None, Some(only)) => inner_fits(only),
        // A token proves success; a call that returns none needs a code.
        (None, None) => call != Call::Invalidate,
    }
}

/// A string, or a number as its digits: as they are written, or those of its value where JSON writes it in
/// another way, such as `200.0`.
fn text_or_number(object: &Object<'_>, name: &str) -> Option<String> {
    let raw = object.raw(name)?;
    if raw.starts_with('"') {
        object.text(name).ok().flatten().map(Cow::into_owned)
    } else if raw.bytes().all(|c| c.is_ascii_digit()) {
        Some(raw.to_owned())
    } else {
        // A number that does not fit counts as absent: an identifier must not be ambiguous.
        let number = whole_number(raw).filter(|number| *number < u64::MAX);
        number.map(|number| number.to_string())
    }
}

/// How the documentation's pages write an absent value.
const NOTHING: [&str; 2] = ["null", "\"null\""];

/// An answer, flat or with its members under `data`.
pub(super) struct Answer<'a> {
    outer: Object<'a>,
    inner: Option<Object<'a>>,
    status: StatusCode,
}

impl<'a> Answer<'a> {
    pub(super) fn parse(json: &'a [u8], status: StatusCode) -> Result<Self, CallError> {
        let not_json = |_| CallError::unexpected(status, UnexpectedReply::NotJson);
        let outer = Object::parse(json).map_err(not_json)?;
        let inner = match outer.raw("data") {
            Some(raw) if raw.starts_with('{') => {
                Some(Object::parse(raw.as_bytes()).map_err(not_json)?)
            }
            _ => None,
        };
        Ok(Self {
            outer,
            inner,
            status,
        })
    }

    /// Reads the answer to a call that returns a token.
    pub(super) fn token(&self, call: Call) -> Result<TokenAnswer, CallError> {
        let outcome = self.success(call)?;
        let token = self
            .first(&["token"], Object::secret_text)?
            .filter(|token| !token.as_str().is_empty())
            .ok_or_else(|| self.unexpected(UnexpectedReply::Missing { member: "token" }))?;
        let token = Token::new(token, self.expiry());
        let reference_id = self.optional(&["referenceId"]);
        Ok(TokenAnswer {
            token,
            server_public_key: self
                .first(
                    &["serverPubKey", "serverPublicKey", "ServerPublicKey"],
                    Object::text,
                )?
                .map(Cow::into_owned),
            token_reference_id: self
                .optional(&["tokenReferenceId"])
                .or_else(|| reference_id.clone()),
            reference_id,
            login_id: self.optional(&["loginId"]),
            account_number: self.optional(&["accountNumber"]),
            outcome,
        })
    }

    /// The outcome, if it is a success.
    pub(super) fn success(&self, call: Call) -> Result<Outcome, CallError> {
        let outcome = self.outcome();
        if is_success(&outcome, call) {
            Ok(outcome)
        } else {
            Err(CallError::failed(self.status, outcome))
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        let code = |object: &Object<'_>| {
            let raw = object.raw("resCode").filter(|raw| !NOTHING.contains(raw))?;
            Some(ResultCode::new(
                text_or_number(object, "resCode").unwrap_or_else(|| raw.to_owned()),
            ))
        };
        Outcome {
            code: code(&self.outer),
            inner_code: self.inner.as_ref().and_then(code),
            description: self.optional(&["resDesc", "errorMessage"]),
        }
    }

    /// Epoch milliseconds, a number or a numeric string, under any of four names. `None` after the year 9999, which
    /// no date here can express, and for what is not a time, such as -1 for "never": the token is still used.
    fn expiry(&self) -> Option<SystemTime> {
        let names = ["expireAt", "expiry", "expiryDate", "expiryAt"];
        let told = |name: &&str| rounded_down(self.raw(name)?);
        let milliseconds = names.iter().find_map(told)?;
        Token::expiry(SystemTime::UNIX_EPOCH, Duration::from_millis(milliseconds))
    }

    /// A text, or a number as its digits, that nothing depends on: a value of another type counts as absent, and the
    /// token is still used.
    fn optional(&self, names: &[&'static str]) -> Option<String> {
        let read = |object: &Object<'a>, name: &str| Ok(text_or_number(object, name));
        self.first(names, read).ok().flatten()
    }

    /// The first of these members that is present: inside `data` before around it.
    fn first<T>(
        &self,
        names: &[&'static str],
        read: impl Fn(&Object<'a>, &str) -> Result<Option<T>, NotText>,
    ) -> Result<Option<T>, CallError> {
        for object in self.objects() {
            for name in names {
                let stated = object.raw(name).filter(|raw| !NOTHING.contains(raw));
                if stated.is_some() {
                    return read(object, name).map_err(|NotText| {
                        self.unexpected(UnexpectedReply::Invalid { member: name })
                    });
                }
            }
        }
        Ok(None)
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.objects()
            .filter_map(|object| object.raw(name))
            .find(|raw| !NOTHING.contains(raw))
    }

    /// Members inside `data` come before those around it.
    fn objects(&self) -> impl Iterator<Item = &Object<'a>> {
        self.inner.iter().chain([&self.outer])
    }

    fn unexpected(&self, problem: UnexpectedReply) -> CallError {
        CallError::unexpected(self.status, problem)
    }
}
