//! A token's life on the command line: onboarding, renewal, invalidation.

use bankezy_crypto::{Derivation, KeyPair, PayloadCipher, PayloadSecret, PublicKey};
use serde_json::{Value, json};

use super::server::{BODY, Server, answer, serve_once};
use super::{Folder, Ran};

pub(crate) const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A folder with a payload secret and with a text that may be any key.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("secret", SECRET);
    folder.write("key", "0123456789abcdef");
    folder
}

/// What a call without a session needs, but for the token.
fn server_flags(server: &Server) -> String {
    format!(
        "--base-url {} --api-key-file apiKey --secret-file payloadSecret --timeout 20",
        server.url()
    )
}

/// The calls that `bankezy sandbox --help` shows, from the files that it has one make.
#[test]
fn the_example_of_the_help_works() {
    let server = Server::start("");
    let help = server.folder.run("sandbox --help", "").text();
    let plain = server.plain_json_variables();
    let mut variables = vec![
        ("BANKEZY_BASE_URL", server.url()),
        ("BANKEZY_API_KEY_FILE", "apiKey"),
        ("BANKEZY_SDK_API_KEY_FILE", "sdkApiKey"),
        ("BANKEZY_SECRET_FILE", "payloadSecret"),
        ("BANKEZY_APP_API_KEY_FILE", "appApiKey"),
        ("BANKEZY_APP_SECRET_FILE", "appSecret"),
    ];
    variables.extend(plain.iter().map(|(name, value)| (*name, value.as_str())));
    for (name, value) in &variables {
        // What each run of the emulator generates comes from the ready file.
        let is_fixed = help.contains(&format!("{name}={value}"));
        assert!(is_fixed || help.contains(&format!("{name}=$")), "{name}");
    }
    let mut calls = 0;
    for line in help.lines().map(str::trim) {
        let (input, line) = match line.strip_prefix("echo '") {
            Some(rest) => rest.split_once("' | ").unwrap(),
            None => ("", line),
        };
        let Some(arguments) = line.strip_prefix("bankezy ") else {
            continue;
        };
        let ran = server.folder.run_with(arguments, input, &variables);
        let printed = server.quiet(ran).text();
        match input {
            "" => assert!(serde_json::from_str::<Value>(&printed).is_ok(), "{line}"),
            _ => assert_eq!(printed, input, "{line}"),
        }
        calls += 1;
    }
    assert_eq!(calls, 10, "{help}");
}

/// Runs a call against a server that opens one request, and seals this answer or refuses. Returns the content of the
/// request.
fn served(
    folder: &Folder,
    arguments: &str,
    secret: &str,
    answer: Option<Value>,
    variables: &[(&str, &str)],
) -> (Value, Ran) {
    let secret = PayloadSecret::from_base64url(secret).unwrap();
    let cipher = PayloadCipher::new(&secret).unwrap();
    let (status, text) = match answer {
        Some(json) => ("200 OK", cipher.seal_json(&json).unwrap()),
        None => ("418 No", String::new()),
    };
    let (url, request) = serve_once(status, text);
    let arguments = format!("token bankezy {arguments} --base-url {url}");
    let ran = folder.run_with(&arguments, "", variables);
    let (_, body) = request.join().unwrap();
    (cipher.open_json(&body).unwrap(), ran)
}

/// The content of one request.
pub(crate) fn sent(folder: &Folder, arguments: &str, variables: &[(&str, &str)]) -> Value {
    let (sent, ran) = served(folder, arguments, SECRET, None, variables);
    ran.failed(1, "418");
    sent
}

#[test]
fn onboarding_sends_what_it_asks_for() {
    let folder = folder();
    let common = "--api-key-file key --secret-file secret --sdk-api-key-file key \
                  --account-number 7 --reference-id new --email a@example.com";
    let onboarding = format!(
        "onboarding {common} --gender F --zip-code 560001 --preferred-language en --kyc-level FULL"
    );
    let body = sent(&folder, &onboarding, &[]);
    for (member, value) in [
        ("referenceId", "new"),
        ("email", "a@example.com"),
        ("gender", "F"),
        ("zipCode", "560001"),
        ("preferredLanguage", "en"),
        ("kycLevel", "FULL"),
    ] {
        assert_eq!(body[member], value, "{member}");
    }
    // Settings of onboarding do not reach Get Token.
    folder.write("c.toml", "gender = \"F\"\nkyc_level = \"FULL\"\n");
    let body = sent(
        &folder,
        &format!("onboarding {common} --config c.toml"),
        &[],
    );
    assert_eq!([&body["gender"], &body["kycLevel"]], ["F", "FULL"]);
    let body = sent(&folder, &format!("{common} --config c.toml"), &[]);
    assert!(body.get("gender").is_none() && body.get("kycLevel").is_none());

    folder
        .run(&format!("token bankezy {common} --gender F"), "")
        .failed(2, "as in `bankezy token bankezy onboarding --gender TEXT`");
    folder
        .run(&format!("token bankezy {common} onboarding"), "")
        .failed(2, "put flags after their subcommand");
}

#[test]
fn onboarding_gives_a_token_for_calls() {
    let server = Server::start("");
    let shown = answer(server.of_token(&format!(
        "onboarding {} --sdk-api-key-file sdkApiKey --account-number 7 --save-session s",
        server_flags(&server)
    )));
    assert_eq!(shown["code"], "200");
    assert_eq!(server.call("--session s", BODY).text(), BODY);
}

#[test]
fn renewal_keeps_the_keys_and_ends_the_old_token() {
    let server = Server::start("");
    server
        .folder
        .run("keygen rsa --bits 2048 --out rsa.pem", "")
        .printed();
    server.token("--save-session static").printed();
    server
        .token("--derive concat-kdf --save-session agreed")
        .printed();
    server
        .token("--private-key rsa.pem --save-session rsa")
        .printed();
    for name in ["static", "agreed", "rsa"] {
        std::fs::copy(server.folder.0.join(name), server.folder.0.join("old")).unwrap();
        let renewal = format!("renew --session {name} --save-session {name} --force");
        let shown = answer(server.of_token(&renewal));
        assert!(shown["loginId"].is_string() && shown["expiresAt"].is_string());
        assert!(shown["token"].as_str().unwrap().len() < 60, "masked");
        assert_eq!(server.call(&format!("--session {name}"), BODY).text(), BODY);
        server.call("--session old", BODY).failed(3, "401");

        // What Get Token said is still known: a second renewal, then the end.
        server.of_token(&renewal).printed();
        let ended = answer(server.of_token(&format!("invalidate --session {name}")));
        assert_eq!(ended["code"], "TOK200");
        let kept: Value = serde_json::from_str(&server.folder.read(name)).unwrap();
        assert_eq!(ended["tokenReferenceId"], kept["token_reference_id"]);
        server
            .call(&format!("--session {name}"), BODY)
            .failed(3, "401");
    }
}

/// The documentation shows answers to Renew with hardly more than the token.
#[test]
fn what_an_answer_to_renew_leaves_out_stays_in_the_session() {
    let server = Server::start("");
    server
        .token("--save-session s --reference-id ref-8")
        .printed();
    let secret = server.credential("payloadSecret");
    let renewal = "renew --session s --save-session renewed";
    let terse = json!({"resCode": 200, "token": "another"});
    let (body, ran) = served(&server.folder, renewal, secret, Some(terse), &[]);
    let kept = |name: &str| -> Value { serde_json::from_str(&server.folder.read(name)).unwrap() };
    let (before, after) = (kept("s"), kept("renewed"));
    assert_eq!(body["token"], before["token"]);
    assert_eq!(answer(ran)["tokenReferenceId"], "ref-8");
    assert_eq!(after["token"], "another");
    for name in [
        "token_reference_id",
        "account_number",
        "secret_file",
        "api_key_file",
    ] {
        assert!(before[name].is_string(), "{name}");
        assert_eq!(before[name], after[name], "{name}");
    }
}

#[test]
fn a_session_keeps_what_was_used_and_not_what_it_took_the_place_of() {
    let server = Server::start("--tls");
    let variables = [
        ("BANKEZY_EXTRA_CA_FILE", "none"),
        ("BANKEZY_TOKEN_REFERENCE_ID", "other"),
    ];
    let arguments = format!(
        "token bankezy {} --sdk-api-key-file sdkApiKey --account-number 1 --ca-file ca.pem \
         --save-session s",
        server_flags(&server)
    );
    server.folder.run_with(&arguments, "", &variables).printed();
    let kept: Value = serde_json::from_str(&server.folder.read("s")).unwrap();
    assert!(kept.get("extra_ca_file").is_none(), "{kept}");
    assert_ne!(kept["token_reference_id"], "other");
    let call = "call /sandbox/echo --session s";
    let ran = server.folder.run_with(call, BODY, &variables);
    assert_eq!(ran.text(), BODY);
}

#[test]
fn tokens_of_files_and_variables_are_renewed_and_invalidated() {
    let server = Server::start("");
    let common = server_flags(&server);
    let first = answer(server.token("--reveal --reference-id ref-7"));
    server
        .folder
        .write("token", first["token"].as_str().unwrap());
    let account = "--account-number 9007199254740993001";
    let renewal = format!("renew {common} --token-file token {account}");
    server
        .of_token(&renewal)
        .failed(2, "--save-session, or print it with --reveal");
    server
        .of_token(&format!("renew {common} --token-file token --reveal"))
        .failed(1, "TOK003");
    let second = answer(server.of_token(&format!("{renewal} --reveal")));
    let token = second["token"].as_str().unwrap();
    assert_ne!(token, first["token"]);
    server
        .of_token(&format!("{renewal} --reveal"))
        .failed(1, "401");

    let arguments =
        format!("token bankezy renew {common} --token-env T {account} --save-session s");
    let ran = server.folder.run_with(&arguments, "", &[("T", token)]);
    assert!(!server.quiet(ran).text().contains(token));
    assert_eq!(server.call("--session s", BODY).text(), BODY);
    // A session's token is for its server alone, so it is not sent along with other settings.
    server
        .of_token("renew --session s --token-file token --reveal")
        .failed(2, "--token-file");

    let reference = "--token-reference-id ref-7";
    server
        .of_token(&format!("invalidate {common}"))
        .failed(2, "missing required argument: `--token-reference-id TEXT`");
    let wrong = "0123456789abcdef";
    let ran = server.of_token(&format!("invalidate {common} --token-reference-id {wrong}"));
    assert!(!ran.err.contains(wrong), "{}", ran.err);
    ran.failed(1, "TOK003");
    server
        .of_token(&format!("invalidate {common} {reference}"))
        .printed();
    server.call("--session s", BODY).failed(3, "401");
}

#[test]
fn what_is_missing_is_named() {
    let folder = folder();
    let server = ["--base-url http://127.0.0.1:9", "--api-key-file key"];
    let user = [
        "--secret-file secret",
        "--sdk-api-key-file key",
        "--account-number 1",
    ];
    let app = [
        "--app-api-key-file key",
        "--app-secret-file key",
        "--derive raw",
    ];
    let held = ["--secret-file secret", "--token-file key"];
    let reference = ["--secret-file secret", "--token-reference-id x"];
    let commands: [(&str, &[&str]); 5] = [
        ("", &user),
        ("onboarding", &user),
        ("--app", &app),
        ("renew --reveal", &held),
        ("invalidate", &reference),
    ];
    for (command, needs) in commands {
        let needs = [&server, needs].concat();
        for missing in &needs {
            let given: Vec<_> = needs
                .iter()
                .filter(|flag| *flag != missing)
                .copied()
                .collect();
            let flag = missing.split(' ').next().unwrap();
            let ran = folder.run(&format!("token bankezy {command} {}", given.join(" ")), "");
            assert!(ran.err.contains("missing"), "{command}: {}", ran.err);
            ran.failed(2, flag);
        }
    }
}

/// The emulator does not derive this: the other side of the exchange is here.
#[test]
fn a_session_agrees_by_x963_with_shared_information() {
    let folder = folder();
    let server = KeyPair::generate().unwrap();
    folder.write("p256.pem", include_str!("../../../../tests/data/p256.pem"));
    let ours = include_str!("../../../../tests/data/p256.pub.pem");
    let ours = PublicKey::from_pem(ours).unwrap();
    let call = "--api-key-file key --secret-file secret --sdk-api-key-file key --account-number 7 \
                --private-key p256.pem --derive x963-sha256";
    let shared = json!({
        "resCode": 200, "token": "t", "serverPubKey": server.public_key().to_wire(),
    });
    for (more, info) in [("--info client", "client"), ("", "")] {
        let call = format!("{call} {more} --save-session s --force");
        let (_, ran) = served(&folder, &call, SECRET, Some(shared.clone()), &[]);
        ran.printed();
        let kept: Value = serde_json::from_str(&folder.read("s")).unwrap();
        let derivation = Derivation::X963Sha256 {
            shared_info: info.as_bytes(),
        };
        let agreed = server.agree(&ours, &derivation).unwrap();
        assert_eq!(kept["payload_secret"], agreed.to_base64url().as_str());
    }
    folder
        .run("token bankezy --base-url http://127.0.0.1:9 --api-key-file key --derive x963-sha256 --salt s", "")
        .failed(2, "--salt and --info are for hkdf-sha256 (--info also for x963-sha256)");
}
