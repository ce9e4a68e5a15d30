//! The command line of `bankezy-crypto`, which uses its public API only.
//!
//! Exit codes: 0 done, 1 the operation failed, 2 wrong usage, 3 the server may have executed the call.

#![allow(
    rustdoc::bare_urls,
    reason = "the comments of arguments are what --help prints"
)]

mod answer;
mod args;
mod beside;
mod call;
mod demo;
mod diagnose;
mod failure;
mod files;
mod fleet;
mod inspect;
mod key_forms;
mod keygen;
mod keys;
#[cfg(test)]
mod leaks_tests;
mod lines;
mod man;
mod members;
mod messages;
mod octet_text;
mod other_kind;
mod plain_json;
mod pretty;
mod private_text;
mod remote;
mod renew;
mod sandbox;
mod scope;
mod session;
mod settings;
mod shown;
mod streams;
#[cfg(test)]
mod texts_tests;
mod token;
mod transport;
mod usage;
mod values;
mod vectors;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory as _;

use args::{Args, Command, ConfigCommand, Provider};
use failure::Failure;
use scope::Variables;
use settings::Settings;

fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().collect();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let variables = Variables {
        names: names.collect(),
        value: &|name| std::env::var_os(name),
    };
    match done(&given, &variables) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If this cannot be written, the exit code is all that is left.
            let _ = failure.print();
            failure.exit_code()
        }
    }
}

/// Does what the arguments say.
fn done(given: &[OsString], variables: &Variables<'_>) -> Result<(), Failure> {
    let (args, settings) = settings::parse(given, variables)?;
    run(args.command, settings, variables)
}

fn run(command: Command, settings: Settings, variables: &Variables<'_>) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Token(args) => match args.provider {
            Provider::Bankezy(args) => token::run(&args, settings),
            Provider::Faceki(args) => plain_json::faceki(&args),
            Provider::Complycube(args) => plain_json::complycube(&args),
            Provider::Sardine(args) => plain_json::sardine(&args),
        },
        Command::Call(args) => call::run(&args, settings),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Fleet(args) => fleet::run(&args),
        Command::Keygen(args) => keygen::run(&args),
        Command::Seal(args) => messages::seal(&args),
        Command::Open(args) => messages::open(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Vectors(args) => vectors::run(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            let mut program =
                Args::command().mut_subcommand("man", |it| man::for_completions(it, shell));
            clap_complete::generate(shell, &mut program, "bankezy", &mut script);
            files::print(&script)
        }
        Command::Man(args) => man::run(&args),
        Command::Config(args) => match args.what {
            ConfigCommand::Example => {
                let mut program = Args::command();
                program.build();
                files::print(settings::example::text(&program).as_bytes())
            }
            ConfigCommand::Show(args) => settings::show(&args, variables),
        },
    }
}
