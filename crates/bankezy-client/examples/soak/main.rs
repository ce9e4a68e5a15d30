//! Many callers, some of which give up, while the server has random faults, clocks jump and the client is
//! replaced. Checks that nothing is executed twice, that no event is lost, and that nothing leaks.
//!
//! `cargo run --release -p bankezy-client --example soak -- --seconds 600 --tasks 32 --seed 1`
//!
//! The emulator counts executions by a reference in each call's body, and the client's traces are counted by a
//! subscriber of this example. A seed repeats the choices of each caller, not how they interleave.

mod callers;
mod disturbances;
mod events;
mod ledger;
mod random;
mod report;
mod stage;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use bankezy_client::{ProviderError, Transport};
use bankezy_sandbox::{AnswerForm, Sandbox, TestClock};
use bankezy_test_support::process::{argument, memory, open_files};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use callers::{Callers, Outcomes};
use events::Events;
use ledger::Ledger;
use random::Random;
use report::{Report, Run};
use stage::Stage;

/// The last faults are met, and the last logins end, before the shutdown.
const CALM: Duration = Duration::from_secs(3);
/// Longer than any call and any login may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let now = UNIX_EPOCH.elapsed()?.as_nanos() as u64;
    let seconds = argument("--seconds", 600)?.max(20);
    let tasks = argument("--tasks", 32)?.max(9);
    let seed = argument("--seed", now)?;
    println!("{tasks} tasks for {seconds} s, --seed {seed}");

    let events = Events::of_the_process()?;
    let alive = || Handle::current().metrics().num_alive_tasks();
    let (tasks_before, files_before) = (alive(), open_files());
    let run = run(Duration::from_secs(seconds), tasks, seed).await?;

    // Everything was dropped; tasks in the background and connections end by themselves.
    let until = Instant::now() + PATIENCE;
    while (alive() > tasks_before || open_files() > files_before) && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    let mut report = Report::default();
    report.executions(&run);
    report.events(&run, &events.seen());
    report.memory(&run);
    report.back("tasks of the runtime", Some(tasks_before), Some(alive()));
    report.back("open files and sockets", files_before, open_files());
    report.activity(&run, &events.seen());
    Ok(report.end())
}

async fn run(time: Duration, tasks: u64, seed: u64) -> Result<Run, Box<dyn Error>> {
    let ledger = Ledger::default();
    let counting = ledger.clone();
    // It forgets old sessions soon: they would look like a leak. Its answers have the references that Invalidate needs.
    let builder = Sandbox::builder().answers(AnswerForm::Varied);
    let builder = builder.max_tokens(32);
    let builder = builder.on_echo(move |body| counting.executed(body));
    let sandbox = Arc::new(builder.start().await?);
    let (clock, transport) = (TestClock::default(), Transport::from(stage::client()?));
    let callers = Arc::new(Callers {
        stage: Stage::set(&sandbox, &clock, &transport)?,
        ledger: ledger.clone(),
        outcomes: Outcomes::default(),
    });

    let memory_before = memory();
    let until = Instant::now() + time.saturating_sub(CALM);
    let mut calling = JoinSet::new();
    for number in 0..tasks {
        let callers = Arc::clone(&callers);
        calling.spawn(async move { callers.run(number, seed).await });
    }
    let halfway = async {
        sleep(time / 2).await;
        memory()
    };
    let faults = disturbances::inject(&sandbox, until, Random::new(seed, tasks));
    let jumping = Random::new(seed, tasks + 1);
    let jumps = disturbances::jump(&sandbox, &clock, &transport, until, jumping);
    let (memory_halfway, faults, jumps) = tokio::join!(halfway, faults, jumps);
    let jumps = jumps?;
    sleep(CALM).await;
    let memory_after = memory();

    // The callers go on until they are refused.
    let mut shutdowns = Vec::new();
    for keeper in &callers.stage.keepers {
        let ended = keeper.shutdown().await;
        let refused = matches!(keeper.session().await, Err(ProviderError::ShutDown));
        shutdowns.push(ended.map(|()| refused));
    }
    let joining = async {
        while let Some(ended) = calling.join_next().await {
            ended?;
        }
        Ok::<_, JoinError>(())
    };
    if let Ok(joined) = timeout(PATIENCE, joining).await {
        joined?;
    }
    let hanging = calling.len();
    calling.shutdown().await;
    let pending = sandbox.faults().pending();
    let executed = sandbox.executed();
    let callers = Arc::into_inner(callers).ok_or("a caller still runs")?;
    let sandbox = Arc::into_inner(sandbox).ok_or("the emulator is still in use")?;
    sandbox.shutdown().await;
    Ok(Run {
        outcomes: callers.outcomes,
        sums: ledger.sums(),
        executed,
        shutdowns,
        hanging,
        faults,
        pending,
        jumps,
        memory: [memory_before, memory_halfway, memory_after],
    })
}
