//! What a text says about itself, without a key.

mod error;
mod explain;
mod jwt;
mod report;

pub use error::{InspectError, JwtPart};
pub use explain::inspect;
pub use report::{Line, Report};
