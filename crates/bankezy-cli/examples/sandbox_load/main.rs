//! Memory and throughput of `bankezy sandbox` in its own process. `.ci/sandbox-load` builds and runs it.
//!
//! - `sandbox_load memory BANKEZY EXCHANGES`: fails if the emulator ever needed 64 MiB. One exchange in ten asks for a
//!   token, the others are echoes of 1,000 bytes in its session, and the log has its default size.
//! - `sandbox_load speed BANKEZY EXCHANGES ROUNDS [BEFORE]`: echoes of 1,000 bytes, with the log off and on, and
//!   against another build BEFORE, whose flags are left out. The emulators take turns; medians are printed.

mod client;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use serde_json::Value;

const MIB: f64 = 1024.0 * 1024.0;
const MOST_MEMORY: f64 = 64.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["memory", bankezy, exchanges] => memory(bankezy, exchanges.parse()?),
        ["speed", bankezy, exchanges, rounds] => {
            speed(bankezy, exchanges.parse()?, rounds.parse()?, None)
        }
        ["speed", bankezy, exchanges, rounds, before] => {
            speed(bankezy, exchanges.parse()?, rounds.parse()?, Some(before))
        }
        _ => {
            Err("usage: memory BANKEZY EXCHANGES | speed BANKEZY EXCHANGES ROUNDS [BEFORE]".into())
        }
    }
}

fn memory(bankezy: &str, exchanges: usize) -> Result<ExitCode, Box<dyn Error>> {
    const STEPS: usize = 10;
    let emulator = Emulator::start(bankezy, &[])?;
    let mut done = 0;
    println!("exchanges   resident   most so far   exchanges/s");
    loop {
        let (resident, most) = (emulator.mib("VmRSS:")?, emulator.mib("VmHWM:")?);
        print!("{done:>9}  {resident:>5.1} MiB     {most:>5.1} MiB");
        if done == exchanges {
            println!();
            let is_small = most < MOST_MEMORY;
            println!("{}", if is_small { "passed" } else { "FAILED" });
            return Ok(if is_small {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        let step = exchanges.div_ceil(STEPS).min(exchanges - done);
        let took = client::exchange(&emulator.ready, step, 10);
        println!("    {:>10.0}", step as f64 / took.as_secs_f64());
        done += step;
    }
}

/// One of those that are compared.
struct Variant {
    name: &'static str,
    emulator: Emulator,
    /// Of each round: exchanges per second, and microseconds of processor time per exchange.
    seen: Vec<[f64; 2]>,
}

impl Variant {
    fn start(name: &'static str, bankezy: &str, flags: &[&str]) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            name,
            emulator: Emulator::start(bankezy, flags)?,
            seen: Vec::new(),
        })
    }

    fn run(&mut self, exchanges: usize) -> Result<(), Box<dyn Error>> {
        let before = self.emulator.busy()?;
        let took = client::exchange(&self.emulator.ready, exchanges, exchanges);
        let busy = self.emulator.busy()? - before;
        let count = exchanges as f64;
        self.seen
            .push([count / took.as_secs_f64(), busy.as_secs_f64() * 1e6 / count]);
        Ok(())
    }

    fn medians(&self) -> [f64; 2] {
        [0, 1].map(|at| {
            let mut all: Vec<f64> = self.seen.iter().map(|seen| seen[at]).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        })
    }
}

fn speed(
    bankezy: &str,
    exchanges: usize,
    rounds: usize,
    before: Option<&str>,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut variants = vec![
        Variant::start("log off", bankezy, &["--no-log"])?,
        Variant::start("log on", bankezy, &[])?,
    ];
    if let Some(before) = before {
        variants.push(Variant::start("before", before, &[])?);
    }
    // A round to warm up, with the log filled; each round starts with another one.
    for round in 0..=rounds.max(1) {
        for turn in 0..variants.len() {
            let at = (round + turn) % variants.len();
            variants[at].run(exchanges)?;
        }
        if round == 0 {
            variants.iter_mut().for_each(|variant| variant.seen.clear());
        }
    }
    println!("medians of {rounds} rounds of {exchanges} exchanges");
    let [first, of_first] = variants[0].medians();
    for variant in &variants {
        let [per_second, busy] = variant.medians();
        println!(
            "{:<8} {per_second:>8.0} exchanges/s ({:.2} of log off)  {busy:>6.1} us on processors per exchange ({:.2})",
            variant.name,
            per_second / first,
            busy / of_first,
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A running `bankezy sandbox`.
struct Emulator {
    child: Child,
    ready: Value,
    ready_file: PathBuf,
}

impl Emulator {
    fn start(bankezy: &str, flags: &[&str]) -> Result<Self, Box<dyn Error>> {
        let name = format!("bankezy-load-{}-{}", std::process::id(), flags.concat());
        let mut path = std::env::temp_dir().join(name);
        while path.exists() {
            path.as_mut_os_string().push("-");
        }
        let child = Command::new(Path::new(bankezy))
            .args(["sandbox", "--listen", "127.0.0.1:0", "--ready-file"])
            .arg(&path)
            .args(flags)
            .stdout(Stdio::null())
            .spawn()?;
        let mut emulator = Self {
            child,
            ready: Value::Null,
            ready_file: path,
        };
        while emulator.ready.is_null() {
            if let Some(status) = emulator.child.try_wait()? {
                return Err(format!("{bankezy} ended: {status}").into());
            }
            match std::fs::read(&emulator.ready_file) {
                Ok(text) => emulator.ready = serde_json::from_slice(&text)?,
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        Ok(emulator)
    }

    fn mib(&self, line: &str) -> Result<f64, Box<dyn Error>> {
        let bytes = client::memory(self.child.id(), line);
        let bytes = bytes.ok_or("the memory of a process is known on Linux only")?;
        Ok(bytes as f64 / MIB)
    }

    /// Its processor time.
    fn busy(&self) -> Result<Duration, Box<dyn Error>> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name, which may contain blanks, fields begin with the third; time is in the 14th and 15th.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let mut ticks = 0;
        for time in fields.split_whitespace().skip(11).take(2) {
            ticks += time.parse::<u64>()?;
        }
        // A tick is 10 ms on all usual systems.
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.ready_file);
    }
}
