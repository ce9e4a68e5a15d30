//! A sealed text, changed on the way: the backends agree on it, and it opens only if nothing was
//! changed in the end.
//!
//! First the changes, as `Changes` reads them; the others are the payload.
#![no_main]

use bankezy_crypto_fuzz::{CIPHERS, Changes, DIR, SECRET, assert_agree, seal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let changes = Changes::read(input);
    let sealed = seal(SECRET, DIR.as_bytes(), &[], changes.rest);
    let text = changes.apply(&sealed);
    let answers = CIPHERS.each_ref().map(|cipher| cipher.open(&text));
    let in_place = CIPHERS.each_ref().map(|cipher| cipher.open_in_place(text.to_vec()));
    assert_agree(in_place, text != sealed.as_bytes(), changes.rest);
    assert_agree(answers, text != sealed.as_bytes(), changes.rest);
});
