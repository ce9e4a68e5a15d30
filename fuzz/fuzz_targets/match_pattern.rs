//! Any match pattern: what is accepted is ASCII with a scheme, a host and a path, and stands in the
//! request as it was given.
#![no_main]

use bankezy_crypto::providers::TokenApi as _;
use bankezy_crypto::providers::complycube::{ComplyCube, MatchPattern, Sdk, TokenRequest};
use bankezy_crypto_fuzz::assert_hidden;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let pattern = match MatchPattern::parse(text) {
        Ok(pattern) => pattern,
        Err(error) => return assert_hidden(format_args!("{error:?} {error}")),
    };
    assert_eq!(pattern.as_str(), text);
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    let (scheme, rest) = text.split_once("://").unwrap();
    assert!(["https", "http", "*"].contains(&scheme));
    let (host, _path) = rest.split_once('/').unwrap();
    assert!(!host.is_empty() && !host.contains(['@', '?', '#', '\\', '%']));
    // With its wildcards filled in it is a URL, with this host.
    let filled = format!(
        "https://{}/",
        host.replacen("*.", "any.", 1)
            .replace(":*", ":1")
            .replace('*', "any")
    );
    let uri: http::Uri = filled.parse().unwrap();
    assert_eq!(uri.authority().unwrap().as_str().len(), filled.len() - 9);

    let api = ComplyCube::new("key").unwrap();
    let referrer = pattern;
    let request = TokenRequest::new("client", Sdk::Web { referrer }).unwrap();
    let request = api.request(&request).unwrap();
    let body: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
    assert_eq!(body["referrer"], text);
});
