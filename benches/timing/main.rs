//! Whether times tell of secrets:
//! `cargo bench --features rust-crypto-private-rsa-timing-risk --bench timing`, or with `-- --times 10`
//! for ten times as many samples, `-- --times 0.1` for a tenth. `docs/timing.md` has a result and says
//! what it shows.
//!
//! It fails where something that is promised leaks with strong evidence, and where the control, a
//! comparison that stops at the first difference, is not found to leak.

mod messages;
mod secrets;
mod welch;

use std::process::ExitCode;

use welch::{Finding, SOME, STRONG};

/// What is expected of a test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The crate promises that times show nothing.
    Promise,
    /// It does not; measured to show what is kept away.
    Contrast,
    /// Must leak, or no result here can be trusted.
    Control,
}

/// Prints each finding and counts unexpected ones.
struct Report {
    times: f64,
    failures: usize,
}

impl Report {
    fn samples(&self, usual: usize) -> usize {
        (usual as f64 * self.times) as usize
    }

    fn add(&mut self, kind: Kind, name: &str, finding: Finding) {
        let t = finding.t.abs();
        let verdict = match t {
            _ if t < SOME => "no evidence",
            _ if t < STRONG => "unclear: measure again with more samples",
            _ => "LEAKS",
        };
        let failed = match kind {
            Kind::Promise => t >= STRONG,
            Kind::Contrast => false,
            Kind::Control => t < STRONG,
        };
        self.failures += usize::from(failed);
        let kind = match kind {
            Kind::Promise => "promise",
            Kind::Contrast => "contrast",
            Kind::Control => "control",
        };
        println!(
            "{kind:8}  {name:62}  {samples:8}  {t:8.2}  {difference:+10.2}  {verdict}{mark}",
            samples = finding.samples,
            difference = finding.difference,
            mark = if failed { ", WHICH FAILS" } else { "" },
        );
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    // `cargo bench` passes --bench; `cargo test --benches` does not.
    if !args.iter().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    let times = args.iter().skip_while(|arg| *arg != "--times").nth(1);
    let times = times.and_then(|times| times.parse().ok()).unwrap_or(1.0);
    println!(
        "{:8}  {:62}  {:>8}  {:>8}  {:>10}  verdict",
        "kind", "first class / second class", "samples", "|t|", "ns apart"
    );
    let mut report = Report { times, failures: 0 };
    secrets::measure(&mut report);
    messages::measure(&mut report);
    match report.failures {
        0 => ExitCode::SUCCESS,
        failures => {
            println!("{failures} not as they should be");
            ExitCode::FAILURE
        }
    }
}
