//! Complete command lines, so that a secret gets as far as it can.

use clap::{Arg, Command};

/// Nothing answers there.
const SERVER: &str = "--base-url http://127.0.0.1:9 --timeout 1";

/// Nor here.
const STORE: &str = "redis://127.0.0.1:9 --name n";

/// What a command needs beside its words. A command without lines of its own is run bare.
pub(super) fn bases(words: &[String]) -> Vec<Vec<String>> {
    let session = format!("{SERVER} --api-key-file f --token-file f --secret-file s");
    // A run with a key of its own does not make one, which would take most of its time.
    let user = format!(
        "{SERVER} --api-key-file f --secret-file s --sdk-api-key-file f --account-number 1 \
         --private-key k.pem"
    );
    let lines = match words.join(" ").as_str() {
        "keygen" => vec!["secret --out made".to_owned()],
        "seal" => vec![
            "--secret-file s".to_owned(),
            "--private-key k.pem --peer k.pub --derive concat-kdf --apu a --apv b".to_owned(),
            "--private-key k.pem --peer k.pub --derive hkdf-sha256 --salt a --info b".to_owned(),
            "--recipient k.pub".to_owned(),
        ],
        "open" => vec![
            "--secret-file s".to_owned(),
            "--private-key k.pem --peer k.pub --derive concat-kdf --apu a --apv b".to_owned(),
        ],
        "diagnose" => vec![
            "--message m --secret-file s".to_owned(),
            "--message m --private-key k.pem --peer k.pub".to_owned(),
        ],
        "inspect" => vec!["m".to_owned()],
        "fleet status" | "fleet check" => {
            vec![STORE.to_owned(), "--name n --url-file f".to_owned()]
        }
        "fleet revoke" => vec![format!(
            "{STORE} --session-name n --wrapping-key-id i --wrapping-key-file s {SERVER} --api-key-file f"
        )],
        "vectors" => vec!["f".to_owned()],
        "completions" => vec!["bash".to_owned()],
        "man" => vec!["seal".to_owned()],
        // No machine has this address (RFC 5737), so it ends.
        "sandbox" => vec!["--listen 192.0.2.1:9".to_owned()],
        "call" => vec![format!("/x {session}")],
        "token bankezy renew" => vec![format!("{session} --account-number 1 --reveal")],
        "token bankezy invalidate" => vec![format!("{session} --token-reference-id 1")],
        "token bankezy onboarding" => vec![user],
        "token bankezy" => vec![
            user,
            format!(
                "{SERVER} --app --api-key-file f --app-api-key-file f --app-secret-file f --derive raw \
                 --private-key k.pem"
            ),
        ],
        "token faceki" => vec![format!("{SERVER} --client-id i --client-secret-file f")],
        "token complycube" => {
            vec![format!(
                "{SERVER} --client-id i --api-key-file f --app-id a"
            )]
        }
        "token sardine" => vec![format!(
            "{SERVER} --client-id i --client-secret-file f --session-key-file f"
        )],
        _ => vec![String::new()],
    };
    let split = |line: &String| line.split_whitespace().map(str::to_owned).collect();
    lines.iter().map(split).collect()
}

/// What a command needs beside a flag: the first of its lines that has the flag, or can have it.
pub(super) fn line_for(command: &Command, words: &[String], name: &str) -> Vec<String> {
    let flag = format!("--{}", name.replace('_', "-"));
    let lines = bases(words);
    let has_it = |line: &&Vec<String>| line.contains(&flag);
    let goes_with_it = |line: &&Vec<String>| without(command, name, line) == **line;
    let line = lines
        .iter()
        .find(has_it)
        .or_else(|| lines.iter().find(goes_with_it));
    without(command, name, line.unwrap_or(&lines[0]))
}

/// A line without a flag, and without those that it cannot be used with.
fn without(command: &Command, name: &str, base: &[String]) -> Vec<String> {
    let stem = |long: &str| {
        let stem = long.trim_start_matches("--");
        let stem = stem.strip_suffix("-file").or(stem.strip_suffix("-env"));
        stem.unwrap_or(long.trim_start_matches("--")).to_owned()
    };
    let flag = command.get_opts().find(|arg| arg.get_id() == name);
    let name = name.replace('_', "-");
    let conflicts = flag.map_or_else(Vec::new, |flag| command.get_arg_conflicts_with(flag));
    let conflicts: Vec<&str> = conflicts.into_iter().filter_map(Arg::get_long).collect();
    let goes = |long: &str| {
        conflicts.contains(&long.trim_start_matches("--")) || stem(long) == stem(&name)
    };
    let mut left = Vec::new();
    let mut skipped = false;
    for word in base {
        if word.starts_with("--") {
            skipped = goes(word);
        }
        if !skipped {
            left.push(word.clone());
        }
    }
    left
}

/// What the lines above hold for a positional argument.
pub(super) fn positional(arg: &Arg) -> Option<String> {
    let name = match arg.get_id().as_str() {
        "kind" => "secret",
        "path" => "/x",
        "file" => "m",
        "files" => "f",
        "shell" => "bash",
        "subcommand" => "seal",
        _ => return None,
    };
    Some(name.to_owned())
}
