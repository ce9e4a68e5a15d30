//! Which level a setting is taken from.

use clap::{Arg, ArgGroup, Command};

use crate::args::flag;
use crate::failure::Failure;
use crate::scope::settings_of;
use crate::values::{Value, Values};

/// Of each setting the value of the first level that has one: flags, session, environment, settings file. Of a
/// group of which one may be given it is one, and what cannot be used with a flag is not taken from the last two.
pub(super) fn merged(levels: &[Values; 4], command: &Command) -> Result<Values, Failure> {
    let mut taken: Vec<(usize, &Arg, &Value)> = Vec::new();
    let mut off = Vec::new();
    for (place, level) in levels.iter().enumerate() {
        let mut found = Vec::new();
        for arg in command.get_arguments() {
            let name = arg.get_id().as_str();
            let Some(value) = level.get(name) else {
                continue;
            };
            let is_hidden = taken.iter().any(|(above, other, _)| {
                let is_flag = *above == 0 && place > 1;
                are_rivals(command, arg, other) || is_flag && exclude(command, arg, other)
            });
            if is_hidden || off.contains(&name) {
                continue;
            }
            // A switch that is off hides lower levels of itself, not of its group.
            if is_switch(arg) && !is_on(name, value)? {
                off.push(name);
                continue;
            }
            if !is_path(arg) && value.text.to_str().is_none() {
                let from = &value.from;
                return Err(Failure::usage(format!("the value of {from} is not UTF-8")));
            }
            found.push((place, arg, value));
        }
        for (_, arg, _) in &found {
            let rivals = found.iter();
            let rivals = rivals.filter(|(_, other, _)| are_rivals(command, arg, other));
            let rivals: Vec<_> = rivals.map(|(_, _, value)| &*value.from).collect();
            if rivals.len() > 1 {
                let rivals = rivals.join(", ");
                return Err(Failure::usage(format!("give only one of {rivals}")));
            }
        }
        taken.extend(found);
    }
    // What a session says of its token is no flag of every command that keeps it.
    let mut merged = Values::new();
    for level in levels.iter().rev() {
        merged.extend(level.clone());
    }
    for arg in settings_of(command) {
        merged.remove(arg.get_id().as_str());
    }
    let taken = taken.into_iter();
    merged.extend(taken.map(|(_, arg, value)| (arg.get_id().to_string(), value.clone())));
    Ok(merged)
}

/// Whether two are the same, or in a group of which one may be given.
fn are_rivals(command: &Command, one: &Arg, other: &Arg) -> bool {
    let has = |group: &ArgGroup, arg: &Arg| group.get_args().any(|id| id == arg.get_id());
    let mut groups = command.get_groups().cloned();
    one.get_id() == other.get_id()
        || groups.any(|mut group| !group.is_multiple() && has(&group, one) && has(&group, other))
}

/// Whether two cannot be used together.
fn exclude(command: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |one, other: &Arg| {
        let excluded = command.get_arg_conflicts_with(one);
        excluded.iter().any(|arg| arg.get_id() == other.get_id())
    };
    excludes(one, other) || excludes(other, one)
}

fn is_on(name: &str, value: &Value) -> Result<bool, Failure> {
    match value.text.to_str() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(Failure::usage(format!(
            "invalid value for `{}` (from {}): expected true or false",
            flag(name),
            value.from
        ))),
    }
}

pub(super) fn is_switch(arg: &Arg) -> bool {
    !arg.get_action().takes_values()
}

/// Whether an argument takes the name of a file.
pub(super) fn is_path(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    ["FILE", "PEM"].iter().any(|name| names[..] == [*name])
}
