//! What the API answers when it refuses a request.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::exchange::response;
use crate::faults::OrderError;
use crate::members::MemberError;

/// A refusal: `{"error":{"code":…,"message":…,"known":[…]}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The valid names, if there is a list.
    pub(super) known: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Wire<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a [String]>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            known: None,
        }
    }

    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// Nothing that a request can cause.
    pub(super) fn internal() -> Self {
        let message = "internal error of the emulator";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub(super) fn known(self, known: Vec<String>) -> Self {
        Self {
            known: Some(known),
            ..self
        }
    }

    pub(super) fn response(&self) -> Response {
        let wire = Wire {
            error: Error {
                code: self.code,
                message: &self.message,
                known: self.known.as_deref(),
            },
        };
        // Strings alone, which can be written.
        let body = serde_json::to_vec(&wire).unwrap_or_default();
        response(self.status, "application/json", body.into())
    }
}

impl From<MemberError> for Failure {
    fn from(error: MemberError) -> Self {
        let code = match &error {
            MemberError::NotAnObject => "not-json",
            MemberError::Unknown { .. } => "unknown-member",
            MemberError::Duplicate { .. } => "duplicate-member",
            MemberError::Missing { .. } => "missing-member",
            MemberError::Invalid { .. } => "invalid-value",
        };
        let failure = Self::bad_request(code, error.to_string());
        match error {
            MemberError::Unknown { known, .. } => failure.known(known),
            _ => failure,
        }
    }
}

impl From<OrderError> for Failure {
    fn from(error: OrderError) -> Self {
        let (status, code) = match &error {
            OrderError::Member(error) => return error.clone().into(),
            OrderError::UnknownFault => (StatusCode::BAD_REQUEST, "unknown-fault"),
            OrderError::UnknownPath { .. } => (StatusCode::BAD_REQUEST, "unknown-path"),
            OrderError::UnknownCall { .. } => (StatusCode::BAD_REQUEST, "unknown-call"),
            OrderError::PathAndCall => (StatusCode::BAD_REQUEST, "path-and-call"),
            OrderError::Foreign { .. } => (StatusCode::BAD_REQUEST, "foreign-member"),
            OrderError::SealedOnly { .. } => (StatusCode::BAD_REQUEST, "sealed-only"),
            OrderError::TooMany { .. } => (StatusCode::CONFLICT, "too-many-faults"),
        };
        Self {
            known: error.known(),
            ..Self::new(status, code, error.to_string())
        }
    }
}
