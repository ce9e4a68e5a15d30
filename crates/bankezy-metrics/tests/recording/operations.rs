//! `docs/operations.md` lists all metrics.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret, Previous};
use bankezy_metrics::{Kind, METRICS, Metric, describe};
use metrics::Unit;

use crate::recorded::Recorded;

const PAGE: &str = include_str!("../../../../docs/operations.md");

/// What the metrics of `bankezy-fleet` begin with, whose own tests compare them with the page.
const OF_FLEETS: &str = "bankezy_fleet_";

fn row(metric: &Metric) -> String {
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        _ => unreachable!(),
    };
    let unit = match metric.unit {
        Some(Unit::Seconds) => "seconds",
        _ => "",
    };
    let labels: Vec<String> = metric.labels.iter().map(|it| format!("`{it}`")).collect();
    let (name, labels, help) = (metric.name, labels.join(", "), metric.help);
    format!("| `{name}` | {kind} | {unit} | {labels} | {help} |").replace("|  |", "| |")
}

#[test]
fn the_page_has_a_row_for_each_metric() {
    let rows: Vec<&str> = PAGE
        .lines()
        .filter(|line| line.starts_with("| `bankezy_") && !line.contains(OF_FLEETS))
        .collect();
    let expected: Vec<String> = METRICS.iter().map(row).collect();
    assert_eq!(rows, expected, "\n{}\n", expected.join("\n"));
}

/// In the rules, that is: an alert on a metric that does not exist never fires.
#[test]
fn the_page_names_no_other_metric() {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named: BTreeSet<&str> = PAGE
        .split(|c: char| !is_part(c))
        .filter(|word| {
            word.starts_with("bankezy_")
                && !word.starts_with(OF_FLEETS)
                && ["_total", "_seconds", "_ratio", "_bucket", "_count", "_sum"]
                    .iter()
                    .any(|end| word.ends_with(end))
        })
        .collect();
    assert!(named.len() > METRICS.len(), "{named:?}");
    for name in named {
        let series = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        let of_histogram = |it: &Metric| it.kind == Kind::Histogram && series == Some(it.name);
        let is_known = METRICS.iter().any(|it| it.name == name || of_histogram(it));
        assert!(is_known, "{name}");
    }
}

#[test]
fn each_metric_is_described() {
    let recorded = Recorded::default();
    metrics::with_local_recorder(&recorded, describe);
    let described = recorded.described();
    assert_eq!(described.len(), METRICS.len());
    for (name, (kind, unit, help)) in described {
        let metric = METRICS.iter().find(|it| it.name == name).unwrap();
        assert_eq!((kind, help.as_str()), (metric.kind, metric.help));
        assert_eq!(unit, Some(metric.unit.unwrap_or(Unit::Count)));
    }
}

/// As the runbook for a partner that still uses the old key says.
#[test]
fn promoting_the_old_key_and_then_the_new_one_moves_the_date_of_the_old_one() {
    let cipher = || PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    let minute = Duration::from_secs(60);
    let soon = SystemTime::now() + 10 * minute;
    let later = soon + 10 * minute;
    let ring = KeyRing::new("old", cipher());
    ring.rotate("new", cipher(), Previous::OpensUntil(soon))
        .unwrap();
    let sealed = ring.seal_with("old", b"{}").unwrap();
    ring.promote("old", Previous::OpensUntil(later)).unwrap();
    ring.promote("new", Previous::OpensUntil(later)).unwrap();
    assert_eq!(ring.key_ids(), ["new", "old"]);
    assert!(ring.open_at(&sealed, later - minute).is_ok());
    assert!(ring.open_at(&sealed, later + minute).is_err());
}
