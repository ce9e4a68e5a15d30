//! Where settings come from, and what becomes of wrong ones.

use super::Folder;
use super::server::{Server, answer};

#[test]
fn flags_win_over_the_environment_and_it_over_the_file() {
    let server = Server::start("");
    let settings = format!(
        "base_url = \"{}\"\napi_version = \"v1\"\napi_key_file = \"apiKey\"\n\
         sdk_api_key_env = \"SDK\"\nsecret_file = \"payloadSecret\"\nreference_id = \"file\"\n\
         account_number = 9007199254740993001\ndob = 19900131\n[data]\nk = \"v\"\n",
        server.url()
    );
    server.folder.write("bankezy.toml", settings);
    // Paths in the file are relative to it.
    let elsewhere = Folder::new();
    let config = server.folder.0.join("bankezy.toml");
    let arguments = format!("token bankezy --config {}", config.display());
    let sdk = ("SDK", server.credential("sdkApiKey"));
    let reference = |arguments: &str, variables: &[_]| {
        let ran = server.quiet(elsewhere.run_with(arguments, "", variables));
        answer(ran)["referenceId"].as_str().unwrap().to_owned()
    };
    assert_eq!(reference(&arguments, &[sdk]), "file");
    let variable = ("BANKEZY_REFERENCE_ID", "variable");
    assert_eq!(reference(&arguments, &[sdk, variable]), "variable");
    let flagged = format!("{arguments} --reference-id flag");
    assert_eq!(reference(&flagged, &[sdk, variable]), "flag");
    let by_variable = [sdk, ("BANKEZY_CONFIG", config.to_str().unwrap())];
    assert_eq!(reference("token bankezy", &by_variable), "file");
    // A flag that names a variable wins over a file that the settings name.
    let wrong = [
        sdk,
        ("WRONG", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
    ];
    elsewhere
        .run_with(&format!("{arguments} --secret-env WRONG"), "", &wrong)
        .failed(1, "400");
}

#[test]
fn a_settings_file_holds_no_secrets_and_is_never_quoted() {
    let folder = Folder::new();
    folder.write("f", "key");
    for (toml, reason) in [
        ("base_url = \"x\"\nsecret \"CANARY\"", "line 2"),
        ("secret = \"CANARY\"", "use `secret_file` or `secret_env`"),
        (
            "api_key = \"CANARY\"",
            "use `api_key_file` or `api_key_env`",
        ),
        (
            "client_key = \"CANARY\"",
            "use `client_key_file` or `client_key_env`",
        ),
        (
            "base_urll = \"CANARY\"",
            "unknown name `base_urll` in the settings file: did you mean `base_url`?",
        ),
        ("CANARY = 1", "unknown name in the settings file (not shown"),
        ("base_url = [\"CANARY\"]", "`base_url` has another type"),
    ] {
        folder.write("c", toml);
        let ran = folder.run("token bankezy --config c", "");
        assert!(!ran.err.contains("CANARY"), "{}", ran.err);
        ran.failed(1, reason);
    }
    folder
        .run("token bankezy --config none", "")
        .failed(1, "cannot read `none` (from --config): no such file");
    let secret = [("BANKEZY_SECRET_FILE", "nope")];
    folder
        .run_with(
            "call /x --token-file f --base-url https://localhost",
            "{}",
            &secret,
        )
        .failed(
            1,
            "cannot read `nope` (from BANKEZY_SECRET_FILE): no such file",
        );
    folder
        .run(
            "token bankezy --base-url http://127.0.0.1:9 --api-key-file f --timeout 0",
            "",
        )
        .failed(
            2,
            "invalid value `0` for --timeout: expected a whole number of seconds",
        );
    folder
        .run_with("token bankezy", "", &[("BANKEZY_CONFIG", "nope")])
        .failed(1, "cannot read `nope` (from BANKEZY_CONFIG): no such file");
    folder.write("c", "secret_file = \"a\"\nsecret_env = \"b\"\napi_key_file = \"f\"\naccount_number = 1\nbase_url = \"https://localhost\"");
    folder
        .run("token bankezy --config c", "")
        .failed(2, "give one of");
}

#[test]
fn refusals_say_what_is_wrong() {
    let server = Server::start("");
    server
        .folder
        .write("wrong", "0123456789abcdef0123456789abcdef");
    server.folder.write(
        "wrong-secret",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    );
    let common = format!(
        "token bankezy --base-url {} --sdk-api-key-file sdkApiKey --account-number 1",
        server.url()
    );
    server
        .checked(&format!(
            "{common} --api-key-file wrong --secret-file payloadSecret"
        ))
        .failed(1, "Invalid API Key Passed");
    server
        .checked(&format!(
            "{common} --api-key-file apiKey --secret-file wrong-secret"
        ))
        .failed(1, "check the payload secret");
    let nowhere = "token bankezy --base-url http://127.0.0.1:9 --api-key-file apiKey \
                   --sdk-api-key-file sdkApiKey --secret-file payloadSecret --account-number 1 \
                   --timeout 5";
    server.checked(nowhere).failed(1, "nothing was sent");
    for (arguments, reason) in [
        ("--dob 19900231", "dob"),
        ("--dob CANARY", "--dob"),
        ("--isd-code 91", "go together"),
        ("--data CANARY", "NAME=VALUE"),
        ("--timeout 0", "--timeout"),
        ("--apu CANARY", "need --derive"),
    ] {
        let ran = server.checked(&format!(
            "{common} --api-key-file apiKey --secret-file payloadSecret {arguments}"
        ));
        assert!(!ran.err.contains("CANARY"), "{}", ran.err);
        ran.failed(2, reason);
    }
}

#[test]
fn misplaced_secrets_are_not_echoed() {
    let folder = Folder::new();
    folder.write("f", "x");
    for (arguments, code) in [
        ("token bankezy --base-url CANARY --api-key-file f", 2),
        (
            "token bankezy --base-url http://example.com/CANARY --api-key-file f",
            2,
        ),
        (
            "token bankezy --base-url https://localhost --api-key-env CANARY",
            1,
        ),
        (
            "token bankezy --base-url https://localhost --api-key-env =CANARY",
            1,
        ),
        ("token bankezy CANARY", 2),
        ("token bankezy --api-version CANARY", 2),
        ("token CANARY", 2),
        ("call /x --token-env CANARY", 1),
        ("call CANARY", 2),
        ("sandbox --listen CANARY", 2),
        ("sandbox --prefix {CANARY}", 2),
    ] {
        let ran = folder.run(arguments, "{}");
        assert!(!ran.err.contains("CANARY"), "{arguments}: {}", ran.err);
        ran.failed(code, "");
    }
}
