//! What has to hold, each as a line with its figures.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use bankezy_client::ProviderError;
use bankezy_sandbox::{EmulatedEndpoint, Executed};

use crate::callers::Outcomes;
use crate::disturbances::Counted;
use crate::events::Seen;
use crate::ledger::Sums;

const MIB: u64 = 1024 * 1024;
/// How much memory may grow from the middle to the end: a tenth, and what an allocator keeps.
const MAY_GROW: fn(u64) -> u64 = |middle| middle / 10 + 4 * MIB;

/// What a run leaves behind.
pub(crate) struct Run {
    pub(crate) outcomes: Outcomes,
    pub(crate) sums: Sums,
    pub(crate) executed: Executed,
    /// Of each keeper: whether calls are refused afterwards.
    pub(crate) shutdowns: Vec<Result<bool, ProviderError>>,
    /// Callers that did not end.
    pub(crate) hanging: usize,
    pub(crate) faults: Counted,
    /// Faults that no request met.
    pub(crate) pending: u64,
    pub(crate) jumps: Counted,
    /// Before, halfway and at the end.
    pub(crate) memory: [Option<u64>; 3],
}

#[derive(Default)]
pub(crate) struct Report {
    failed: u32,
}

impl Report {
    fn line(&mut self, holds: bool, text: &str) {
        self.failed += u32::from(!holds);
        println!("{}  {text}", if holds { "ok    " } else { "FAILED" });
    }

    /// Nothing was executed twice, and callers know what was executed.
    pub(crate) fn executions(&mut self, run: &Run) {
        let sums = &run.sums;
        for (what, wrong, of) in [
            ("non-idempotent calls executed twice", sums.twice, sums.once),
            (
                "calls reported as not sent but executed",
                sums.not_sent_but_executed,
                sums.not_sent,
            ),
            (
                "calls answered but not executed",
                sums.answered_but_not_executed,
                sums.answered,
            ),
        ] {
            self.line(wrong == 0, &format!("{what}: {wrong} of {of}"));
        }
        let (sum, counted) = (sums.executed, run.executed.of(EmulatedEndpoint::Echo));
        let line = format!("executions: {sum} by reference, {counted} by the emulator's counter");
        self.line(sum == counted, &line);
    }

    /// Each call has one outcome, and its events say the same.
    pub(crate) fn events(&mut self, run: &Run, seen: &Seen) {
        let of = &run.outcomes;
        let outcomes = [
            ("answered", read(&of.answered)),
            ("refused", read(&of.refused)),
            ("possibly sent", read(&of.possibly_sent)),
            ("not sent", read(&of.not_sent)),
            ("dropped before they were sent", read(&of.dropped)),
            ("dropped when possibly sent", read(&of.dropped_sent)),
        ];
        let ended: u64 = outcomes.iter().map(|(_, count)| count).sum();
        let (begun, missing) = (
            run.sums.once + run.sums.idempotent,
            run.sums.without_outcome,
        );
        let line = format!("calls: {begun}; outcomes: {ended}; without an outcome: {missing}");
        self.line(begun == ended && missing == 0, &line);
        self.counted("outcomes", &outcomes);
        let hanging = run.hanging;
        let line = format!("callers that still wait after the shutdown: {hanging}");
        self.line(hanging == 0, &line);

        let (begun, ended, dropped) = (seen.begun, seen.ended, seen.dropped);
        let line =
            format!("HTTP calls by their events: {begun} begun, {ended} ended, {dropped} dropped");
        self.line(begun == ended + dropped, &line);
        let mismatches = read(&of.mismatches);
        let line = format!("calls whose events contradict their outcome: {mismatches}");
        self.line(mismatches == 0, &line);
        if let Some(first) = of.first_mismatch.lock().unwrap().as_ref() {
            println!("        first: {first}");
        }
        let (executed, sent) = (run.executed.total(), seen.sent());
        let line = format!("requests: {executed} executed, {sent} possibly sent by their events");
        self.line(executed <= sent, &line);
    }

    pub(crate) fn memory(&mut self, run: &Run) {
        let [Some(before), Some(middle), Some(after)] = run.memory else {
            println!("        memory is not known on this system");
            return;
        };
        let mib = |bytes: u64| bytes as f64 / MIB as f64;
        let line = format!(
            "memory {:.1} MiB at the start, {:.1} in the middle, {:.1} at the end",
            mib(before),
            mib(middle),
            mib(after)
        );
        self.line(after <= middle + MAY_GROW(middle), &line);
    }

    /// What has to be back at its number before the run.
    pub(crate) fn back(&mut self, what: &str, before: Option<usize>, after: Option<usize>) {
        match (before, after) {
            (Some(before), Some(after)) => {
                let line = format!("{what}: {before} before, {after} after");
                self.line(after <= before, &line);
            }
            _ => println!("        {what} are not known on this system"),
        }
    }

    /// Each fault, jump and outcome did happen: otherwise the checks say nothing.
    pub(crate) fn activity(&mut self, run: &Run, seen: &Seen) {
        self.counted("faults met", &run.faults);
        self.line(
            run.pending == 0,
            &format!("faults not met: {}", run.pending),
        );
        self.counted("clock jumps", &run.jumps);
        let sessions = [
            ("logins", seen.logins),
            ("renewals", seen.renewals),
            ("tokens obtained", seen.tokens),
            ("failures to get a session or a token", seen.failures),
            ("invalidated", run.executed.of(EmulatedEndpoint::Invalidate)),
        ];
        self.counted("sessions", &sessions);
        let executed = |of| run.executed.of(of);
        let (logins, renewals) = (EmulatedEndpoint::GetAppToken, EmulatedEndpoint::Renew);
        let (logins, renewals) = (executed(logins), executed(renewals));
        let holds = logins >= seen.logins && renewals >= seen.renewals;
        let line = format!("executed by the server: {logins} logins, {renewals} renewals");
        self.line(holds, &line);
        let outcomes = &run.outcomes;
        let look_ups = [
            ("tokens", read(&outcomes.tokens)),
            ("failed", read(&outcomes.no_tokens)),
            ("dropped", read(&outcomes.tokens_dropped)),
        ];
        self.counted("token look-ups", &look_ups);
        let repeated = run.sums.repeated;
        let line = format!("idempotent calls executed more than once: {repeated}");
        self.line(repeated > 0, &line);
        for shutdown in &run.shutdowns {
            self.line(
                matches!(shutdown, Ok(true)),
                &format!("shutdown: {shutdown:?}"),
            );
        }
    }

    /// Holds if each of these happened.
    fn counted(&mut self, what: &str, counts: &[(&str, u64)]) {
        let each: Vec<_> = counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let holds = counts.iter().all(|(_, count)| *count > 0);
        self.line(holds, &format!("{what}: {}", each.join(", ")));
    }

    pub(crate) fn end(self) -> ExitCode {
        match self.failed {
            0 => {
                println!("passed");
                ExitCode::SUCCESS
            }
            failed => {
                println!("{failed} FAILED");
                ExitCode::FAILURE
            }
        }
    }
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
