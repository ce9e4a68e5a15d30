//! The answers' JSON.

mod documented;
mod varied;

use serde_json::{Value, json};

use super::super::config::AnswerForm;
use super::super::state::EmulatedEndpoint;
use super::super::tokens::{BEARER, TokenFormat};
use super::routes::Route;

/// What the answer of a call tells, whatever it calls it.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub(super) token: Option<&'a str>,
    /// Milliseconds since the epoch.
    pub(super) expires_at: Option<u64>,
    pub(super) server_key: Option<&'a str>,
    pub(super) reference: Option<&'a str>,
    pub(super) account: Option<&'a str>,
    pub(super) login_id: Option<u64>,
}

pub(super) fn success(form: AnswerForm, route: &Route, told: &Told<'_>) -> Value {
    let answer = match form {
        AnswerForm::Documented => documented::success(route, told),
        AnswerForm::SecondTab => documented::second_tab(route, told),
        AnswerForm::Varied => varied::success(route, told),
    };
    without_nulls(answer)
}

/// Its form is documented nowhere.
pub(super) fn failure(form: AnswerForm, route: &Route, code: &str, text: &str) -> Value {
    let problem = json!({ "resCode": code, "resDesc": text });
    match form {
        AnswerForm::Varied => varied::failure(route, problem),
        _ => problem,
    }
}

/// What stands before the token of a call.
pub(super) fn prefix(form: AnswerForm, route: &Route, token: TokenFormat) -> &'static str {
    let has_prefix = match form {
        AnswerForm::Varied => varied::has_prefix(route),
        _ => route.endpoint == EmulatedEndpoint::OnboardingUserToken,
    };
    if has_prefix && token == TokenFormat::Jwt {
        BEARER
    } else {
        ""
    }
}

/// The form of a call's token where none was asked for. The page of Onboarding shows a JWT. That the others, whose
/// samples are JWEs for the most part, have one here is this crate's reading.
pub(super) fn token_format(form: AnswerForm, route: &Route) -> TokenFormat {
    match (form, route.endpoint) {
        (AnswerForm::Varied, _) | (_, EmulatedEndpoint::OnboardingUserToken) => TokenFormat::Jwt,
        _ => TokenFormat::Jwe,
    }
}

/// Leaves out what there is nothing to tell of.
fn without_nulls(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        if let Some(data) = members.get_mut("data") {
            *data = without_nulls(data.take());
        }
    }
    answer
}
