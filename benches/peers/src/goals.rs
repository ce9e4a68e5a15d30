//! What the default backend is to reach, and whether it did.

use std::fmt;

use crate::josekit;
use crate::row::{Op, Row, SMALL, find};
use crate::table::size;

const DEFAULT_BACKEND: &str = "aws-lc-rs";
const LARGE: [usize; 2] = [64 << 10, 1 << 20];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    /// Times as long as something that cannot be beaten.
    AtMost(f64),
    /// Times as fast as something else.
    AtLeast(f64),
}

pub(crate) struct Goal {
    name: String,
    bound: Bound,
    /// `None` where the run has no such row or peer.
    measured: Option<f64>,
}

/// Every goal, met or not.
pub(crate) fn goals(rows: &[Row]) -> Vec<Goal> {
    let row = |op, bytes| find(rows, op, bytes, DEFAULT_BACKEND);
    let floor = |op: Op, bytes, most| Goal {
        name: format!("{op} {}, times its floor", size(bytes)),
        bound: Bound::AtMost(most),
        measured: row(op, bytes).map(|row| row.ours_ns / row.floor_ns),
    };
    let peer = |op: Op, bytes, least| Goal {
        name: format!("{op} {}, times as fast as josekit", size(bytes)),
        bound: Bound::AtLeast(least),
        measured: row(op, bytes).and_then(|row| Some(row.peers.get(josekit::NAME)? / row.ours_ns)),
    };
    let threads = |op: Op| Goal {
        name: format!("{op} {}, times as fast as one", size(SMALL)),
        bound: Bound::AtLeast(1.9),
        measured: row(op, SMALL).map(|row| 2.0 * row.floor_ns / row.ours_ns),
    };

    let into = [Op::SealInto, Op::OpenInto];
    let whole = [Op::Seal, Op::Open];
    let mut goals = Vec::from(into.map(|op| floor(op, SMALL, 1.35)));
    goals.extend(
        LARGE
            .iter()
            .flat_map(|&bytes| into.map(|op| floor(op, bytes, 1.2))),
    );
    goals.push(peer(Op::Seal, SMALL, 9.0));
    goals.push(peer(Op::Open, SMALL, 7.0));
    goals.extend(
        LARGE
            .iter()
            .flat_map(|&bytes| whole.map(|op| peer(op, bytes, 6.0))),
    );
    goals.push(floor(Op::OpenRsaOaep256, SMALL, 1.05));
    goals.push(floor(Op::OpenEcdhEs, SMALL, 1.05));
    goals.push(threads(Op::SealTwoThreads));
    goals.push(threads(Op::OpenTwoThreads));
    goals
}

impl Goal {
    /// What is printed is what is judged.
    fn measured(&self) -> Option<f64> {
        self.measured.map(|measured| (measured * 1e3).round() / 1e3)
    }

    fn verdict(&self) -> &'static str {
        let met = self.measured().map(|measured| match self.bound {
            Bound::AtMost(most) => measured <= most,
            Bound::AtLeast(least) => measured >= least,
        });
        match met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "not measured",
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = match self.bound {
            Bound::AtMost(most) => format!("at most {most}"),
            Bound::AtLeast(least) => format!("at least {least}"),
        };
        let measured = match self.measured() {
            Some(measured) => format!("{measured:.3}"),
            None => "-".to_owned(),
        };
        let verdict = self.verdict();
        write!(f, "{:<42} {bound:>13}: {measured:>7}  {verdict}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(ours_ns: f64) -> Vec<(String, &'static str)> {
        let row = |op, bytes| Row {
            op,
            bytes,
            backend: DEFAULT_BACKEND.to_owned(),
            ours_ns,
            floor_ns: 100.0,
            peers: [(josekit::NAME.to_owned(), 900.0)].into(),
        };
        let rows = [
            row(Op::SealInto, 512),
            row(Op::Seal, 512),
            row(Op::SealTwoThreads, 512),
        ];
        goals(&rows)
            .into_iter()
            .map(|goal| {
                let verdict = goal.verdict();
                (goal.name, verdict)
            })
            .filter(|(_, verdict)| *verdict != "not measured")
            .collect()
    }

    #[test]
    fn a_goal_missed_says_so() {
        let names = [
            "seal_into 512 B, times its floor",
            "seal 512 B, times as fast as josekit",
            "seal_2_threads 512 B, times as fast as one",
        ];
        for (ours_ns, expected) in [
            (100.0, ["met", "met", "met"]),
            (101.0, ["met", "MISSED", "met"]),
            (106.0, ["met", "MISSED", "MISSED"]),
            (136.0, ["MISSED", "MISSED", "MISSED"]),
        ] {
            let expected: Vec<_> = names.map(str::to_owned).into_iter().zip(expected).collect();
            assert_eq!(verdicts(ours_ns), expected, "{ours_ns}");
        }
        assert_eq!(goals(&[]).len(), 16);
    }
}
