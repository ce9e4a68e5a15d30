//! `token faceki`, `token complycube` and `token sardine`.

mod refusals;

use serde_json::{Value, json};

use super::server::{Server, answer, serve_once};
use super::transport::{PATIENCE, proxy};
use super::{Folder, Ran};

const COMPLYCUBE_WEB: &str = "complycube --client-id 5eb04fcd --referrer https://www.example.com/*";
const COMPLYCUBE_MOBILE: &str = "complycube --client-id 5eb04fcd --app-id com.example.app";
const SARDINE: &str = "sardine --session-key-file session-key";
const SARDINE_INCODE: &str = "sardine --session-key-file session-key --customer-id customer-1 \
                              --platform android --provider incode";

/// With what the calls need of files beside credentials.
fn server(options: &str) -> Server {
    let server = Server::start(options);
    server.folder.write("session-key", "CANARY-session\n");
    server
}

/// A call with all that it needs, by flags.
fn token(server: &Server, call: &str) -> Ran {
    let (provider, more) = call.split_once(' ').unwrap_or((call, ""));
    let mut arguments = format!(
        "token {call} --base-url {}/{provider} --timeout 20",
        server.url()
    );
    let secret = match provider {
        "complycube" => "apiKey",
        _ => {
            let id = server.of_provider(provider, "clientId");
            arguments.push_str(&format!(" --client-id {id}"));
            "clientSecret"
        }
    };
    let flag = match secret {
        "apiKey" => "--api-key-file",
        _ => "--client-secret-file",
    };
    if !more.contains(flag) {
        arguments.push_str(&format!(" {flag} {provider}-{secret}"));
    }
    let ran = server.checked(&arguments);
    let out = String::from_utf8_lossy(&ran.out);
    assert!(!out.contains("CANARY") && !ran.err.contains("CANARY"));
    ran
}

#[test]
fn each_provider_gives_a_token() {
    let server = server("");
    for (call, token_type, lifetime) in [
        ("faceki", json!("Bearer"), Some(3600)),
        (
            "faceki --credentials-in-headers",
            json!("Bearer"),
            Some(3600),
        ),
        (COMPLYCUBE_WEB, json!(null), None),
        (COMPLYCUBE_MOBILE, json!(null), None),
        (SARDINE, json!("Bearer"), Some(600)),
        (SARDINE_INCODE, json!("Bearer"), Some(600)),
    ] {
        let before = jiff::Timestamp::now().as_second();
        let shown = answer(token(&server, call));
        let after = jiff::Timestamp::now().as_second();
        let masked = shown["token"].as_str().unwrap();
        assert!(masked.ends_with("…(64 characters)"), "{call}: {masked}");
        assert_eq!(shown["tokenType"], token_type, "{call}");
        match lifetime {
            None => assert!(shown["expiresAt"].is_null(), "{call}: none is stated"),
            Some(lifetime) => {
                let expiry: jiff::Timestamp = shown["expiresAt"].as_str().unwrap().parse().unwrap();
                let expected = before + lifetime..=after + lifetime + 1;
                assert!(expected.contains(&expiry.as_second()), "{call}: {expiry}");
            }
        }
        let revealed = answer(token(&server, &format!("{call} --reveal")));
        let revealed = revealed["token"].as_str().unwrap();
        assert_eq!(revealed.len(), 64, "{call}");
        assert!(revealed.bytes().all(|c| c.is_ascii_hexdigit()), "{call}");
    }
    let incode = answer(token(&server, SARDINE_INCODE));
    assert_eq!(incode["scope"], "mobilesdk");
    assert_eq!(incode["incodeSdkBaseUrl"], "https://incode.invalid");
    assert!(incode["verificationId"].is_string());
    let without = answer(token(&server, SARDINE));
    assert!(without["incodeSdkBaseUrl"].is_null() && without["verificationId"].is_null());
}

#[test]
fn what_is_sent_is_what_was_given() {
    let folder = Folder::new();
    folder.write("secret", "a+b/c=\n");
    folder.write("session", "session-1\n");
    let faceki = "faceki --client-id id --client-secret-file secret";
    let complycube = "complycube --api-key-file secret --client-id c";
    let sardine = "sardine --client-id id --client-secret-file secret --session-key-file session";
    let sent = |arguments: &str| {
        let (url, request) = serve_once("418 No", String::new());
        folder
            .run(&format!("token {arguments} --base-url {url}"), "")
            .failed(1, "418");
        let (head, body) = request.join().unwrap();
        (head, serde_json::from_slice(&body).unwrap_or(Value::Null))
    };
    let (head, _) = sent(faceki);
    let by_query = "GET /auth/api/access-token?clientId=id&clientSecret=a%2Bb%2Fc%3D HTTP";
    assert!(head.starts_with(by_query), "{head}");
    let (head, _) = sent(&format!("{faceki} --credentials-in-headers"));
    assert!(
        head.starts_with("GET /auth/api/access-token HTTP"),
        "{head}"
    );
    assert!(head.contains("clientid: id\r\n") && head.contains("clientsecret: a+b/c=\r\n"));

    let referrer = "https://*.example.com/*";
    let (head, body) = sent(&format!("{complycube} --referrer {referrer}"));
    assert!(head.starts_with("POST /v1/tokens HTTP"), "{head}");
    assert!(head.contains("authorization: a+b/c=\r\n"), "{head}");
    assert_eq!(body, json!({"clientId": "c", "referrer": referrer}));
    let (_, body) = sent(&format!("{complycube} --app-id com.example"));
    assert_eq!(body, json!({"clientId": "c", "appId": "com.example"}));

    let (head, body) = sent(sardine);
    assert!(
        head.starts_with("POST /v1/identity-documents/tokens HTTP"),
        "{head}"
    );
    // id:a+b/c=
    assert!(
        head.contains("authorization: Basic aWQ6YStiL2M9\r\n"),
        "{head}"
    );
    assert_eq!(body, json!({"sessionKey": "session-1"}));
    let more = "--customer-id cu --platform web --provider other";
    let (_, body) = sent(&format!("{sardine} {more}"));
    let expected = json!({
        "sessionKey": "session-1", "customerId": "cu", "platform": "web", "provider": "other",
    });
    assert_eq!(body, expected);
}

#[test]
fn all_of_them_speak_mutual_tls() {
    let server = server("--tls --mutual-tls");
    let mutual = "--ca-file ca.pem --client-cert-file client.pem --client-key-file client-key.pem";
    for call in ["faceki", COMPLYCUBE_WEB, SARDINE] {
        token(&server, &format!("{call} {mutual}")).printed();
        token(&server, &format!("{call} --ca-file ca.pem"))
            .failed(1, "(--client-cert-file and --client-key-file)");
    }
}

#[test]
fn settings_come_from_flags_variables_and_tables_of_the_file() {
    let server = server("");
    let folder = Folder::new();
    let all = server.plain_json_variables();
    let all: Vec<_> = all.iter().map(|(name, value)| (*name, &**value)).collect();
    let run = |arguments: &str, variables: &[(&str, &str)]| {
        server.quiet(folder.run_with(&format!("token {arguments}"), "", variables))
    };
    for call in ["faceki", COMPLYCUBE_WEB, "sardine --platform ios"] {
        run(call, &all).printed();
    }
    // One of them alone is taken, and a flag wins over both.
    folder.write("wrong", "CANARY");
    let mut wrong = all.clone();
    wrong.push(("FACEKI_CLIENT_SECRET_FILE", "wrong"));
    run("faceki", &wrong).failed(
        2,
        "give only one of FACEKI_CLIENT_SECRET_FILE, FACEKI_CLIENT_SECRET",
    );
    run("faceki --client-secret-env FACEKI_CLIENT_SECRET", &wrong).printed();

    let settings = format!(
        "base_url = \"https://bankezy.invalid\"\napi_key_file = \"wrong\"\n\
         [faceki]\nbase_url = \"{0}/faceki\"\nclient_id = \"{1}\"\n\
         client_secret_file = \"faceki-clientSecret\"\ncredentials_in_headers = true\n\
         [complycube]\nbase_url = \"{0}/complycube\"\napi_key_env = \"KEY\"\n\
         client_id = \"5eb04fcd\"\napp_id = \"com.example.app\"\n\
         [sardine]\nbase_url = \"{0}/sardine\"\nclient_id = \"{2}\"\n\
         client_secret_file = \"sardine-clientSecret\"\nsession_key_file = \"session-key\"\n\
         provider = \"au10tix\"\n",
        server.url(),
        server.of_provider("faceki", "clientId"),
        server.of_provider("sardine", "clientId"),
    );
    server.folder.write("bankezy.toml", settings);
    let config = server.folder.0.join("bankezy.toml");
    let config = ("BANKEZY_CONFIG", config.to_str().unwrap());
    let key = ("KEY", server.of_provider("complycube", "apiKey"));
    for provider in ["faceki", "complycube", "sardine"] {
        run(provider, &[config, key]).printed();
    }
    let other = ("COMPLYCUBE_REFERRER", "https://www.example.com/*");
    run("complycube", &[config, key, other]).printed();
    // BankEzy's own secrets may stand in variables of their names, too.
    let bankezy = [
        ("BANKEZY_BASE_URL", server.url()),
        ("BANKEZY_API_KEY", server.credential("apiKey")),
        ("BANKEZY_SECRET", server.credential("payloadSecret")),
        ("BANKEZY_SDK_API_KEY", server.credential("sdkApiKey")),
    ];
    run("bankezy --account-number 1", &bankezy).printed();
}

#[test]
fn nothing_of_one_provider_goes_to_another() {
    let folder = Folder::new();
    folder.write("key", "CANARY");
    folder.write(
        "c",
        "base_url = \"http://127.0.0.1:9\"\n[faceki]\nbase_url = \"http://127.0.0.1:9\"\n\
         client_secret_file = \"key\"\n",
    );
    let sardine = "token sardine --config c --client-id i";
    folder.run(sardine, "").failed(
        2,
        "give one of `--client-secret-file FILE`, `--client-secret-env VAR`",
    );
    folder
        .run_with(
            &format!("{sardine} --client-secret-file key --session-key-file key"),
            "",
            &[("BANKEZY_BASE_URL", "http://127.0.0.1:9")],
        )
        .failed(2, "give one of `--sandbox`, `--base-url URL`");
    folder
        .run_with(
            "token complycube --config c --client-id i --app-id a",
            "",
            &[
                ("BANKEZY_API_KEY", "CANARY"),
                ("BANKEZY_API_KEY_FILE", "key"),
            ],
        )
        .failed(2, "give one of `--api-key-file FILE`, `--api-key-env VAR`");
}

#[test]
fn a_proxy_sees_the_host_and_no_secret() {
    let server = server("--tls");
    let (address, told) = proxy();
    token(
        &server,
        &format!("faceki --ca-file ca.pem --proxy http://{address}"),
    )
    .printed();
    let head = told.recv_timeout(PATIENCE).unwrap();
    let target = server.url().trim_start_matches("https://");
    assert!(
        head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(!head.contains("clientSecret"), "{head}");
}
