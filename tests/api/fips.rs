//! What the process says of the FIPS module is what it was built with.

use bankezy_crypto::Error;
use bankezy_crypto::backend::{fips_mode, require_fips_mode};

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
