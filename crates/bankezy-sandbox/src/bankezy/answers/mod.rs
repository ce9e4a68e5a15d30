//! The answers' JSON.

mod documented;
mod told;
mod varied;

pub(super) use told::Told;

use serde_json::{Value, json};

use super::super::config::AnswerForm;
use super::super::endpoint::EmulatedEndpoint;
use super::super::tokens::{BEARER, TokenForm, TokenFormat};
use super::routes::Route;

pub(super) fn success(form: AnswerForm, route: &Route, told: &Told<'_>) -> Value {
    let answer = match form {
        AnswerForm::Documented => documented::success(route, told),
        AnswerForm::SecondTab => documented::second_tab(route, told),
        AnswerForm::Varied => varied::success(route, told),
    };
    without_nulls(answer)
}

/// Its form is not documented.
pub(super) fn failure(form: AnswerForm, route: &Route, code: &str, text: &str) -> Value {
    let problem = plain_failure(code, text);
    match form {
        AnswerForm::Varied => varied::failure(route, problem),
        _ => problem,
    }
}

pub(super) fn plain_failure(code: &str, text: &str) -> Value {
    json!({ "resCode": code, "resDesc": text })
}

/// How the tokens of a call are written, in the format that was `asked` for, if any. The page of Onboarding shows a
/// JWT. That the other calls, whose samples are mostly JWEs, have a JWE here is this crate's reading.
pub(super) fn token_form(form: AnswerForm, route: &Route, asked: Option<TokenFormat>) -> TokenForm {
    let onboarding = route.endpoint == EmulatedEndpoint::OnboardingUserToken;
    let (format, has_prefix) = match form {
        AnswerForm::Varied => (TokenFormat::Jwt, varied::has_prefix(route)),
        _ if onboarding => (TokenFormat::Jwt, true),
        _ => (TokenFormat::Jwe, false),
    };
    let format = asked.unwrap_or(format);
    let has_prefix = has_prefix && format == TokenFormat::Jwt;
    let prefix = if has_prefix { BEARER } else { "" };
    TokenForm { format, prefix }
}

/// Removes the members whose value is missing.
fn without_nulls(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        if let Some(data) = members.get_mut("data") {
            *data = without_nulls(data.take());
        }
    }
    answer
}
