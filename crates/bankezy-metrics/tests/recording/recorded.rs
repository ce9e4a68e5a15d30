//! A recorder of the facade that keeps everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use bankezy_metrics::{Kind, METRICS};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// A name and its labels.
type Series = (String, Vec<(String, String)>);

/// What `describe` says of a name.
type Description = (Kind, Option<Unit>, String);

/// What was recorded under this thread's recorder.
#[derive(Clone, Default)]
pub(crate) struct Recorded(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    series: BTreeMap<Series, Arc<Values>>,
    described: BTreeMap<String, Description>,
}

#[derive(Default)]
struct Values(Mutex<Vec<f64>>);

impl Values {
    fn push(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

impl CounterFn for Values {
    fn increment(&self, value: u64) {
        self.push(value as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("not used");
    }
}

impl GaugeFn for Values {
    fn increment(&self, _: f64) {
        unreachable!("not used");
    }

    fn decrement(&self, _: f64) {
        unreachable!("not used");
    }

    fn set(&self, value: f64) {
        self.push(value);
    }
}

impl HistogramFn for Values {
    fn record(&self, value: f64) {
        self.push(value);
    }
}

impl Recorded {
    /// All values of a metric whose labels have these among them.
    pub(crate) fn values(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        let mut found = Vec::new();
        for ((_, has), values) in self
            .0
            .lock()
            .unwrap()
            .series
            .iter()
            .filter(|it| it.0.0 == name)
        {
            let fits = |(key, value): &(&str, &str)| {
                has.iter().any(|label| label.0 == *key && label.1 == *value)
            };
            if labels.iter().all(fits) {
                found.extend_from_slice(&values.0.lock().unwrap());
            }
        }
        found
    }

    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.values(name, labels).iter().sum()
    }

    pub(crate) fn described(&self) -> Vec<(String, Description)> {
        let state = self.0.lock().unwrap();
        state.described.clone().into_iter().collect()
    }

    /// Names and labels of all, and the values.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for ((name, labels), values) in &self.0.lock().unwrap().series {
            writeln!(text, "{name} {labels:?} {:?}", values.0.lock().unwrap()).unwrap();
        }
        text
    }

    fn series(&self, key: &Key, kind: Kind) -> Arc<Values> {
        let label = |label: &metrics::Label| (label.key().to_owned(), label.value().to_owned());
        let labels: Vec<_> = key.labels().map(label).collect();
        let known = METRICS.iter().find(|metric| metric.name == key.name());
        let known = known.unwrap_or_else(|| panic!("{} is not in METRICS", key.name()));
        let keys: Vec<&str> = labels.iter().map(|label| label.0.as_str()).collect();
        assert_eq!(
            (known.kind, known.labels),
            (kind, &keys[..]),
            "{}",
            key.name()
        );
        let mut state = self.0.lock().unwrap();
        let values = state.series.entry((key.name().to_owned(), labels));
        Arc::clone(values.or_default())
    }

    fn describe(&self, key: &KeyName, kind: Kind, unit: Option<Unit>, text: &SharedString) {
        let mut state = self.0.lock().unwrap();
        let described = (kind, unit, text.to_string());
        let before = state.described.insert(key.as_str().to_owned(), described);
        assert!(before.is_none(), "{} is described twice", key.as_str());
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(&key, Kind::Counter, unit, &text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(&key, Kind::Gauge, unit, &text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(&key, Kind::Histogram, unit, &text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key, Kind::Counter))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series(key, Kind::Gauge))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(key, Kind::Histogram))
    }
}
