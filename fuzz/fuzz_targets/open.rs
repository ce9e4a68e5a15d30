//! Any text: the backends agree on it, in memory of its own and elsewhere, and `Inspection` knows without a key what they say.
#![no_main]

use std::sync::LazyLock;

use bankezy_crypto::{Algorithm, Error, Inspection, Opened};
use bankezy_crypto_fuzz::{CIPHERS, DIR, SECRET, assert_hidden, seal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let inspected = Inspection::parse(text);
    let answers = CIPHERS.each_ref().map(|cipher| {
        // Dirty memory, as a worker reuses it.
        let mut opened = cipher.open(&*DIRTY).unwrap();
        let answer = cipher.open_into(text, &mut opened);
        assert!(
            answer.is_ok() || opened.as_bytes().is_empty(),
            "not emptied"
        );
        let answer = answer.map(|()| opened);
        let in_place = cipher.open_in_place(text.to_vec());
        let bytes = |opened: &Opened| opened.as_bytes().to_vec();
        assert_eq!(in_place.as_ref().map(bytes), answer.as_ref().map(bytes));
        answer
    });
    if let Err(error) = &inspected {
        assert_hidden(format_args!("{error:?} {error}"));
    }
    let profile = inspected.as_ref().map(|inspection| &inspection.profile);
    let fits = matches!(profile, Ok(Ok(Algorithm::Dir)));
    match &answers {
        [Ok(one), Ok(other)] => {
            assert_eq!(one.as_bytes(), other.as_bytes());
            assert_eq!(inspected.unwrap().ciphertext_len, one.as_bytes().len());
            assert!(fits);
        }
        [Err(one), Err(other)] => {
            assert_eq!(one, other);
            assert_eq!(*one == Error::OpenFailed, fits, "{one:?}, {profile:?}");
            assert_hidden(format_args!("{one:?} {one}"));
        }
        answers => panic!("{answers:?}"),
    }
});

static DIRTY: LazyLock<String> = LazyLock::new(|| seal(SECRET, DIR.as_bytes(), &[], &[0xa5; 64]));
