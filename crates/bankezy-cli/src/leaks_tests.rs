//! No secret is printed, wherever it was put by mistake. The test enumerates the program's own arguments, so that new
//! flags are included. Commands run in this process: thousands of processes would take minutes.

mod kinds_tests;
mod places_tests;

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::{Command, CommandFactory as _};

use crate::args::Args;
use crate::failure::Failure;
use crate::scope::{self, BANKEZY, COMPLYCUBE, FACEKI, SARDINE, Scope, Variables};
use crate::streams::of_test as streams;
use kinds_tests::Secret;
use places_tests::{bases, line_for};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Every subcommand with its words, such as `token bankezy renew`.
fn commands() -> &'static [(Vec<String>, Command)] {
    static FOUND: OnceLock<Vec<(Vec<String>, Command)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut program = Args::command();
        program.build();
        let all = scope::commands(&program).into_iter().skip(1);
        all.filter(|(words, _)| !words.split(' ').any(|word| word == "help"))
            .map(|(words, command)| {
                (
                    words.split(' ').map(str::to_owned).collect(),
                    command.clone(),
                )
            })
            .collect()
    })
}

/// One run of the program.
struct Run {
    arguments: Vec<String>,
    variable: Option<(String, String)>,
    settings: Option<String>,
}

impl Run {
    fn of(arguments: Vec<String>) -> Self {
        Self {
            arguments,
            variable: None,
            settings: None,
        }
    }
}

/// Makes the runs, and returns those that printed a piece of the secret.
fn check(runs: &[(&Secret, Run)]) {
    assert!(!runs.is_empty());
    enter_folder();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        // Some spend most of their time waiting for a server that does not answer.
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some((secret, run)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check_one(secret, run);
                }
            });
        }
    });
}

/// The folder that relative names of all runs start from.
fn enter_folder() {
    static FOLDER: OnceLock<()> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // Beside the tests, in the folder of what is built.
        let folder = std::env::current_exe().unwrap().with_extension("leaks");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        std::env::set_current_dir(&folder).unwrap();
        std::fs::write("s", SECRET).unwrap();
        std::fs::write("f", "x").unwrap();
        std::fs::write("input", "{}").unwrap();
        std::fs::create_dir("settings").unwrap();
        for (line, file) in [
            ("keygen p256 --out k.pem", "k.pub"),
            ("seal --secret-file s", "m"),
        ] {
            let arguments: Vec<_> = line.split(' ').map(str::to_owned).collect();
            let printed = run(&Run::of(arguments));
            assert_eq!(printed.error, "");
            std::fs::write(file, printed.output).unwrap();
        }
    });
}

/// What a run printed.
struct Printed {
    output: String,
    error: String,
    help: String,
}

fn run(run: &Run) -> Printed {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut given: Vec<OsString> = vec!["bankezy".into()];
    given.extend(run.arguments.iter().map(OsString::from));
    // In a folder: names of files in it are joined to that.
    let config = format!("settings/{number}.toml");
    if let Some(settings) = &run.settings {
        std::fs::write(&config, settings).unwrap();
        given.extend(["--config".into(), config.clone().into()]);
    }
    let value = |name: &str| {
        let found = run.variable.as_ref().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.into())
    };
    let names = run.variable.iter().map(|(name, _)| name.clone()).collect();
    let variables = Variables {
        names,
        value: &value,
    };
    let [out, error] = ["out", "error"].map(|stream| format!("{number}.{stream}"));
    streams::IN.replace(Some(File::open("input").unwrap()));
    streams::OUT.replace(Some(File::create_new(&out).unwrap()));
    streams::ERROR.replace(Some(File::create_new(&error).unwrap()));
    let mut help = String::new();
    match crate::done(&given, &variables) {
        Ok(()) => {}
        Err(failure @ Failure::Help(_)) => help = failure.to_string(),
        Err(failure) => failure.print().unwrap(),
    }
    let text = |file: &String| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    let printed = Printed {
        output: text(&out),
        error: text(&error),
        help,
    };
    for file in [out, error, config] {
        if Path::new(&file).exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
    printed
}

fn check_one(secret: &Secret, run: &Run) {
    let Printed {
        output,
        error,
        help,
    } = self::run(run);
    let printed = format!("{output}{error}{help}");
    let place = || {
        let shown = run.arguments.join(" ").replace(&secret.text, "<SECRET>");
        let settings = run.settings.as_deref().unwrap_or_default();
        format!(
            "{} in `{shown}` {:?} {}",
            secret.kind,
            run.variable.as_ref().map(|(name, _)| name),
            settings.replace(&secret.text, "<SECRET>")
        )
    };
    let piece = secret.piece_in(&printed).map(String::from_utf8_lossy);
    assert_eq!(piece, None, "{}: {printed}", place());
    let is_line = |line: &str| line.starts_with("bankezy: ") || line.starts_with("payload secret ");
    assert!(error.lines().all(is_line), "{}: {printed}", place());
}

/// Runs with secrets of several kinds; with `BANKEZY_TEST_EVERY_CASE` set, as in CI, each place is tried with each
/// kind. Without it, each place is tried with what looks like flags, and in turn with some of the others.
fn for_each_secret(secrets: &[Secret], runs: impl Fn(&str) -> Vec<Run>) -> Vec<(&Secret, Run)> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let every = std::env::var_os("BANKEZY_TEST_EVERY_CASE").is_some();
    let turn = NEXT.fetch_add(1, Ordering::Relaxed);
    let of_this_turn = |place: usize| (place + turn).is_multiple_of(7);
    secrets
        .iter()
        .enumerate()
        .filter(|(place, secret)| every || secret.text.starts_with('-') || of_this_turn(*place))
        .flat_map(|(_, secret)| runs(&secret.text).into_iter().map(move |run| (secret, run)))
        .collect()
}

#[test]
fn as_the_value_of_a_flag() {
    let secrets = kinds_tests::all();
    let mut runs = Vec::new();
    for (words, command) in commands() {
        for flag in command.get_opts() {
            let long = flag.get_long().unwrap();
            let base = line_for(command, words, flag.get_id().as_str());
            runs.extend(for_each_secret(&secrets, |secret| {
                let with = |value: &[&str]| {
                    let value = value.iter().map(|text| (*text).to_owned());
                    Run::of(
                        words
                            .iter()
                            .cloned()
                            .chain(base.clone())
                            .chain(value)
                            .collect(),
                    )
                };
                let joined = format!("--{long}={secret}");
                let apart = [&format!("--{long}"), secret];
                // The two differ only where the value looks like a flag.
                if secret.starts_with("-----") {
                    vec![with(&[&joined]), with(&apart)]
                } else {
                    vec![with(&apart)]
                }
            }));
        }
    }
    check(&runs);
}

#[test]
fn as_an_argument_of_its_own() {
    let secrets = kinds_tests::all();
    let mut places = commands().to_vec();
    places.push((Vec::new(), Args::command()));
    let mut runs = Vec::new();
    for (words, command) in places {
        let mut base = bases(&words).remove(0);
        if let Some(positional) = command.get_positionals().next() {
            base.retain(|word| Some(word) != places_tests::positional(positional).as_ref());
        }
        runs.extend(for_each_secret(&secrets, |secret| {
            let behind = |more: &[&str]| {
                let more = more.iter().map(|text| (*text).to_owned());
                Run::of(words.iter().chain(&base).cloned().chain(more).collect())
            };
            let ahead = |more: &[&str]| {
                let more = more.iter().map(|text| (*text).to_owned());
                Run::of(
                    words
                        .iter()
                        .cloned()
                        .chain(more)
                        .chain(base.clone())
                        .collect(),
                )
            };
            vec![
                ahead(&[secret]),
                behind(&["--", secret]),
                behind(&[secret, secret]),
                behind(&[&format!("--{secret}")]),
                behind(&[&format!("-{secret}")]),
                behind(&[&format!("--no-such-flag={secret}")]),
                behind(&["--no-such-flag", secret]),
                behind(&[&format!("--{secret}={secret}")]),
                ahead(&["help", secret]),
            ]
        }));
        for switch in command
            .get_arguments()
            .filter(|arg| !arg.get_action().takes_values())
        {
            let long = switch.get_long().unwrap_or("help");
            runs.extend(for_each_secret(&secrets, |secret| {
                vec![Run::of(
                    words
                        .iter()
                        .cloned()
                        .chain([format!("--{long}={secret}")])
                        .collect(),
                )]
            }));
        }
    }
    check(&runs);
}

/// For each provider, a command that reads all of its settings, and those that read the key alone.
const READERS: [(&str, &Scope); 7] = [
    ("token bankezy", &BANKEZY),
    ("seal", &BANKEZY),
    ("open", &BANKEZY),
    ("diagnose", &BANKEZY),
    ("token faceki", &FACEKI),
    ("token complycube", &COMPLYCUBE),
    ("token sardine", &SARDINE),
];

/// The line of a reader without the flag of a setting and what is given in its place.
fn line_without(reader: &str, setting: &str) -> Vec<String> {
    let words: Vec<String> = reader.split(' ').map(str::to_owned).collect();
    let (_, command) = commands()
        .iter()
        .find(|(known, _)| *known == words)
        .unwrap();
    let line = line_for(command, &words, setting);
    [words, line].concat()
}

#[test]
fn in_a_variable_of_the_environment() {
    let secrets = kinds_tests::all();
    let mut runs = Vec::new();
    for (reader, scope) in READERS {
        let names = scope.names(&Args::command());
        for name in names.iter().map(String::as_str).chain(["config"]) {
            let line = line_without(reader, name);
            let variable = match name {
                "config" => BANKEZY.variable(name),
                _ => scope.variable(name),
            };
            runs.extend(for_each_secret(&secrets, |secret| {
                vec![Run {
                    variable: Some((variable.clone(), secret.to_owned())),
                    ..Run::of(line.clone())
                }]
            }));
        }
    }
    check(&runs);
}

#[test]
fn in_the_settings_file() {
    let secrets = kinds_tests::all();
    let mut runs = Vec::new();
    for (reader, scope) in READERS {
        let table = scope
            .table
            .map_or_else(String::new, |table| format!("[{table}]\n"));
        let program = Args::command();
        let secret_names = scope.secrets(&program).into_iter().map(|(name, _)| name);
        for name in scope.names(&program).into_iter().chain(secret_names) {
            let line = line_without(reader, &name);
            runs.extend(for_each_secret(&secrets, |secret| {
                let quoted = serde_json::to_string(secret).unwrap();
                let run = |settings: String| Run {
                    settings: Some(settings),
                    ..Run::of(line.clone())
                };
                vec![run(format!("{table}{name} = {quoted}\n"))]
            }));
        }
        let line = line_without(reader, "base_url");
        runs.extend(for_each_secret(&secrets, |secret| {
            let quoted = serde_json::to_string(secret).unwrap();
            let settings = [
                format!("{table}{quoted} = 1\n"),
                format!("{table}base_url = [{quoted}]\n"),
                format!("{table}base_url = {secret}\n"),
                format!("{table}{secret}\n"),
                format!("[{quoted}]\nbase_url = \"x\"\n"),
                format!("[data]\n{quoted} = {{ x = {quoted} }}\n"),
            ];
            let run = |settings| Run {
                settings: Some(settings),
                ..Run::of(line.clone())
            };
            settings.map(run).into_iter().collect()
        }));
    }
    check(&runs);
}
