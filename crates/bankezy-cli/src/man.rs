//! `bankezy man`: a page for each command; examples keep their lines.

use std::fs;
use std::path::Path;

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::{Args, ManArgs};
use crate::failure::Failure;
use crate::{files, shown};

const SOURCE: &str = concat!("bankezy ", env!("CARGO_PKG_VERSION"));

const EXIT_STATUS: &str = "\
.SH \"EXIT STATUS\"
.TP
0
The command succeeded.
.TP
1
The operation failed.
.TP
2
Wrong usage.
.TP
3
Of bankezy call: the server may have executed the call, and its outcome is unknown.
Ask by referenceId before you send it again.
";

pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    let pages = pages();
    if let Some(folder) = &args.out_dir {
        return write(folder, pages, args.force);
    }
    // `man token bankezy`, `man token-bankezy` and `man bankezy-token-bankezy` are the same page.
    let asked = args.page.join("-");
    let asked = asked
        .strip_prefix("bankezy-")
        .filter(|asked| is_page(asked, &pages))
        .unwrap_or(&asked);
    let found = pages.iter().find(|page| page.is(asked));
    let page = found.ok_or_else(|| unknown(asked, &pages))?;
    files::print(&page.text()?)
}

/// `bankezy man` with the names of its pages, for a completion script.
pub(crate) fn for_completions(man: Command, shell: Shell) -> Command {
    let pages = pages().into_iter();
    // They live as long as the program, as clap requires.
    let names =
        pages.filter_map(|page| Some(&*page.name.strip_prefix("bankezy-")?.to_owned().leak()));
    match shell {
        Shell::Bash | Shell::Zsh => {
            let names = PossibleValuesParser::new(names);
            man.mut_arg("page", |page| page.value_parser(names))
        }
        // For the others, clap_complete completes no values of positional arguments, but subcommands. In fish, one
        // named `man` would count as typed already.
        _ => man.disable_help_subcommand(true).subcommands(
            names
                .filter(|name| *name != "man")
                .map(|name| Command::new(name).disable_help_flag(true)),
        ),
    }
}

fn is_page(asked: &str, pages: &[Page]) -> bool {
    pages.iter().any(|page| page.is(asked))
}

fn unknown(asked: &str, pages: &[Page]) -> Failure {
    let names = pages
        .iter()
        .filter_map(|page| page.name.strip_prefix("bankezy-"));
    Failure::usage(match shown::nearest(asked, names.clone()) {
        Some(name) => format!("no man page of `{asked}`: did you mean `{name}`?"),
        None => {
            let names: Vec<_> = names.collect();
            format!("no such man page: expected one of {}", names.join(", "))
        }
    })
}

/// All pages or, where one exists that is not to be overwritten, none.
fn write(folder: &Path, pages: Vec<Page>, force: bool) -> Result<(), Failure> {
    const FLAG: &str = "--out-dir";
    fs::create_dir_all(folder).map_err(|error| files::not_written(FLAG, &error))?;
    let file = |page: &Page| folder.join(format!("{}.1", page.name));
    let exists = |page: &&Page| fs::symlink_metadata(file(page)).is_ok();
    if let Some(page) = pages.iter().find(exists).filter(|_| !force) {
        return Err(Failure::operation(format!(
            "{}.1 exists in the folder of {FLAG} and is not overwritten: name another folder, or add --force",
            page.name
        )));
    }
    for page in pages {
        files::write_public(&file(&page), FLAG, &page.text()?, force)?;
    }
    Ok(())
}

/// One command.
struct Page {
    /// Such as `bankezy-token-faceki`.
    name: String,
    command: Command,
    /// The pages of the command above it and of those below it.
    related: Vec<String>,
}

/// All pages, the program's first.
fn pages() -> Vec<Page> {
    // `bankezy help` is for the terminal.
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    collect(&program, "bankezy".to_owned(), None, &mut pages);
    pages
}

fn collect(command: &Command, name: String, above: Option<&str>, pages: &mut Vec<Page>) {
    let subs = command
        .get_subcommands()
        .map(|sub| (sub, format!("{name}-{}", sub.get_name())));
    let subs: Vec<_> = subs.collect();
    pages.push(Page {
        name: name.clone(),
        command: command.clone().display_name(name.clone()),
        related: above
            .map(str::to_owned)
            .into_iter()
            .chain(subs.iter().map(|(_, name)| name.clone()))
            .collect(),
    });
    for (sub, below) in subs {
        collect(sub, below, Some(&name), pages);
    }
}

impl Page {
    fn is(&self, asked: &str) -> bool {
        self.name.strip_prefix("bankezy-").unwrap_or_default() == asked || asked == self.name
    }

    fn text(&self) -> Result<Vec<u8>, Failure> {
        let mut text = Vec::new();
        self.render(&mut text)
            .map_err(|error| Failure::operation(format!("no man page: {error}")))?;
        Ok(text)
    }

    fn render(&self, text: &mut Vec<u8>) -> std::io::Result<()> {
        let man = Man::new(self.command.clone())
            .manual("bankezy")
            .source(SOURCE);
        man.render_title(text)?;
        man.render_name_section(text)?;
        man.render_synopsis_section(text)?;
        man.render_description_section(text)?;
        man.render_options_section(text)?;
        if self.command.has_subcommands() {
            man.render_subcommands_section(text)?;
        }
        text.extend_from_slice(EXIT_STATUS.as_bytes());
        // clap_mangen would join its lines.
        if let Some(notes) = self.command.get_after_help() {
            let notes = notes.to_string();
            let parts = notes.split_once("\n\nExamples:\n");
            let (notes, examples) = parts.unwrap_or((&notes, ""));
            text.extend_from_slice(section("NOTES", notes).as_bytes());
            if !examples.is_empty() {
                text.extend_from_slice(section("EXAMPLES", examples).as_bytes());
            }
        }
        if !self.related.is_empty() {
            let related = self
                .related
                .iter()
                .map(|name| format!(".BR {} (1)", escaped(name)));
            let related: Vec<_> = related.collect();
            text.extend_from_slice(
                format!(".SH \"SEE ALSO\"\n{}\n", related.join(" ,\n")).as_bytes(),
            );
        }
        Ok(())
    }
}

/// A text of paragraphs, and of indented lines, which are kept as they are.
fn section(title: &str, notes: &str) -> String {
    let mut roff = format!(".SH {title}\n.ad l\n.nh\n");
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
        // An empty line would add a gap.
        if line.is_empty() && !is_example {
            roff.push_str(".PP\n");
            continue;
        }
        roff.push_str(&escaped(line));
        roff.push('\n');
    }
    if is_example {
        roff.push_str(".fi\n");
    }
    roff
}

/// With escapes against roff's changes: hyphens and quotes are copied into a shell.
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
