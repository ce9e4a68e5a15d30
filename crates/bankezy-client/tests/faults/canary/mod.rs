//! A canary in every input, and none in any error, `Debug` or trace.

mod inputs;
mod server;
mod shown;

use std::sync::Arc;

use bankezy_client::{BankEzyClient, Client, ProviderError};
use bankezy_crypto::providers::bankezy::{
    AppCredentials, BankEzy, Call, DateOfBirth, Endpoint, TokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, Token};
use bankezy_crypto::{Channel, Derivation, PayloadSecret, SecretBytes, backend};
use bankezy_sandbox::{InjectedFault, Sandbox};
use bankezy_test_support::Captured;
use http::{Method, Request};
use serde::Deserialize;
use serde_json::json;
use shown::Shown;

use crate::partner::{Doing, P256, RSA, account, builder, connect, make, session};

/// 32 characters, so that it is a payload secret as it stands.
const SECRET: &str = "CANARY-secret-of-thirty-two-char";

/// What the echo's answer is not.
#[derive(Debug, Deserialize)]
enum Kind {
    Known,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Narrow {
    _known: u64,
}

/// All calls to a server of which every answer has a canary.
struct Victim<'a> {
    client: &'a Client,
    base: BaseUrl,
    channel: &'a Channel,
    shown: &'a mut Shown,
}

impl Victim<'_> {
    fn bankezy(&mut self, version: Version, mode: &str) -> BankEzyClient {
        let path = format!("/CANARY-path/{mode}?CANARY-query=CANARY");
        let server = BankEzy::new(self.base.clone(), "CANARY-api-key", version).unwrap();
        let server = [
            Call::GetToken,
            Call::OnboardingToken,
            Call::AppToken,
            Call::Renew,
            Call::Invalidate,
        ]
        .into_iter()
        .fold(server, |server, call| {
            server.with_endpoint(call, Endpoint::new(Method::POST, path.clone()))
        });
        self.shown.value("provider", &server);
        BankEzyClient::new(self.client.clone(), server)
    }

    async fn call(&mut self, version: Version, mode: &str) {
        let bankezy = self.bankezy(version, mode);
        let channel = self.channel;
        let request = TokenRequest::new("CANARY-ref", "CANARY-key", "CANARY-sdk", account())
            .unwrap()
            .with_first_name("CANARY-first")
            .with_last_name("CANARY-last")
            .with_email("CANARY@example.com")
            .with_dob(DateOfBirth::new(1990, 1, 31).unwrap())
            .with_data("CANARY-name", "CANARY-value")
            .with_gender("CANARY")
            .with_zip_code("CANARY")
            .with_preferred_language("CANARY")
            .with_kyc_level("CANARY")
            .with_extra("CANARY-extra", &json!({"CANARY": "CANARY"}))
            .unwrap();
        let app = AppCredentials {
            api_key: "CANARY-app-key",
            secret: "CANARY-app-secret",
        };
        let token = Token::new("Bearer CANARY-token".to_owned().into(), None);
        self.shown
            .value("inputs", &(&bankezy, &request, &app, &token, channel));

        let answer = bankezy.get_token(&request, channel).await;
        self.show(mode, answer);
        let answer = bankezy.onboarding_token(&request, channel).await;
        self.show(mode, answer);
        for ours in [&P256, &RSA] {
            let ours = Arc::clone(ours);
            let raw = Derivation::RawSharedSecret;
            let answer = bankezy.app_token(&app, ours, &raw).await;
            self.show(mode, answer);
        }
        let answer = bankezy.renew(&token, account(), channel).await;
        self.show(mode, answer);
        let answer = bankezy.invalidate("CANARY-reference", None, channel).await;
        self.show(mode, answer);

        let path = format!("/CANARY-path/{mode}?CANARY-query=CANARY");
        let body = json!({"CANARY-member": "CANARY-body"});
        let wrong = bankezy.call::<_, Kind>(&path, &body, &token, channel).await;
        self.show(mode, wrong);
        let wrong = bankezy
            .call::<_, Narrow>(&path, &body, &token, channel)
            .await;
        self.show(mode, wrong);
        let wrong = bankezy.call::<_, u64>(&path, &body, &token, channel).await;
        self.show(mode, wrong);
        let unwritable = &inputs::Unwritable;
        let wrong = bankezy
            .call::<_, u64>(&path, unwritable, &token, channel)
            .await;
        self.show(mode, wrong);
    }

    fn show<T: core::fmt::Debug>(&mut self, mode: &str, answer: Result<T, ProviderError>) {
        if let Err(ProviderError::Answer(error, _)) = &answer {
            self.shown.error(mode, error);
        }
        self.shown.result(mode, answer);
    }
}

/// The emulator's own secrets and tokens, through calls that work and calls that do not.
async fn visit_emulator(shown: &mut Shown, client: &Client) -> Vec<String> {
    let sandbox = Sandbox::start().await.unwrap();
    let bankezy = connect(client, &sandbox, Version::V2, false);
    let session = session(&bankezy, &sandbox).await;
    for doing in [
        Doing::Echo,
        Doing::AppToken,
        Doing::Renew,
        Doing::Invalidate,
    ] {
        for fault in [
            InjectedFault::CutBody,
            InjectedFault::WrongKey,
            InjectedFault::Clear200,
            InjectedFault::DropAfter,
        ] {
            sandbox.faults().inject(fault, 1);
            let result = make(doing, &bankezy, &sandbox, &session).await;
            shown.result("emulator", result);
        }
        shown.result("emulator", make(doing, &bankezy, &sandbox, &session).await);
    }
    let credentials = sandbox.credentials();
    shown.value("emulator", &(&sandbox, sandbox.faults(), credentials));
    shown.value("emulator", &(&bankezy, &session.token, &session.channel));
    shown.value("emulator", &sandbox.ready_json());
    vec![
        credentials.api_key().to_owned(),
        credentials.sdk_api_key().to_owned(),
        credentials.app_api_key().to_owned(),
        credentials.app_secret().to_owned(),
        credentials
            .payload_secret()
            .to_base64url()
            .as_str()
            .to_owned(),
        session
            .token
            .as_str()
            .trim_start_matches("Bearer ")
            .to_owned(),
    ]
}

fn visit_blocking(shown: &mut Shown, url: &str) {
    let client = builder().build_blocking().unwrap();
    shown.value("blocking", &client);
    for mode in ["500", "redirect", "clear"] {
        let make = || {
            let mut request = Request::new(SecretBytes::from(b"CANARY-body".to_vec()));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = format!("{url}/{mode}?CANARY").parse().unwrap();
            let headers = request.headers_mut();
            headers.insert("content-type", "text/plain".parse().unwrap());
            headers.insert("x-mine", "CANARY-header".parse().unwrap());
            Ok::<_, ProviderError>(request)
        };
        let answer = client.run(async |client| client.execute(make).await);
        shown.result("blocking", answer.map(drop));
    }
}

#[test]
fn no_canary_gets_out() {
    let capture = Captured::of_the_process("bankezy_client");
    let mut shown = Shown::default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (url, mut canaries) = runtime.block_on(visit(&mut shown));
    visit_blocking(&mut shown, &url);

    let traces = capture.text();
    assert!(traces.contains("attempt ended"), "nothing was traced");
    assert!(shown.0.len() > 500, "only {} were shown", shown.0.len());
    shown.0.push(("traces".to_owned(), traces));
    // In any case, and whatever the encoding on the way.
    canaries.extend(["canary", "q0foqvjz", "43414e415259", "67, 65, 78, 65"].map(str::to_owned));
    let canaries: Vec<String> = canaries.iter().map(|text| text.to_lowercase()).collect();
    let mut leaks: Vec<String> = Vec::new();
    for (from, text) in &shown.0 {
        for line in text.lines() {
            let lower = line.to_lowercase();
            if canaries.iter().any(|canary| lower.contains(canary)) {
                leaks.push(format!("{from}: {line}"));
            }
        }
    }
    assert!(leaks.is_empty(), "{}\n{}", leaks.len(), leaks.join("\n"));
}

async fn visit(shown: &mut Shown) -> (String, Vec<String>) {
    let secret = PayloadSecret::from_raw_str(SECRET).unwrap();
    let address = server::start(&secret).await;
    let url = format!("http://{address}/CANARY-prefix");
    let channel = Channel::from_secret(&secret, &backend::AWS_LC_RS).unwrap();
    let client = builder()
        .max_response_len(server::MAX_ANSWER)
        .build()
        .unwrap();
    shown.value("client", &client);
    let base = BaseUrl::parse(&url).unwrap();
    shown.value("base", &base);
    let mut victim = Victim {
        client: &client,
        base,
        channel: &channel,
        shown,
    };
    for version in [Version::V1, Version::V2] {
        for mode in server::SEALED.iter().chain(&server::OUTSIDE) {
            victim.call(version, mode).await;
        }
    }
    inputs::show(shown, &channel, &client).await;
    let canaries = visit_emulator(shown, &client).await;
    (url, canaries)
}
