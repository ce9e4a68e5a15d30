//! `token faceki`, `token complycube` and `token sardine`.

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
    let all = server.clear_variables();
    let all: Vec<_> = all.iter().map(|(name, value)| (*name, &**value)).collect();
    let run = |arguments: &str, variables: &[(&str, &str)]| {
        server.quiet(folder.run_with(&format!("token {arguments}"), "", variables))
    };
    for call in ["faceki", COMPLYCUBE_WEB, "sardine --platform ios"] {
        run(call, &all).printed();
    }
    // A file that is named wins over the variable of the secret's own name, a flag over both.
    folder.write("wrong", "CANARY");
    let mut wrong = all.clone();
    wrong.push(("FACEKI_CLIENT_SECRET_FILE", "wrong"));
    run("faceki", &wrong).failed(1, "status 401");
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
    folder
        .run(sardine, "")
        .failed(2, "--client-secret-file or --client-secret-env is missing");
    folder
        .run_with(
            &format!("{sardine} --client-secret-file key --session-key-file key"),
            "",
            &[("BANKEZY_BASE_URL", "http://127.0.0.1:9")],
        )
        .failed(2, "--sandbox or --base-url is missing");
    folder
        .run_with(
            "token complycube --config c --client-id i --app-id a",
            "",
            &[
                ("BANKEZY_API_KEY", "CANARY"),
                ("BANKEZY_API_KEY_FILE", "key"),
            ],
        )
        .failed(2, "--api-key-file or --api-key-env is missing");
}

#[test]
fn wrong_tables_of_the_settings_file_are_told_without_being_shown() {
    let folder = Folder::new();
    for (toml, reason) in [
        (
            "[faceki]\nclient_secret = \"CANARY\"",
            "in place of `client_secret` use `client_secret_file` or `client_secret_env`",
        ),
        (
            "[sardine]\nsession_key = \"CANARY\"",
            "in place of `session_key` use `session_key_file` or `session_key_env`",
        ),
        (
            "[complycube]\napi_key = \"CANARY\"",
            "in place of `api_key` use `api_key_file` or `api_key_env`",
        ),
        (
            "[faceki]\napi_key_file = \"CANARY\"",
            "in [faceki] of the settings file `api_key_file` is not known",
        ),
        (
            "[faceki]\nCANARY = 1",
            "in [faceki] of the settings file a name",
        ),
        (
            "faceki = \"CANARY\"",
            "in the settings file `faceki` is not known",
        ),
        (
            "[sardine]\nsandbox = [\"CANARY\"]",
            "`sandbox` has another type",
        ),
    ] {
        folder.write("c", toml);
        // Whoever reads the file: it is right or wrong for all.
        for provider in ["bankezy", "faceki", "complycube", "sardine"] {
            let ran = folder.run(&format!("token {provider} --config c"), "");
            assert!(!ran.err.contains("CANARY"), "{}", ran.err);
            ran.failed(1, reason);
        }
    }
}

#[test]
fn wrong_inputs_are_told_without_being_shown() {
    let folder = Folder::new();
    folder.write("key", "CANARY");
    folder.write("empty", "\n");
    folder.write("two-lines", "CANARY\nCANARY");
    folder.write("long", "CANARY".repeat(17));
    folder.write(
        "both",
        "[complycube]\nreferrer = \"CANARY\"\napp_id = \"CANARY\"",
    );
    folder.write("no", "[sardine]\nsandbox = \"CANARY\"");
    let faceki = "faceki --client-id i --client-secret-file key --base-url http://127.0.0.1:9";
    let complycube = "complycube --api-key-file key --base-url http://127.0.0.1:9";
    let sardine = "sardine --client-secret-file key";
    for (arguments, reason) in [
        // Faceki
        ("faceki --client-secret-file key", "--client-id is missing"),
        (
            "faceki --client-id CANARY",
            "--client-secret-file or --client-secret-env is missing",
        ),
        (
            "faceki --client-id i --client-secret-file empty",
            "`clientSecret` is required",
        ),
        (
            "faceki --client-id i --client-secret-file two-lines",
            "`clientSecret` holds a control character",
        ),
        (
            "faceki --client-id i --client-secret-file key --base-url http://example.com/CANARY",
            "https",
        ),
        (&format!("{faceki} --timeout 0"), "--timeout"),
        (
            &format!("{faceki} --client-secret CANARY"),
            "--client-secret is not known",
        ),
        // ComplyCube
        (
            &format!("{complycube} --client-id CANARY"),
            "--referrer or --app-id is missing",
        ),
        (
            &format!("{complycube} --client-id i --referrer CANARY --app-id CANARY"),
            "cannot be used with",
        ),
        (
            &format!("{complycube} --client-id i --config both"),
            "give one of --referrer, --app-id",
        ),
        (
            &format!("{complycube} --client-id i --referrer CANARY.example/*"),
            "`referrer`",
        ),
        (
            &format!("{complycube} --client-id i --referrer <all_urls>"),
            "`referrer`",
        ),
        (
            &format!("{complycube} --client-id= --app-id CANARY"),
            "`clientId` is required",
        ),
        // Sardine
        (
            &format!("{sardine} --client-id i"),
            "--session-key-file or --session-key-env is missing",
        ),
        (
            &format!("{sardine} --client-id i --session-key-file long"),
            "`sessionKey` has more than 100 characters",
        ),
        (
            &format!("{sardine} --client-id i --session-key-file key"),
            "--sandbox or --base-url is missing",
        ),
        (
            &format!("{sardine} --client-id i --session-key-file key --sandbox --base-url CANARY"),
            "cannot be used with",
        ),
        (
            &format!("{sardine} --client-id i --session-key-file key --config no"),
            "--sandbox is true or false",
        ),
        (
            &format!(
                "{sardine} --client-id CANARY:i --session-key-file key --base-url http://127.0.0.1:9"
            ),
            "`clientId` holds a colon",
        ),
        (
            &format!("{sardine} --client-id i --session-key-file key --platform="),
            "`platform` is required",
        ),
        (
            &format!("{sardine} --client-id i --session-key CANARY"),
            "--session-key is not known",
        ),
    ] {
        let ran = folder.run(&format!("token {arguments}"), "");
        assert!(!ran.err.contains("CANARY"), "{arguments}: {}", ran.err);
        ran.failed(2, reason);
    }
    folder
        .run(&format!("token {faceki}"), "")
        .failed(1, "nothing was sent");
}

/// The emulator's refusals, which are the documented ones that a complete request can meet.
#[test]
fn the_emulators_refusals_say_what_to_check() {
    let server = server("");
    server.folder.write("wrong", "CANARY-wrong");
    for (call, reason) in [
        (
            "faceki --client-secret-file wrong",
            "status 401, statusCode 422; check the credentials",
        ),
        (
            "faceki --client-secret-file wrong --credentials-in-headers",
            "status 401, statusCode 422; check the credentials",
        ),
        (
            "complycube --client-id i --app-id a.b --api-key-file wrong",
            "status 401, unauthorized; check the credentials",
        ),
        (
            "complycube --client-id CANARY --app-id CANARY/a",
            "status 400, invalid_request: check `appId`",
        ),
        (
            "sardine --session-key-file session-key --client-secret-file wrong",
            "status 401 in clear: its text is not authenticated; check the credentials",
        ),
        (
            "sardine --session-key-file session-key --provider CANARY",
            "status 400 in clear: its text is not authenticated; check what the token",
        ),
    ] {
        token(&server, call).failed(1, reason);
    }
    let variables = [("COMPLYCUBE_CLIENT_ID", " ")];
    let arguments = format!(
        "token complycube --base-url {}/complycube --api-key-file complycube-apiKey --app-id a.b",
        server.url()
    );
    server
        .quiet(server.folder.run_with(&arguments, "", &variables))
        .failed(1, "status 400, invalid_request: check `clientId`");
}

/// Every refusal that is documented, whether a complete request can meet it or not.
#[test]
fn documented_refusals_are_told_by_their_codes_alone() {
    let folder = Folder::new();
    folder.write("key", "CANARY-key");
    let faceki = "faceki --client-id CANARY --client-secret-file key";
    let complycube = "complycube --api-key-file key --client-id CANARY --app-id CANARY";
    let sardine = "sardine --client-id CANARY --client-secret-file key --session-key-file key";
    let status = json!({"status": false, "message": "CANARY", "statusCode": 422, "data": {}});
    let code = |number: u32| json!({"responseCode": number, "message": "CANARY"});
    let typed = |kind: &str| json!({"type": kind, "message": "CANARY"});
    let param = |name: &str| json!({"type": "invalid_request", "message": "CANARY", "param": name});
    for (call, answered, body, reason) in [
        (
            faceki,
            "401",
            status.clone(),
            "statusCode 422; check the credentials",
        ),
        (
            faceki,
            "403",
            status,
            "statusCode 422; check the credentials",
        ),
        (
            faceki,
            "402",
            json!({"clientSecret": "CANARY"}),
            "naming `clientSecret`: check the credentials",
        ),
        (
            faceki,
            "200",
            code(1000),
            "code 1000, INTERNAL_SYSTEM_ERROR",
        ),
        (faceki, "400", code(8003), "code 8003, PLEASE_TRY_AGAIN"),
        (faceki, "200", code(77), "code 77, which is not documented"),
        (
            complycube,
            "400",
            param("clientId"),
            "invalid_request: check `clientId`",
        ),
        (
            complycube,
            "400",
            param("referrer"),
            "invalid_request: check `referrer`",
        ),
        (
            complycube,
            "400",
            param("appId"),
            "invalid_request: check `appId`",
        ),
        (
            complycube,
            "400",
            param("CANARY"),
            "invalid_request: another param",
        ),
        (
            complycube,
            "401",
            typed("unauthorized"),
            "unauthorized; check the credentials",
        ),
        (
            complycube,
            "403",
            typed("unauthorized"),
            "unauthorized; check the credentials",
        ),
        (
            complycube,
            "404",
            typed("resource_not_found"),
            "resource_not_found; check --base-url",
        ),
        (
            complycube,
            "429",
            typed("rate_limit_exceeded"),
            "rate_limit_exceeded",
        ),
        (
            complycube,
            "500",
            typed("internal_server_error"),
            "internal_server_error",
        ),
        (complycube, "400", typed("CANARY"), "another type"),
        // Sardine documents none: the status is all that is told.
        (
            sardine,
            "401",
            typed("CANARY"),
            "in clear: its text is not authenticated; check the",
        ),
        (
            sardine,
            "400",
            typed("CANARY"),
            "in clear: its text is not authenticated; check what",
        ),
    ] {
        let (url, request) = serve_once(&format!("{answered} CANARY"), body.to_string());
        let ran = folder.run(&format!("token {call} --base-url {url}"), "");
        request.join().unwrap();
        assert!(
            ran.out.is_empty() && !ran.err.contains("CANARY"),
            "{}",
            ran.err
        );
        let prefix = format!("bankezy: the server refused with status {answered}");
        assert!(ran.err.starts_with(&prefix), "{}", ran.err);
        ran.failed(1, reason);
    }
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
