//! The functions that are printed for derivations, and each kind of term that is printed, so that both are compiled.
//! The terms are made by tests.

pub(crate) mod big_integer;
pub(crate) mod decimal;
pub(crate) mod hex;
#[cfg(unix)]
#[rustfmt::skip]
pub(crate) mod readings;
#[cfg(unix)]
pub(crate) mod stand_ins;
#[rustfmt::skip]
pub(crate) mod terms;
pub(crate) mod without_leading_zeros;
pub(crate) mod y_coordinate;
