//! bankezy-crypto beside other JOSE libraries, and beside the bare operations that none of them can avoid.
//!
//! Exit codes: 0 measured (also where goals are missed), 1 failed, 2 wrong usage.

mod around;
mod contests;
mod floor;
mod foreign;
mod goals;
mod josekit;
mod keys;
mod machine;
mod measure;
mod ours;
mod plot;
mod results;
mod row;
mod table;
mod tasks;
mod threads;

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use bankezy_crypto::backend::AVAILABLE;
use clap::{Parser, Subcommand};

use crate::josekit::Josekit;
use crate::machine::{Machine, locked_version};
use crate::measure::Effort;
use crate::ours::Ours;
use crate::results::{Output, Results};

/// Measures bankezy-crypto beside other JOSE libraries and beside the bare operations.
#[derive(Parser)]
#[command(name = "peers", args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Writes the machine, the rows and the goals there as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only checks that everything runs: a few seconds, and figures without meaning.
    #[arg(long)]
    quick: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Draws what a run wrote: throughput.svg.
    Plot {
        /// What a run wrote.
        #[arg(long, value_name = "FILE")]
        json: PathBuf,
        /// Where to put the drawing.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Some(Command::Plot { json, out }) => plot::run(&json, &out).map_err(Into::into),
        None => measure(args.json, args.quick),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(json: Option<PathBuf>, quick: bool) -> Result<(), Box<dyn Error>> {
    let output = json.map(Output::open).transpose()?;
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let ours = AVAILABLE
        .iter()
        .map(Ours::new)
        .collect::<Result<Vec<_>, _>>()?;

    let mut machine = Machine::this();
    let mut out = std::io::stdout();
    writeln!(out, "{machine}")?;
    let josekit = Josekit::new()?;
    josekit.check(&ours)?;
    // Without the date that follows.
    let openssl = openssl::version::version().split(' ').take(2);
    let openssl = openssl.collect::<Vec<_>>().join(" ");
    let version = locked_version(josekit::NAME);
    let mut versions = vec![(josekit::NAME, format!("{version} on {openssl}"))];
    let mut foreign = Vec::new();
    for peer in foreign::ALL {
        match peer.check(&ours) {
            Ok(version) => {
                versions.push((peer.name, version));
                foreign.push(peer);
            }
            Err(error) => writeln!(out, "{} is left out: {error}", peer.name)?,
        }
    }
    for (name, version) in versions {
        writeln!(out, "{name} {version}")?;
        machine.versions.insert(name.to_owned(), version);
    }

    let mut rows = contests::run(&ours, &josekit, &effort)?;
    rows.extend(threads::run(&ours, &effort)?);
    rows.extend(tasks::run(&ours, &effort)?);
    for peer in foreign {
        eprintln!("measuring {}", peer.name);
        peer.measure(&ours, &effort, &mut rows)
            .map_err(|error| format!("{}: {error}", peer.name))?;
    }

    eprintln!("measuring the memory of ciphers");
    let goals = goals::goals(&machine, &rows, around::memory_of_ciphers());
    let results = Results {
        machine,
        rows,
        goals,
    };
    // The file first, since nothing can happen to it any more.
    if let Some(output) = output {
        output.write(&results)?;
    }
    writeln!(out, "\n{}", table::table(&results.rows)?)?;
    writeln!(out, "Goals of the default backend")?;
    for goal in &results.goals {
        writeln!(out, "{goal}")?;
    }
    Ok(())
}
