//! Where settings come from, and what happens to wrong ones.

use super::Folder;
use super::renewal::{SECRET, sent};
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
fn a_file_is_named_by_the_variable_it_is_from() {
    let folder = Folder::new();
    folder.write("f", "key");
    let call = "call /x --token-file f --base-url https://localhost";
    for (arguments, variable) in [
        (call, "BANKEZY_SECRET_FILE"),
        ("token bankezy", "BANKEZY_CONFIG"),
    ] {
        let ran = folder.run_with(arguments, "{}", &[(variable, "nope")]);
        // It may be the secret itself.
        ran.failed(
            1,
            &format!("cannot read the file of {variable}: no such file"),
        );
    }
    let own = [("BANKEZY_SECRET", "short")];
    folder
        .run_with(call, "{}", &own)
        .failed(1, "the payload secret is not valid base64url");
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
        ("--isd-code 91", "give both --isd-code and --mobile-number"),
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

const SERVER: &str = "token bankezy --base-url http://127.0.0.1:9 --timeout 1 --api-key-file f";

#[test]
fn a_wrong_value_is_told_with_where_it_is_from() {
    let folder = Folder::new();
    folder.write("f", "key");
    let mut calls = Vec::new();
    for (name, value, reason) in [
        (
            "timeout",
            "0",
            "expected a whole number of seconds, at least 1",
        ),
        (
            "timeout",
            "CANARY",
            "expected a whole number of seconds, at least 1",
        ),
        ("api_version", "CANARY", "expected one of v1, v2"),
        (
            "encoding",
            "CANARY",
            "expected one of base64, base64url, hex, utf8",
        ),
        (
            "derive",
            "CANARY",
            "expected one of raw, sha256, concat-kdf, hkdf-sha256, x963-sha256",
        ),
        ("base_url", "http://CANARY", "the URL is not https"),
        ("account_number", "CANARY", "`accountNumber` is not"),
        (
            "dob",
            "CANARY",
            "expected a date as YYYYMMDD, such as 19900131",
        ),
        (
            "dob",
            "19900231",
            "`dob` is not a date in the form YYYYMMDD",
        ),
        ("data", "CANARY", "expected NAME=VALUE, such as city=Pune"),
        ("app", "CANARY", "expected true or false"),
    ] {
        let flag = format!("--{}", name.replace('_', "-"));
        let variable = format!("BANKEZY_{}", name.to_uppercase());
        if name != "app" {
            calls.push((
                vec![flag.clone(), value.to_owned()],
                None,
                None,
                flag.clone(),
                reason,
            ));
        }
        let from = format!("`{flag}` (from {variable}): ");
        calls.push((vec![], Some((variable, value)), None, from, reason));
        if name != "data" {
            let settings = format!("{name} = \"{value}\"");
            let from = format!("`{flag}` (from `{name}` of the settings file): ");
            calls.push((vec![], None, Some(settings), from, reason));
        }
    }
    for (flags, variable, settings, from, reason) in calls {
        folder.write("c", settings.unwrap_or_default());
        let variable: Vec<_> = variable
            .iter()
            .map(|(name, value)| (&**name, *value))
            .collect();
        let mut arguments: Vec<String> = ["token", "bankezy", "--config", "c"]
            .map(str::to_owned)
            .into();
        arguments.extend(flags);
        let ran = folder.run_args(&arguments, "", &variable);
        assert!(!ran.err.contains("CANARY"), "{}", ran.err);
        assert!(ran.err.contains(&from), "{from}: {}", ran.err);
        ran.failed(2, reason);
    }
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let path = OsStr::from_bytes(b"\xff");
        let arguments = SERVER
            .split(' ')
            .map(OsStr::new)
            .chain([OsStr::new("--secret-file"), path]);
        folder
            .run_args(arguments, "", &[])
            .failed(1, "cannot read the file of --secret-file");
    }
}

/// Which flags go together is checked for the flags, and for settings that they meet.
#[test]
fn settings_of_other_calls_do_not_get_in_the_way() {
    let folder = Folder::new();
    folder.write("f", "key");
    let app = "--app --app-api-key-file f --app-secret-file f --derive raw";
    // The flags conflict; a variable for other calls does not.
    folder
        .run(&format!("{SERVER} {app} --secret-file f"), "")
        .failed(2, "cannot be used with");
    let secret = [("BANKEZY_SECRET_FILE", "f")];
    let ran = folder.run_with(&format!("{SERVER} {app}"), "", &secret);
    ran.failed(1, "nothing was sent");
    // A switch may be off, above one that is on.
    folder.write("c", "app = true\n");
    let off = [("BANKEZY_APP", "false")];
    let config = format!("{SERVER} --config c");
    folder.run(&config, "").failed(
        2,
        "give one of `--app-api-key-file FILE`, `--app-api-key-env VAR`",
    );
    let ran = folder.run_with(&config, "", &off);
    ran.failed(2, "give one of `--secret-file FILE`, `--secret-env VAR`");
    // A lower level does not affect a choice made above it, and two choices on one level are refused.
    folder.write("c", "[sardine]\nbase_url = \"http://127.0.0.1:9\"\n");
    let sardine =
        "token sardine --client-id i --client-secret-file f --session-key-file f --timeout 1";
    let with = |more: &str, variables: &[_]| {
        folder.run_with(&format!("{sardine} --config c {more}"), "", variables)
    };
    with("", &[]).failed(1, "nothing was sent");
    with("", &[("SARDINE_SANDBOX", "false")]).failed(1, "nothing was sent");
    folder.write("c", "[sardine]\nbase_url = \"http://example.com\"\n");
    with("", &[]).failed(2, "(from `base_url` of the settings file): ");
    with("--sandbox --proxy http://127.0.0.1:9", &[]).failed(1, "nothing was sent");
    let both = [
        ("SARDINE_SANDBOX", "true"),
        ("SARDINE_BASE_URL", "http://127.0.0.1:9"),
    ];
    with("", &both).failed(2, "give only one of SARDINE_BASE_URL, SARDINE_SANDBOX");
    let key = [
        ("SARDINE_CLIENT_SECRET_FILE", "f"),
        ("SARDINE_CLIENT_SECRET_ENV", "X"),
    ];
    let ran = folder.run_with("token sardine --client-id i", "", &key);
    ran.failed(
        2,
        "give only one of SARDINE_CLIENT_SECRET_FILE, SARDINE_CLIENT_SECRET_ENV",
    );
    // Settings stay flags where the arguments end with `--`.
    folder.write("s", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    let call = "call --token-file f --api-key-file f --secret-file s -- /x";
    let url = [("BANKEZY_BASE_URL", "http://127.0.0.1:9")];
    folder
        .run_with(call, "{}", &url)
        .failed(1, "nothing was sent");
}

#[test]
fn entries_of_data_come_from_everywhere() {
    let folder = Folder::new();
    folder.write("f", "key");
    folder.write("c", "data = \"k=v\"\n");
    folder
        .run("token bankezy --config c", "")
        .failed(1, "in the settings file, `data` must be a table");
    folder.write("c", "[data]\n\"a=b\" = \"file\"\nk = \"file\"\nl = 1\n");
    let call =
        "--config c --api-key-file f --secret-file s --sdk-api-key-file f --account-number 7";
    folder.write("s", SECRET);
    let sent = |more: &str, variables: &[_]| {
        sent(&folder, &format!("{call} {more}"), variables)["data"].clone()
    };
    let file = serde_json::json!({"a=b": "file", "k": "file", "l": "1"});
    assert_eq!(sent("", &[]), file);
    let variable = [("BANKEZY_DATA", "k=variable")];
    assert_eq!(
        sent("", &variable),
        serde_json::json!({"a=b": "file", "k": "variable", "l": "1"})
    );
    let flags = serde_json::json!({"a=b": "file", "k": "flag", "l": "1", "m": "a=b"});
    assert_eq!(
        sent("--data k=old --data k=flag --data m=a=b", &variable),
        flags
    );
}
