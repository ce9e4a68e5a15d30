//! `fips_mode` says what the process was built with.

use bankezy_crypto::backend::{fips_mode, require_fips_mode};
use bankezy_crypto::{Error, NonceSource};

#[test]
fn fips_mode_is_what_the_build_has() {
    let built = cfg!(feature = "fips");
    assert_eq!(fips_mode(), built);
    let required = require_fips_mode();
    match built {
        true => assert_eq!(required, Ok(())),
        false => assert!(
            matches!(required, Err(Error::Unsupported { needs, .. }) if needs.contains("fips"))
        ),
    }
}

/// Two ways to make nonces under one key are not allowed (NIST SP 800-38D section 8.2).
#[test]
fn nonces_are_leased_only_where_no_module_makes_them() {
    let leased = NonceSource::leased(7);
    if cfg!(feature = "fips") {
        assert_eq!(leased.unwrap_err().code(), "backend.unsupported");
    } else {
        assert!(leased.is_ok());
    }
}
