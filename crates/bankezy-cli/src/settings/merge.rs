//! The level that a setting is taken from.

use clap::{Arg, ArgGroup, Command};

use crate::args::flag;
use crate::failure::Failure;
use crate::scope::settings_of;
use crate::values::{Value, Values};

/// The position of the environment among the levels.
pub(super) const ENVIRONMENT: usize = 2;

/// The settings of a run.
pub(super) struct Merged<'a> {
    pub(super) values: Values,
    /// What the environment gives and a flag replaces, if only one of several may be given: the variable, and the
    /// flag.
    pub(super) replaced: Vec<(&'a str, &'a str)>,
}

/// For each setting the value of the first level that has one: flags, session, environment, settings file. A group of
/// which only one may be given counts as one setting, and what cannot be used with a flag is not taken from the last
/// two. `own` belongs to the environment too: the variables that hold a secret themselves.
pub(super) fn merged<'a>(
    levels: &'a [Values; 4],
    own: &'a Values,
    command: &Command,
) -> Result<Merged<'a>, Failure> {
    let mut taken: Vec<(usize, &Arg, &'a Value)> = Vec::new();
    let (mut off, mut replaced) = (Vec::new(), Vec::new());
    for (place, level) in levels.iter().enumerate() {
        let mut found = Vec::new();
        for (arg, value) in given(command, level, (place == ENVIRONMENT).then_some(own)) {
            let name = arg.get_id().as_str();
            let mut above = taken.iter();
            let rival = above.find(|(_, other, _)| are_rivals(command, arg, other));
            if let Some((0, _, flag)) = rival
                && place == ENVIRONMENT
                && is_choice(command, arg)
                && !(is_switch(arg) && value.text == "false")
            {
                replaced.push((&*value.from, &*flag.from));
            }
            let is_excluded = |(above, other, _): &(usize, &Arg, &Value)| {
                *above == 0 && place > 1 && exclude(command, arg, other)
            };
            if rival.is_some() || taken.iter().any(is_excluded) || off.contains(&name) {
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
    // What a session says about its token is not a flag of every command that keeps it.
    let mut values = Values::new();
    for level in levels.iter().rev() {
        values.extend(level.clone());
    }
    for arg in settings_of(command) {
        values.remove(arg.get_id().as_str());
    }
    let taken = taken.into_iter();
    values.extend(taken.map(|(_, arg, value)| (arg.get_id().to_string(), value.clone())));
    Ok(Merged { values, replaced })
}

/// The values of a level for the arguments of a command, in their order.
fn given<'a, 'c>(
    command: &'c Command,
    level: &'a Values,
    own: Option<&'a Values>,
) -> Vec<(&'c Arg, &'a Value)> {
    let mut given = Vec::new();
    for arg in command.get_arguments() {
        let values = [Some(level), own].into_iter().flatten();
        let values = values.filter_map(|values| values.get(arg.get_id().as_str()));
        given.extend(values.map(|value| (arg, value)));
    }
    given
}

/// Whether two are the same, or in a group that allows only one.
fn are_rivals(command: &Command, one: &Arg, other: &Arg) -> bool {
    let mut choices = choices(command);
    one.get_id() == other.get_id() || choices.any(|group| has(&group, one) && has(&group, other))
}

/// Whether an argument is in a group that allows only one.
fn is_choice(command: &Command, arg: &Arg) -> bool {
    choices(command).any(|group| has(&group, arg))
}

fn choices(command: &Command) -> impl Iterator<Item = ArgGroup> {
    let groups = command.get_groups().cloned();
    groups.filter_map(|mut group| (!group.is_multiple()).then_some(group))
}

fn has(group: &ArgGroup, arg: &Arg) -> bool {
    group.get_args().any(|id| id == arg.get_id())
}

/// Whether two are mutually exclusive.
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

/// Whether an argument takes a file name.
pub(super) fn is_path(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    ["FILE", "PEM"].iter().any(|name| names[..] == [*name])
}
