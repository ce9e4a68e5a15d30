//! A forked worker never repeats its parent's nonces: under GCM one repeated nonce gives the
//! authentication key away. With random nonces it draws others, with leased ones it gets none.
#![cfg(unix)]
#![expect(unsafe_code, reason = "fork, pipe and waitpid have no safe wrapper")]

mod common;

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::FromRawFd as _;

use bankezy_crypto::{Error, NonceSource};
use common::{cipher, each_backend};

const MESSAGES: usize = 200;
/// Characters of header, dots and initialization vector.
const UP_TO_NONCE: usize = 41 + 16;

#[test]
fn parent_and_child_draw_different_nonces() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let nonces = || -> Vec<u8> {
            (0..MESSAGES)
                .flat_map(|_| {
                    cipher.seal(b"").unwrap().into_bytes()[UP_TO_NONCE - 16..UP_TO_NONCE].to_vec()
                })
                .collect()
        };
        // The parent's generator has to be running, so that the child inherits its state.
        let mut all = nonces();

        let child_nonces = in_child(&nonces);
        all.extend(nonces());
        assert_eq!(child_nonces.len(), MESSAGES * 16);
        all.extend(child_nonces);
        let distinct: HashSet<&[u8]> = all.chunks(16).collect();
        assert_eq!(
            distinct.len(),
            3 * MESSAGES,
            "a nonce repeats across the fork"
        );
    });
}

#[test]
fn a_child_gets_none_of_the_nonces_that_its_parent_leased() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_nonce_source(NonceSource::leased(1).unwrap());
        cipher.seal(b"").unwrap();
        let refused = in_child(&|| match (cipher.seal(b""), cipher.nonce_budget().used()) {
            // What was refused is not counted.
            (Err(Error::NonceLeaseForked), 1) => b"refused".to_vec(),
            _ => Vec::new(),
        });
        assert_eq!(refused, b"refused");
        cipher.seal(b"").unwrap();
    });
}

#[test]
fn a_child_goes_on_from_the_count_that_it_inherits() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_nonce_budget(5);
        for _ in 0..3 {
            cipher.seal(b"").unwrap();
        }
        let counts = in_child(&|| {
            let inherited = cipher.nonce_budget().used();
            let sealed = (0..9).filter(|_| cipher.seal(b"").is_ok()).count();
            format!("{inherited} {sealed} {}", cipher.nonce_budget().used()).into_bytes()
        });
        assert_eq!(counts, b"3 2 5");
        assert_eq!(cipher.nonce_budget().used(), 3);
    });
}

/// What `work` gives in a child of this process.
fn in_child(work: &dyn Fn() -> Vec<u8>) -> Vec<u8> {
    let mut pipe = [0; 2];
    // SAFETY: `pipe` writes two descriptors into an array of two.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    // SAFETY: both descriptors are open, and each gets one owner in each process.
    let (mut from_child, mut to_parent) =
        unsafe { (File::from_raw_fd(pipe[0]), File::from_raw_fd(pipe[1])) };
    // SAFETY: the child only seals, writes to the pipe and exits, without unwinding.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let written = to_parent.write_all(&work());
        // SAFETY: leaves without running the test harness's own exit.
        unsafe { libc::_exit(i32::from(written.is_err())) };
    }
    drop(to_parent);
    let mut answer = Vec::new();
    from_child.read_to_end(&mut answer).unwrap();
    let mut status = 0;
    // SAFETY: waits for the child made above; `status` outlives the call.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0);
    answer
}
