//! A forked worker never repeats its parent's nonces: under GCM one repeated nonce gives the
//! authentication key away.
#![cfg(unix)]
#![expect(unsafe_code, reason = "fork, pipe and waitpid have no safe face")]

mod common;

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::FromRawFd as _;

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
            let written = to_parent.write_all(&nonces());
            // SAFETY: leaves without running the test harness's own exit.
            unsafe { libc::_exit(i32::from(written.is_err())) };
        }
        drop(to_parent);
        all.extend(nonces());
        let mut child_nonces = Vec::new();
        from_child.read_to_end(&mut child_nonces).unwrap();
        let mut status = 0;
        // SAFETY: waits for the child made above; `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!((status, child_nonces.len()), (0, MESSAGES * 16));

        all.extend(child_nonces);
        let distinct: HashSet<&[u8]> = all.chunks(16).collect();
        assert_eq!(
            distinct.len(),
            3 * MESSAGES,
            "a nonce repeats across the fork"
        );
    });
}
