//! How long a key may be, whichever form it is written in.

use super::key_form::unmarked;
use crate::error::KeyProblem;

/// Longest key that is read, in bytes of its text: what openssl prints of an RSA-8192 key with `-text`, or a key with
/// a chain of certificates beside it, has about 22,000.
const MAX_KEY_LEN: usize = 64 * 1024;

/// Refuses a key that is empty or too long, not counting white space and a byte order mark.
pub(crate) fn check_len(key: &[u8]) -> Result<(), KeyProblem> {
    if key.len() > MAX_KEY_LEN {
        return Err(KeyProblem::TooLong { max: MAX_KEY_LEN });
    }
    if unmarked(key).trim_ascii().is_empty() {
        return Err(KeyProblem::Empty);
    }
    Ok(())
}
