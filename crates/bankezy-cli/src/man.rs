//! `bankezy man`: man pages, in which examples keep their lines.

use clap::CommandFactory as _;
use clap::builder::Resettable;

use crate::args::Args;
use crate::failure::Failure;
use crate::files;

pub(crate) fn run(subcommand: Option<&str>) -> Result<(), Failure> {
    let mut program = Args::command();
    program.build();
    let command = match subcommand.map(|name| (name, program.find_subcommand(name))) {
        None => program,
        Some((name, Some(found))) => found.clone().display_name(format!("bankezy-{name}")),
        Some((_, None)) => {
            let names: Vec<&str> = program
                .get_subcommands()
                .map(|sub| sub.get_name())
                .collect();
            let names = names.join(", ");
            return Err(Failure::usage(format!(
                "no such subcommand: expected one of {names}"
            )));
        }
    };
    // clap_mangen would run its lines together.
    let notes = command.get_after_help().map(|notes| notes.to_string());
    let command = command.after_help(Resettable::Reset);
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::operation(format!("no man page: {error}")))?;
    if let Some(notes) = notes {
        page.extend_from_slice(section(&notes).as_bytes());
    }
    files::print(&page)
}

/// A text of paragraphs, and of lines with blanks in front, which are kept as they are.
fn section(notes: &str) -> String {
    let mut roff = ".SH NOTES\n.ad l\n.nh\n".to_owned();
    let mut is_example = false;
    for line in notes.lines() {
        if line.starts_with("  ") != is_example {
            is_example = !is_example;
            roff.push_str(if is_example {
                ".PP\n.nf\n"
            } else {
                ".fi\n.PP\n"
            });
        }
        roff.push_str(&escaped(line));
        roff.push('\n');
    }
    if is_example {
        roff.push_str(".fi\n");
    }
    roff
}

/// With what roff would change: hyphens and quotes are to be copied into a shell.
fn escaped(line: &str) -> String {
    let mut escaped = if line.starts_with(['.', '\'']) {
        "\\&".to_owned()
    } else {
        String::new()
    };
    for character in line.chars() {
        match character {
            '\\' => escaped.push_str("\\(rs"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            other => escaped.push(other),
        }
    }
    escaped
}
