//! Ten thousand tasks that share one cipher, beside as many with a cipher of their own.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use bankezy_crypto::{PayloadCipher, PayloadSecret};
use tokio::runtime::{Builder, Runtime};

use crate::measure::{Effort, median, nanoseconds};
use crate::ours::Ours;
use crate::row::{Op, Row, SMALL, rounded};

const TASKS: usize = 10_000;
/// Messages of one task, between which it gives way to the others.
const MESSAGES: u32 = 8;

pub(crate) fn run(ours: &[Ours], effort: &Effort) -> Result<Vec<Row>, Box<dyn Error>> {
    eprintln!("measuring {TASKS} tasks");
    let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
    let mut rows = Vec::new();
    for ours in ours {
        let cipher = || {
            PayloadCipher::with_backend(&PayloadSecret::generate()?, &ours.backend).map(Arc::new)
        };
        let own = (0..TASKS)
            .map(|_| cipher())
            .collect::<Result<Vec<_>, _>>()?;
        let shared = vec![cipher()?; TASKS];
        let (mut together, mut apart) = (Vec::new(), Vec::new());
        let (mut rounds, start) = (0, Instant::now());
        while effort.goes_on(rounds, start) {
            let failed = "a task failed while it was measured";
            together.push(all(&runtime, &shared)?.ok_or(failed)?);
            apart.push(all(&runtime, &own)?.ok_or(failed)?);
            rounds += 1;
        }
        let none = "there is no sample";
        rows.push(Row {
            op: Op::SealTenThousandTasks,
            bytes: SMALL,
            backend: ours.backend.name().to_owned(),
            ours_ns: rounded(median(together).ok_or(none)?),
            floor_ns: rounded(median(apart).ok_or(none)?),
            peers: Default::default(),
        });
    }
    Ok(rows)
}

/// Nanoseconds of wall time for a message, where each task has one of `ciphers`.
fn all(runtime: &Runtime, ciphers: &[Arc<PayloadCipher>]) -> Result<Option<f64>, Box<dyn Error>> {
    let start = Instant::now();
    let tasks: Vec<_> = ciphers
        .iter()
        .cloned()
        .map(|cipher| {
            runtime.spawn(async move {
                for _ in 0..MESSAGES {
                    cipher.seal(&[0x5a; SMALL]).ok()?;
                    tokio::task::yield_now().await;
                }
                Some(())
            })
        })
        .collect();
    let mut sealed = 0;
    for task in tasks {
        if runtime.block_on(task)?.is_none() {
            return Ok(None);
        }
        sealed += MESSAGES;
    }
    Ok(Some(nanoseconds(start.elapsed(), sealed)))
}
