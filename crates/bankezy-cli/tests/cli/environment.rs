//! Which commands read which variables, and what happens to variables that nothing reads.

use super::Folder;
use super::renewal::SECRET;

const OTHER: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";

/// A folder with keys, and a message under `SECRET`.
fn folder() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    folder.write("s", SECRET);
    folder.write("other", OTHER);
    folder.run("keygen p256 --out k.pem", "").printed();
    let sealed = folder.run("seal --secret-file s", "{}").printed();
    folder.write("m", &sealed);
    (folder, sealed)
}

#[test]
fn seal_open_and_diagnose_read_the_key_as_the_other_commands_do() {
    let (folder, sealed) = folder();
    folder.write(
        "c",
        "secret_file = \"s\"\nbase_url = \"https://localhost\"\n",
    );
    folder.write("hex", "0001020304050607");
    let open = |variables: &[_]| folder.run_with("open", &sealed, variables);
    for variables in [
        &[("BANKEZY_SECRET_FILE", "s")][..],
        &[("BANKEZY_SECRET", SECRET)],
        &[("BANKEZY_SECRET_ENV", "MINE"), ("MINE", SECRET)],
        &[("BANKEZY_CONFIG", "c")],
        &[("BANKEZY_CONFIG", "c"), ("BANKEZY_ENCODING", "base64url")],
        // Settings of other commands do not apply.
        &[
            ("BANKEZY_SECRET_FILE", "s"),
            ("BANKEZY_APU", "x"),
            ("BANKEZY_TIMEOUT", "0"),
        ],
    ] {
        assert_eq!(open(variables).text(), "{}", "{variables:?}");
        let sealed = folder.run_with("seal", "{}", variables).printed();
        let opened = folder.run("open --secret-file s", sealed).text();
        assert_eq!(opened, "{}", "{variables:?}");
        let found = folder.run_with("diagnose --message m", "", variables);
        assert!(found.text().contains("opens with --encoding base64url"));
    }
    assert_eq!(folder.run("open --config c", &sealed).text(), "{}");
    open(&[("BANKEZY_SECRET_FILE", "hex"), ("BANKEZY_ENCODING", "hex")])
        .failed(1, "the payload secret has 8 bytes");
    open(&[("BANKEZY_SECRET_FILE", "missing")]).failed(
        1,
        "cannot read the file of BANKEZY_SECRET_FILE: no such file",
    );
    open(&[
        ("BANKEZY_SECRET_FILE", "s"),
        ("BANKEZY_PRIVATE_KEY", "k.pem"),
    ])
    .failed(
        2,
        "give only one of BANKEZY_SECRET_FILE, BANKEZY_PRIVATE_KEY",
    );
    folder.run_with("open", &sealed, &[]).failed(
        2,
        "give one of `--secret-file FILE`, `--secret-env VAR`, `--private-key FILE`, `--private-key-env VAR`",
    );
}

#[test]
fn a_flag_wins_over_a_variable_that_it_excludes() {
    let (folder, sealed) = folder();
    let public = folder.run("keygen p256 --out peer.pem", "").text();
    let public = public.trim();
    let secret = [("BANKEZY_SECRET_FILE", "s"), ("BANKEZY_ENCODING", "hex")];
    let ran = folder.run_with(
        "open --secret-file other",
        &sealed,
        &[("BANKEZY_SECRET_FILE", "s")],
    );
    let is_told = ran.err.contains("sealed with another key");
    assert!(ran.code == 1 && is_told, "{}", ran.err);
    // Sealed to the key of the flag: under the secret of the variable it would open with it.
    for arguments in [
        format!("seal --recipient {public}"),
        format!("seal --private-key k.pem --peer {public} --derive raw"),
    ] {
        let sealed = folder.run_with(&arguments, "{}", &secret).printed();
        assert_ne!(
            folder.run("open --secret-file s", sealed).code,
            0,
            "{arguments}"
        );
    }
    // --peer needs a private key, and takes that of the variable.
    let agreed = format!("--peer {public} --derive raw");
    folder
        .run_with(&format!("seal {agreed}"), "{}", &secret)
        .failed(2, "give one of");
    let both = [
        ("BANKEZY_SECRET_FILE", "s"),
        ("BANKEZY_PRIVATE_KEY", "k.pem"),
    ];
    let sealed = folder
        .run_with(&format!("seal {agreed}"), "{}", &both)
        .printed();
    let opened = folder.run(&format!("open --private-key k.pem {agreed}"), sealed);
    assert_eq!(opened.text(), "{}");
    // Both ways round: --encoding is for a secret.
    folder
        .run_with(
            "seal --encoding hex",
            "{}",
            &[("BANKEZY_PRIVATE_KEY", "k.pem")],
        )
        .failed(2, "give one of");
}

/// The environment gives a secret by its value, its file or the variable that holds it: only one of them, and what a
/// flag replaces is reported.
#[test]
fn no_variable_of_a_secret_is_ignored_without_a_word() {
    let folder = Folder::new();
    folder.write("f", "x");
    for (command, secret) in [
        ("seal", "BANKEZY_SECRET"),
        ("open", "BANKEZY_SECRET"),
        ("diagnose --message f", "BANKEZY_SECRET"),
        ("open --private-key f", "BANKEZY_PRIVATE_KEY_PASSWORD"),
        ("call /x", "BANKEZY_SECRET"),
        ("call /x", "BANKEZY_TOKEN"),
        ("call /x", "BANKEZY_API_KEY"),
        ("call /x", "BANKEZY_CLIENT_KEY"),
        ("token bankezy", "BANKEZY_SDK_API_KEY"),
        ("token bankezy", "BANKEZY_APP_API_KEY"),
        ("token bankezy", "BANKEZY_APP_SECRET"),
        ("token faceki", "FACEKI_CLIENT_SECRET"),
        ("token complycube", "COMPLYCUBE_API_KEY"),
        ("token sardine", "SARDINE_CLIENT_SECRET"),
        ("token sardine", "SARDINE_SESSION_KEY"),
    ] {
        let [file, variable] = ["_FILE", "_ENV"].map(|end| format!("{secret}{end}"));
        for [one, other] in [[&*file, secret], [&*variable, secret], [&*file, &*variable]] {
            let ran = folder.run_with(command, "x", &[(one, "f"), (other, "CANARY")]);
            assert!(!ran.err.contains("CANARY"), "{}", ran.err);
            ran.failed(2, &format!("give only one of {one}, {other}"));
        }
        let (_, stem) = file.split_once('_').unwrap();
        let flag = format!("--{}", stem.to_lowercase().replace('_', "-"));
        for name in [secret, &*file, &*variable] {
            let ran = folder.run_with(&format!("{command} {flag} f"), "x", &[(name, "CANARY")]);
            let warning = format!("bankezy: warning: `{name}` is not used: `{flag}` is given\n");
            assert!(ran.err.starts_with(&warning), "{}", ran.err);
            assert!(!ran.err.contains("CANARY"), "{}", ran.err);
        }
    }
    // Other choices as well.
    for (command, variable, flag) in [
        ("call /x --ca-file f", "BANKEZY_EXTRA_CA_FILE", "--ca-file"),
        ("call /x --proxy-file f", "BANKEZY_PROXY", "--proxy-file"),
        ("token sardine --sandbox", "SARDINE_BASE_URL", "--sandbox"),
    ] {
        let ran = folder.run_with(command, "x", &[(variable, "f")]);
        let warning = format!("bankezy: warning: `{variable}` is not used: `{flag}` is given\n");
        assert!(ran.err.starts_with(&warning), "{}", ran.err);
    }
}

#[test]
fn a_misspelt_variable_is_warned_about() {
    let (folder, sealed) = folder();
    let warned = |arguments: &str, variable: &str| {
        let ran = folder.run_with(arguments, &sealed, &[(variable, "CANARY")]);
        assert!(!ran.err.contains("CANARY"), "{}", ran.err);
        ran.err
    };
    let open = "open --secret-file s";
    for (arguments, variable, instead) in [
        (
            open,
            "BANKEZY_SECRET_FIEL",
            "did you mean `BANKEZY_SECRET_FILE`?",
        ),
        (open, "BANKEZY_SECERT", "did you mean `BANKEZY_SECRET`?"),
        (open, "BANKEZY_CONFGI", "did you mean `BANKEZY_CONFIG`?"),
        // For this command it is only a flag.
        (open, "BANKEZY_MAX_LEN", "use the flag `--max-len`"),
        // A setting of `token bankezy`, but only a flag of this command.
        (open, "BANKEZY_INFO", "use the flag `--info`"),
        (open, "BANKEZY_DERIVE", "use the flag `--derive`"),
        ("call /x", "BANKEZY_SESSION", "use the flag `--session`"),
        (
            "call /x",
            "BANKEZY_BASE_URLL",
            "did you mean `BANKEZY_BASE_URL`?",
        ),
        (
            "token faceki",
            "FACEKI_CLIENT_DI",
            "did you mean `FACEKI_CLIENT_ID`?",
        ),
    ] {
        let line = format!(
            "bankezy: warning: the environment variable `{variable}` is not read: {instead}\n"
        );
        let err = warned(arguments, variable);
        assert!(err.starts_with(&line), "{err}");
        assert_eq!(
            err.lines().count(),
            1 + usize::from(arguments != open),
            "{err}"
        );
    }
    for (arguments, variable) in [
        // Settings of other commands, other providers, and what others may have named.
        (open, "BANKEZY_BASE_URL"),
        (open, "FACEKI_CLIENT_DI"),
        (open, "BANKEZY_API_KEY_2"),
        (open, "BANKEZY_DOG"),
        (open, "BANKEZY_SOMETHING_ELSE"),
        ("inspect", "BANKEZY_SECRET_FIEL"),
    ] {
        assert_eq!(warned(arguments, variable), "", "{variable}");
    }
}

/// The same in a settings file.
#[test]
fn a_member_that_is_a_flag_alone_is_warned_about() {
    let (folder, sealed) = folder();
    folder.write("c.toml", "info = \"CANARY\"\nsecret_file = \"s\"\n");
    let ran = folder.run("open --config c.toml", sealed);
    assert_eq!(
        ran.err,
        "bankezy: warning: `info` of the settings file is not read: use the flag `--info`\n"
    );
    assert_eq!((ran.code, &*ran.out), (0, &b"{}"[..]));
}
