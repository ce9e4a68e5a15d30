//! One error of each code.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use bankezy_client::{
    ClientError, ClientErrorKind, ConnectProblem, Delivery, ProviderError, ServiceError, Setting,
    StoreError, TlsProblem, TokenProblem,
};
use bankezy_crypto::providers::bankezy::{Outcome, ResultCode};
use bankezy_crypto::providers::{CallError, Refusal, RequestError, UnexpectedReply, faceki};
use bankezy_crypto::{Error, KeyPair, PayloadCipher, PayloadSecret, PublicKeySealer, backend};
use bankezy_diagnose::{DiagnoseError, Message, inspect};
use bankezy_fleet::{FleetError, IdentityProblem, KeyFileProblem};
use bankezy_sandbox::SandboxError;
use bankezy_tower::{MiddlewareError, Refusal as ServerRefusal};
use http::{Response, StatusCode};

/// A code and what the error says.
type Told = (&'static str, String);

/// Every error, by the type that it is of.
pub(crate) fn all() -> Vec<(&'static str, Vec<Told>)> {
    vec![
        (
            "Keys and messages: `bankezy_crypto::Error`",
            told(Error::examples(), Error::code),
        ),
        (
            "Requests that cannot be built: `bankezy_crypto::providers::RequestError`",
            told(RequestError::examples(), RequestError::code),
        ),
        (
            "Answers: `bankezy_crypto::providers::CallError`",
            told(answers(), CallError::code),
        ),
        (
            "HTTP: `bankezy_client::ClientError`",
            told(exchanges(), ClientError::code),
        ),
        (
            "Calls, sessions and tokens: `bankezy_client::ProviderError`",
            told(calls(), ProviderError::code),
        ),
        (
            "Token stores: `bankezy_client::StoreError`",
            told(
                vec![
                    StoreError::unavailable("made up"),
                    StoreError::TimedOut,
                    StoreError::Resting,
                ],
                StoreError::code,
            ),
        ),
        (
            "Fleets: `bankezy_fleet::FleetError`",
            told(of_a_fleet(), FleetError::code),
        ),
        (
            "Middleware, as a client: `bankezy_tower::MiddlewareError`",
            told(as_a_client(), MiddlewareError::code),
        ),
        (
            "Middleware, as a server: `bankezy_tower::Refusal`",
            told(as_a_server(), ServerRefusal::code),
        ),
        (
            "Inspecting: `bankezy_diagnose::InspectError`",
            told(
                [
                    &b""[..],
                    b"\xff",
                    b"a.b",
                    b"a.b.c",
                    AAD.as_bytes(),
                    b"nonsense!",
                    TWO,
                ]
                .map(|input| inspect(input, 1000).unwrap_err())
                .to_vec(),
                bankezy_diagnose::InspectError::code,
            ),
        ),
        (
            "Diagnosing: `bankezy_diagnose::DiagnoseError`",
            told(diagnoses(), DiagnoseError::code)
                .into_iter()
                // What was tried fills a screen, and how much there is to try depends on the keys.
                .map(|(code, text)| match (code, text.split_once(" (")) {
                    ("diagnose.no_reading", Some((what, _))) => (code, what.to_owned()),
                    ("diagnose.no_derivation", Some((what, _))) => {
                        let mut words: Vec<_> = what.split(' ').collect();
                        words[2] = "N";
                        (code, words.join(" "))
                    }
                    _ => (code, text),
                })
                .collect(),
        ),
        (
            "The emulator: `bankezy_sandbox::SandboxError`",
            told(
                vec![
                    SandboxError::Config { problem: "NAME" },
                    SandboxError::Routes {
                        line: 1001,
                        problem: "NAME".to_owned(),
                    },
                    SandboxError::Io {
                        operation: "NAME",
                        kind: io::ErrorKind::AddrInUse,
                    },
                    SandboxError::Tls { operation: "NAME" },
                    SandboxError::Crypto(Error::Randomness),
                ],
                SandboxError::code,
            ),
        ),
    ]
}

fn told<E: Display>(errors: Vec<E>, code: impl Fn(&E) -> &'static str) -> Vec<Told> {
    let text = |error: &E| {
        let text = error.to_string();
        let words = text.split_inclusive(|c: char| !c.is_ascii_digit());
        let words = words.map(
            |word| match word.trim_end_matches(|c: char| !c.is_ascii_digit()) {
                "1001" => word.replace("1001", "N"),
                "1000" => word.replace("1000", "MAX"),
                _ => word.to_owned(),
            },
        );
        words.collect()
    };
    errors
        .iter()
        .map(|error| (code(error), text(error)))
        .collect()
}

fn exchanges() -> Vec<ClientError> {
    let kinds = [
        ClientErrorKind::Timeout,
        ClientErrorKind::Interrupted,
        ClientErrorKind::NotHttp1,
        ClientErrorKind::Service(ServiceError::new("made up")),
        ClientErrorKind::ResponseTooLong { max: 1000 },
        ClientErrorKind::UnreadableHead,
        ClientErrorKind::Reflected,
        ClientErrorKind::ThreadEnded,
    ];
    let connects = ConnectProblem::all()
        .into_iter()
        .map(ClientErrorKind::Connect);
    let tls = TlsProblem::all().into_iter().map(ClientErrorKind::Tls);
    let settings = Setting::all()
        .into_iter()
        .map(ClientErrorKind::Configuration);
    let kinds = connects.chain(tls).chain(settings).chain(kinds);
    kinds
        .map(|kind| {
            // Those that an answer leads to, an alert that TLS 1.3 sends after the request was written, and the usual
            // case of those that can be both.
            let delivery = match kind {
                ClientErrorKind::Tls(
                    TlsProblem::ClientCertificateRequired | TlsProblem::ClientCertificateRefused,
                )
                | ClientErrorKind::Timeout
                | ClientErrorKind::Interrupted
                | ClientErrorKind::NotHttp1
                | ClientErrorKind::ResponseTooLong { .. }
                | ClientErrorKind::UnreadableHead
                | ClientErrorKind::Reflected => Delivery::PossiblySent,
                _ => Delivery::NotSent,
            };
            ClientError::new(kind, delivery)
        })
        .collect()
}

fn calls() -> Vec<ProviderError> {
    let retry_in = Duration::from_secs(1);
    let problems = TokenProblem::all().into_iter();
    let mut calls: Vec<_> = problems.map(ProviderError::Token).collect();
    let cause = ProviderError::Token(TokenProblem::TimedOut);
    calls.extend([
        ProviderError::no_token(cause, Some(retry_in)),
        ProviderError::RefusedLately { retry_in },
        ProviderError::ShutDown,
    ]);
    calls
}

fn answers() -> Vec<CallError> {
    let refused = Response::builder().status(401).body("").unwrap();
    let refusal = faceki::Refusal::Credential { name: "clientId" };
    let (member, ok) = ("NAME", StatusCode::OK);
    let mut outcome = Outcome::default();
    outcome.code = Some(ResultCode::new("TOK401"));
    let mut answers = vec![
        CallError::refused(&refused, None),
        CallError::refused(&refused, Some(Refusal::Faceki(refusal))),
        CallError::failed(ok, outcome),
    ];

    answers.extend(
        [
            UnexpectedReply::NotSealed,
            UnexpectedReply::FailureInClear,
            UnexpectedReply::Redirect,
            UnexpectedReply::Status,
            UnexpectedReply::Empty,
            UnexpectedReply::WebPage,
            UnexpectedReply::ContentEncoding,
            UnexpectedReply::NotJson,
            UnexpectedReply::Missing { member },
            UnexpectedReply::Invalid { member },
        ]
        .map(|problem| {
            let status = match problem {
                UnexpectedReply::Redirect => StatusCode::FOUND,
                UnexpectedReply::Status => StatusCode::NOT_MODIFIED,
                _ => ok,
            };
            CallError::unexpected(status, problem)
        }),
    );
    answers
}

fn of_a_fleet() -> Vec<FleetError> {
    vec![
        FleetError::Name,
        FleetError::Url,
        FleetError::NoTls,
        FleetError::Certificates,
        FleetError::Identity(IdentityProblem::Certificate),
        FleetError::Identity(IdentityProblem::Order),
        FleetError::Identity(IdentityProblem::Key),
        FleetError::Identity(IdentityProblem::KeyKind),
        FleetError::Identity(IdentityProblem::EncryptedKey),
        FleetError::Identity(IdentityProblem::OtherKey),
        FleetError::Unreachable,
        FleetError::TimedOut,
        FleetError::Resting,
        FleetError::Refused { code: "NOAUTH" },
        FleetError::Answer,
        FleetError::KeyFile {
            name: "2026-11".to_owned(),
            problem: KeyFileProblem::Secret(Error::SecretZero),
        },
        FleetError::KeyFolder(io::ErrorKind::NotFound),
        FleetError::NoKeys,
        FleetError::NoFirstKey,
        FleetError::NoNewestKey {
            key_id: "2026-11".to_owned(),
        },
        FleetError::NotReported { missing: 2 },
        FleetError::Superseded,
        FleetError::MembersForgotten,
    ]
}

fn as_a_client() -> Vec<MiddlewareError<()>> {
    let status = StatusCode::OK;
    vec![
        MiddlewareError::Service(()),
        MiddlewareError::RequestBody,
        MiddlewareError::RequestTooLong { max: 1000 },
        MiddlewareError::RequestEncoding,
        MiddlewareError::ResponseBody { status },
        MiddlewareError::ResponseTooLong { status, max: 1000 },
        MiddlewareError::NotSealed { status },
        MiddlewareError::Reflected { status },
    ]
}

fn as_a_server() -> Vec<ServerRefusal> {
    vec![
        ServerRefusal::ContentType,
        ServerRefusal::ContentEncoding,
        ServerRefusal::Empty,
        ServerRefusal::UnauthenticatedRate,
        ServerRefusal::RequestTooLong { max: 1000 },
        ServerRefusal::RequestOverLimit,
        ServerRefusal::Overloaded,
        ServerRefusal::RequestTimedOut,
        ServerRefusal::RequestBody,
        ServerRefusal::UnknownKey,
        ServerRefusal::LookupFailed,
        ServerRefusal::LookupTimedOut,
        ServerRefusal::Replayed,
        ServerRefusal::Stale,
        ServerRefusal::ReplayMarksFull,
        ServerRefusal::ReplayStoreFailed,
        ServerRefusal::AnswerTooLong { max: 1000 },
        ServerRefusal::AnswerBody,
        ServerRefusal::AnswerEncoding,
        ServerRefusal::AnswerPartial,
    ]
}

fn message(sealed: &str) -> Result<Message<'_>, DiagnoseError> {
    Message::new(sealed.as_bytes(), 100_000, &backend::AWS_LC_RS)
}

/// A JWE that has no compact form.
/// Two messages.
const TWO: &[u8] = b"eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA \
    eyJhbGciOiJkaXIifQ..BBBB.BBBB.BBBBBBBBBBBBBBBBBBBBBB";
const AAD: &str = r#"{"protected":"eyJhIjoxfQ","iv":"AA","ciphertext":"AA","tag":"AA","aad":"AA"}"#;

fn diagnoses() -> Vec<DiagnoseError> {
    let secret = || PayloadSecret::generate().unwrap();
    let sealed = PayloadCipher::new(&secret()).unwrap().seal(b"{}").unwrap();
    let pair = || KeyPair::generate().unwrap();
    let sealer = PublicKeySealer::new(pair().public_key()).unwrap();
    let to_a_key = sealer.seal(b"{}").unwrap();
    // {"alg":"RSA-OAEP","enc":"A256GCM"}
    let other = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
    let opened = |sealed: &str, secret: &[u8]| {
        message(sealed)
            .unwrap()
            .try_readings(&secret.to_vec().into())
    };
    let derived = message(&sealed).unwrap();
    let two = format!("{sealed} {to_a_key}");
    // {"a":1} twice, and a signature.
    let jwt = "eyJhIjoxfQ.eyJhIjoxfQ.AAAA";
    vec![
        message(&two).unwrap_err(),
        message(&sealed[..sealed.len() - 9]).unwrap_err(),
        Message::new(b"\x1f\x8b\x08\0", 1000, &backend::AWS_LC_RS).unwrap_err(),
        message(jwt).unwrap_err(),
        message(AAD).unwrap_err(),
        message(other).unwrap_err(),
        opened(&to_a_key, secret().to_base64url().as_str().as_bytes()).unwrap_err(),
        message(&sealed)
            .unwrap()
            .try_private_key(pair())
            .unwrap_err(),
        opened(&sealed, &[b'x'; 70_000]).unwrap_err(),
        message(&to_a_key)
            .unwrap()
            .try_private_key(pair())
            .unwrap_err(),
        opened(&sealed, secret().to_base64url().as_str().as_bytes()).unwrap_err(),
        derived
            .try_derivations(&pair(), pair().public_key(), &[])
            .unwrap_err(),
    ]
}
