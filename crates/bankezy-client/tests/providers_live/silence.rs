//! That nothing secret is shown: neither by values and errors, nor in traces.

use std::sync::LazyLock;

use bankezy_sandbox::Sandbox;
use bankezy_test_support::Captured;

use crate::shown::Shown;

/// In everything of a request that is the caller's.
pub(crate) const CANARY: &str = "CANARY";

/// The traces of the whole process, from the first test that asks for them on.
pub(crate) static TRACES: LazyLock<Captured> =
    LazyLock::new(|| Captured::of_the_process("bankezy_client"));

/// What has been shown holds neither a canary nor one of these, nor a credential.
pub(crate) fn shows_nothing(shown: &Shown, sandbox: &Sandbox, tokens: &[&str]) {
    let known = sandbox.credentials();
    let payload_secret = known.payload_secret().to_base64url();
    let secrets = [
        CANARY,
        known.api_key(),
        payload_secret.as_str(),
        known.sdk_api_key(),
        known.app_api_key(),
        known.app_secret(),
        known.faceki_client_id(),
        known.faceki_client_secret(),
        known.complycube_api_key(),
        known.sardine_client_id(),
        known.sardine_client_secret(),
    ];
    assert!(!shown.0.is_empty());
    for (from, text) in &shown.0 {
        for secret in secrets.iter().chain(tokens) {
            assert!(!text.contains(secret), "{from}: {text}");
        }
    }
}

/// No trace holds a canary, a path or a query, nor a text as long as the shortest credential or token
/// of an emulator, however it is written.
pub(crate) fn traces_nothing() {
    const SHORTEST: usize = 32;
    let traces = TRACES.text();
    assert!(traces.contains("http_call") && traces.contains("attempt ended"));
    for secret in [CANARY, "clientId", "/token", "access-token", "Basic "] {
        assert!(!traces.contains(secret), "{secret} in a trace");
    }
    let is_encoded = |c: char| c.is_ascii_alphanumeric() || "+/=-_%".contains(c);
    let long = traces
        .split(|c| !is_encoded(c))
        .find(|run| run.len() >= SHORTEST);
    assert_eq!(long, None);
}
