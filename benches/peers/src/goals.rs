//! What the default backend should reach on a class of processors, and whether it did.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::machine::{Class, Machine};
use crate::row::{Op, Row, SMALL, find};
use crate::table::size;

const DEFAULT_BACKEND: &str = "aws-lc-rs";
const LARGE: [usize; 2] = [64 << 10, 1 << 20];

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goal {
    name: String,
    bound: Bound,
    /// `None` where the run has no such row.
    measured: Option<f64>,
    met: Option<bool>,
}

/// Every goal of the machine's class, met or not; none for a machine of no class.
pub(crate) fn goals(machine: &Machine, rows: &[Row], memory_mib: Option<f64>) -> Vec<Goal> {
    let by_class = |avx2: f64, avx512: f64| match machine.class {
        Class::Avx2 => Some(avx2),
        Class::Avx512 => Some(avx512),
        Class::Other => None,
    };
    let row = |op, bytes| find(rows, op, bytes, DEFAULT_BACKEND);
    let floor = |op: Op, bytes, most| {
        let measured = row(op, bytes).map(|row| row.ours_ns / row.floor_ns);
        let name = format!("{op} {}, times its floor", size(bytes));
        Goal::new(name, Bound::AtMost(most), measured)
    };
    let around = |op: Op, what: &str, most| {
        let row = rows
            .iter()
            .find(|row| row.op == op && row.backend == DEFAULT_BACKEND);
        let measured = row.map(|row| row.ours_ns / row.floor_ns);
        Goal::new(format!("{op}, times {what}"), Bound::AtMost(most), measured)
    };
    let threads = |op: Op| {
        let measured = row(op, SMALL).map(|row| 2.0 * row.floor_ns / row.ours_ns);
        let name = format!("{op} {}, times as fast as one", size(SMALL));
        Goal::new(name, Bound::AtLeast(1.95), measured)
    };

    let (Some(tiny), Some(small), Some(large)) = (
        by_class(1.2, 1.35),
        by_class(1.1, 1.25),
        by_class(1.03, 1.1),
    ) else {
        return Vec::new();
    };
    let mut goals = Vec::new();
    for op in [Op::SealToBytes, Op::OpenInto] {
        goals.push(floor(op, 64, tiny));
        goals.push(floor(op, SMALL, small));
        goals.extend(LARGE.map(|bytes| floor(op, bytes, large)));
    }
    goals.push(floor(Op::AppendSealed, 64 << 10, 1.1));
    goals.push(floor(Op::Seal, SMALL, 1.25));
    goals.push(floor(Op::Open, SMALL, 1.35));
    goals.push(around(Op::SealJson, "to_vec and seal_to_bytes", 1.0));
    goals.push(around(Op::NewCipher, "the key set-up", 1.15));
    for op in [
        Op::SealRsaOaep256,
        Op::OpenRsaOaep256,
        Op::SealEcdhEs,
        Op::OpenEcdhEs,
    ] {
        goals.push(floor(op, SMALL, 1.05));
    }
    goals.push(threads(Op::SealTwoThreads));
    goals.push(threads(Op::OpenTwoThreads));
    let memory = Bound::AtMost(100.0);
    goals.push(Goal::new(
        "100,000 ciphers, MiB".to_owned(),
        memory,
        memory_mib,
    ));
    goals
}

impl Goal {
    /// What is printed is what is judged.
    fn new(name: String, bound: Bound, measured: Option<f64>) -> Self {
        let measured = measured.map(|measured| (measured * 1e3).round() / 1e3);
        let met = measured.map(|measured| match bound {
            Bound::AtMost(most) => measured <= most,
            Bound::AtLeast(least) => measured >= least,
        });
        Self {
            name,
            bound,
            measured,
            met,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = match self.bound {
            Bound::AtMost(most) => format!("at most {most}"),
            Bound::AtLeast(least) => format!("at least {least}"),
        };
        let measured = match self.measured {
            Some(measured) => format!("{measured:.3}"),
            None => "-".to_owned(),
        };
        let verdict = match self.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "not measured",
        };
        write!(f, "{:<42} {bound:>13}: {measured:>7}  {verdict}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(class: Class, ours_ns: f64) -> Vec<Option<bool>> {
        let row = |op, bytes| Row {
            op,
            bytes,
            backend: DEFAULT_BACKEND.to_owned(),
            ours_ns,
            floor_ns: 100.0,
            peers: Default::default(),
        };
        let rows = [
            row(Op::SealToBytes, SMALL),
            row(Op::Seal, SMALL),
            row(Op::SealTwoThreads, SMALL),
        ];
        let machine = Machine {
            class,
            ..Machine::this()
        };
        let goals = goals(&machine, &rows, None);
        let met = goals.iter().map(|goal| goal.met);
        met.filter(Option::is_some).collect()
    }

    #[test]
    fn a_goal_missed_says_so() {
        for (class, ours_ns, expected) in [
            (Class::Avx2, 100.0, [true, true, true]),
            (Class::Avx2, 110.0, [true, true, false]),
            (Class::Avx2, 111.0, [false, true, false]),
            (Class::Avx512, 111.0, [true, true, false]),
            (Class::Avx512, 126.0, [false, false, false]),
        ] {
            assert_eq!(
                verdicts(class, ours_ns),
                expected.map(Some),
                "{class} {ours_ns}"
            );
        }
        assert!(verdicts(Class::Other, 100.0).is_empty());
    }
}
