//! Instructions that sealing and opening take, counted by callgrind: repeatable where time is not.
//!
//! `cargo bench --bench instructions` fails where one takes 1 % more than benches/instructions.txt
//! says; `cargo bench --bench instructions -- --renew` writes that file anew. It needs valgrind on
//! x86-64, which has no AVX-512: what is counted is the AVX2 path. The counts hold for the compiler
//! and the `Cargo.lock` that they were made with.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

use bankezy_crypto::{Opened, PayloadCipher, PayloadSecret};

const SIZES: [usize; 2] = [512, 64 * 1024];
const WAYS: [&str; 5] = ["seal", "seal_into", "seal_to_bytes", "open", "open_into"];
/// Messages of the short and of the long run; their difference leaves the start of the process out.
const FEW: u32 = 100;
const MANY: u32 = 600;
const ALLOWED: f64 = 1.01;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["--run", way, size, messages] => {
            run(way, size.parse().unwrap(), messages.parse().unwrap());
            ExitCode::SUCCESS
        }
        // `cargo bench` passes --bench; `cargo test --benches` does not.
        _ if !args.contains(&"--bench") => ExitCode::SUCCESS,
        _ if cfg!(not(target_arch = "x86_64")) => {
            println!("counted on x86-64 alone");
            ExitCode::SUCCESS
        }
        _ => count(args.contains(&"--renew")),
    }
}

/// What is counted.
fn run(way: &str, size: usize, messages: u32) {
    let cipher = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    let plaintext = vec![0x5a; size];
    let sealed = cipher.seal(&plaintext).unwrap();
    let (mut text, mut bytes) = (sealed.clone(), sealed.clone().into_bytes());
    let mut opened = Opened::with_capacity(size);
    for _ in 0..messages {
        match way {
            "seal" => drop(black_box(cipher.seal(black_box(&plaintext)).unwrap())),
            "seal_into" => cipher.seal_into(black_box(&plaintext), &mut text).unwrap(),
            "seal_to_bytes" => cipher
                .seal_to_bytes(black_box(&plaintext), &mut bytes)
                .unwrap(),
            "open" => drop(black_box(cipher.open(black_box(&sealed)).unwrap())),
            _ => cipher.open_into(black_box(&sealed), &mut opened).unwrap(),
        }
    }
}

fn count(renew: bool) -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let (mut found, mut too_many) = (String::new(), false);
    for way in WAYS {
        for size in SIZES {
            let now = per_message(way, size);
            writeln!(found, "{way} {size} {now}").unwrap();
            let before = kept.lines().find_map(|line| {
                let count = line.strip_prefix(&format!("{way} {size} "))?;
                count.parse::<f64>().ok()
            });
            let Some(before) = before else {
                println!("{way} {size} B: {now} instructions, nothing kept to compare with");
                too_many = true;
                continue;
            };
            let ratio = now as f64 / before;
            println!("{way} {size} B: {now} instructions, {ratio:.3} of what is kept");
            too_many |= ratio > ALLOWED;
        }
    }
    if renew {
        std::fs::write(&path, found).unwrap();
        println!("kept in benches/instructions.txt");
        return ExitCode::SUCCESS;
    }
    match too_many {
        true => {
            println!("more than 1 % over what is kept: make it faster, or renew with -- --renew");
            ExitCode::FAILURE
        }
        false => ExitCode::SUCCESS,
    }
}

fn per_message(way: &str, size: usize) -> u64 {
    let difference = collected(way, size, MANY) - collected(way, size, FEW);
    difference / u64::from(MANY - FEW)
}

/// Instructions of a whole process.
fn collected(way: &str, size: usize, messages: u32) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--run", way, &size.to_string(), &messages.to_string()])
        .output()
        .expect("valgrind has to be installed");
    let report = String::from_utf8_lossy(&output.stderr);
    report
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .unwrap_or_else(|| panic!("valgrind counted nothing:\n{report}"))
}
