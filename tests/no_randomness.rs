//! What happens if the operating system gives no random numbers: a filter of system calls makes `getrandom` fail in a
//! process of its own.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "prctl and _exit have no safe wrapper")]

mod common;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    Error, KeyPair, NonceSource, PayloadSecret, PrivateKeyOpener, PublicKeySealer,
};
use common::{cipher, p256, rsa_2048};

/// Names what the child does: the index of a backend and an operation.
const TASK: &str = "BANKEZY_TEST_WITHOUT_RANDOMNESS";
const DONE: i32 = 40;
const ERROR: i32 = 41;
const OTHER: i32 = 42;

/// Prepared while there are random numbers, run when there are none.
type Operation = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// Sealed by a thread whose nonces have their seed.
const LATER: &str = "seal to P-256 after another message";

const OPERATIONS: [&str; 9] = [
    "generate a secret",
    "generate P-256",
    "seal",
    "lease nonces",
    "seal to P-256",
    LATER,
    "seal to RSA",
    "open with RSA",
    "generate RSA",
];

/// `None` where the build does not do that: private RSA on the crate `rsa`, leased nonces on the FIPS module.
fn prepare(name: &str, backend: &'static Backend) -> Option<Operation> {
    let sealer = |pair: &KeyPair| PublicKeySealer::with_backend(pair.public_key(), backend);
    Some(match name {
        "generate a secret" => Box::new(|| PayloadSecret::generate().map(drop)),
        "generate P-256" => Box::new(|| KeyPair::generate_with_backend(backend).map(drop)),
        "seal" => {
            let cipher = cipher(backend);
            Box::new(move || cipher.seal(b"").map(drop))
        }
        "lease nonces" if cfg!(feature = "fips") => return None,
        "lease nonces" => Box::new(|| NonceSource::leased(1).map(drop)),
        "seal to P-256" | LATER => {
            let sealer = sealer(&p256(backend)).unwrap();
            Box::new(move || sealer.seal(b"").map(drop))
        }
        "seal to RSA" => {
            let sealer = sealer(&rsa_2048(backend)?).unwrap();
            Box::new(move || sealer.seal(b"").map(drop))
        }
        "open with RSA" => {
            let pair = rsa_2048(backend)?;
            let sealed = sealer(&pair).unwrap().seal(b"").unwrap();
            let opener = PrivateKeyOpener::new(pair);
            Box::new(move || opener.open(sealed).map(drop))
        }
        _ => {
            rsa_2048(backend)?;
            Box::new(|| KeyPair::generate_rsa_with_backend(2048, backend).map(drop))
        }
    })
}

#[test]
fn without_random_numbers_there_is_an_error_and_no_weak_key() {
    for (index, backend) in AVAILABLE.iter().enumerate() {
        for name in OPERATIONS {
            if prepare(name, backend).is_none() {
                continue;
            }
            let status = run(index, name);
            let case = format!("{name} on {}: {status}", backend.name());
            let fips = cfg!(feature = "fips");
            let code = match (backend.name(), name) {
                // AWS-LC aborts the process where its own generator gets no seed. The FIPS module has its
                // seed once it made a nonce; it is asked for secrets too, and to blind RSA.
                ("aws-lc-rs", "generate P-256" | "generate RSA") => None,
                ("aws-lc-rs", LATER) if fips => Some(DONE),
                ("aws-lc-rs", LATER) => None,
                ("aws-lc-rs", "generate a secret" | "open with RSA") if fips => None,
                _ => Some(ERROR),
            };
            assert_eq!(status.code(), code, "{case}");
            let signal = code.is_none().then_some(libc::SIGABRT);
            assert_eq!(status.signal(), signal, "{case}");
        }
    }
}

fn run(index: usize, name: &str) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child"])
        .env(TASK, format!("{index} {name}"))
        .output()
        .unwrap()
        .status
}

/// Does nothing unless [`run`] started it.
#[test]
fn the_child() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let (index, name) = task.split_once(' ').unwrap();
    let backend = &AVAILABLE[index.parse::<usize>().unwrap()];
    let operation = prepare(name, backend).unwrap();
    let is_later = name == LATER;
    // A thread of its own: the generators of this one may have their seeds.
    let thread = std::thread::spawn(move || {
        if is_later {
            cipher(backend).seal(b"").unwrap();
        }
        refuse_randomness();
        operation()
    });
    let done = thread.join().unwrap();
    let code = match done {
        Ok(()) => DONE,
        Err(Error::Randomness) => ERROR,
        Err(_) => OTHER,
    };
    // SAFETY: ends the process at once; AWS-LC's clean-up at exit wants random numbers too.
    unsafe { libc::_exit(code) };
}

/// From here on, `getrandom` fails with `EIO` on this thread and on those that it starts.
fn refuse_randomness() {
    let statement = |code: u32, jt, jf, k| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt,
        jf,
        k,
    };
    let getrandom = u32::try_from(libc::SYS_getrandom).unwrap();
    let eio = u32::try_from(libc::EIO).unwrap();
    let mut filter = [
        // The number of the system call is the first word of what a filter looks at.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, getrandom),
        statement(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | eio,
        ),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: both calls only read their arguments, and `program` and its filter outlive them.
    let set = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            ) == 0
    };
    assert!(set, "no filter of system calls");
}
