//! `docs/messages.md`: every text that a user may read and that `docs/errors.md` does not list, for review in one
//! sitting and so that a change shows in a diff. With `BANKEZY_WRITE_ERRORS=1` the page is written anew.

mod sources;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory as _};

use crate::args::Args;
use crate::scope;

const HEAD: &str = "# Messages

Every text of the command line and of the libraries that a user may read, in the order of the sources: help,
errors, warnings, notes, log events, reasons. The errors that have a code are in [errors.md](errors.md) and not
repeated here. The page is generated (`BANKEZY_WRITE_ERRORS=1 cargo test -p bankezy-cli --bin bankezy texts`), and a
test fails when it is out of date: read the diff of this page aloud when a text changes.

`{…}` stands for a value, which is never a secret. A text that starts or ends with a blank is joined to another.
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_page_has_every_text() {
    let path = root().join("docs/messages.md");
    let help = help();
    let errors = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let texts = sources::all(&root(), &format!("{errors}{help}"));
    let page = format!("{HEAD}{help}{texts}");
    if std::env::var_os("BANKEZY_WRITE_ERRORS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(path).unwrap_or_default();
    let differs = written.lines().zip(page.lines()).find(|(a, b)| a != b);
    assert!(
        written == page,
        "docs/messages.md is out of date, first at {differs:?}: run with BANKEZY_WRITE_ERRORS=1"
    );
}

/// What commands say about themselves, then each flag once with the commands that have it, then the text after the
/// flags.
fn help() -> String {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let commands = scope::commands(&program);
    let mut page = "\n## Help\n\n| command | what it does |\n|---|---|\n".to_owned();
    for (words, command) in &commands {
        let about = command.get_about().unwrap_or_default();
        let _ = writeln!(page, "| `{}` | {about} |", name(words));
    }
    page.push_str("\n| argument | help | commands |\n|---|---|---|\n");
    let mut arguments: Vec<([String; 2], Vec<&str>)> = Vec::new();
    for (words, command) in &commands {
        for arg in command.get_arguments() {
            let row = [arg.to_string().replace('|', "\\|"), of_arg(arg)];
            match arguments.iter_mut().find(|(known, _)| *known == row) {
                Some((_, owners)) => owners.push(words),
                None => arguments.push((row, vec![words])),
            }
        }
    }
    for ([argument, help], owners) in &arguments {
        let owners = if owners.len() == commands.len() {
            "all".to_owned()
        } else {
            owners.join(", ")
        };
        let _ = writeln!(page, "| `{argument}` | {help} | {owners} |");
    }
    let mut ends: BTreeMap<String, Vec<&Command>> = BTreeMap::new();
    let mut order = Vec::new();
    for (_, command) in &commands {
        if let Some(end) = command.get_after_help().map(ToString::to_string) {
            if !order.contains(&end) {
                order.push(end.clone());
            }
            ends.entry(end).or_default().push(command);
        }
    }
    for end in order {
        let owners: Vec<_> = ends[&end]
            .iter()
            .map(|command| command.get_name())
            .collect();
        let _ = write!(
            page,
            "\nAfter the flags of `{}`:\n```text\n{end}\n```\n",
            owners.join("`, `")
        );
    }
    page
}

fn name(words: &str) -> String {
    format!("bankezy {words}").trim_end().to_owned()
}

fn of_arg(arg: &Arg) -> String {
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let words: Vec<_> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    if !words.is_empty() && arg.get_action().takes_values() {
        let _ = write!(help, " [{}]", words.join(", "));
    }
    let defaults = arg.get_default_values();
    if let [default] = defaults
        && arg.get_action().takes_values()
    {
        let _ = write!(help, " [default: {}]", default.display());
    }
    help.replace('|', "\\|")
        .replace('<', "\\<")
        .replace('\n', " ")
}
