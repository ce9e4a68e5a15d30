//! Arguments that take one of some words.

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Reads one of the words, each with its value.
pub(super) fn one_of<T, const N: usize>(
    choices: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let words = choices.map(|(word, _)| word);
    PossibleValuesParser::new(words).try_map(move |given| {
        let found = choices.iter().find(|(word, _)| *word == given);
        found.map(|(_, value)| *value).ok_or("unknown")
    })
}
