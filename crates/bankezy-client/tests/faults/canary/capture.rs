//! All that is written: traces from the whole process, and what the tests show.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;

#[derive(Clone, Default)]
pub(super) struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// For all threads: connections and the blocking client have their own.
    pub(super) fn everything() -> Self {
        let capture = Self::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(capture.clone())
            .with_ansi(false)
            .with_span_events(FmtSpan::FULL)
            .with_filter(Targets::new().with_target("bankezy_client", LevelFilter::TRACE));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::set_global_default(subscriber).unwrap();
        capture
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What is shown of values and errors, and where it came from.
#[derive(Default)]
pub(super) struct Shown(pub(super) Vec<(String, String)>);

impl Shown {
    pub(super) fn value(&mut self, from: &str, value: &dyn core::fmt::Debug) {
        self.0
            .push((from.to_owned(), format!("{value:?}\n{value:#?}")));
    }

    /// An error with all that is beneath it.
    pub(super) fn error(&mut self, from: &str, error: &(dyn core::error::Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.value(from, &error);
            self.0
                .push((from.to_owned(), format!("{error}\n{error:#}")));
            next = error.source();
        }
    }

    /// An `Ok` is shown too.
    pub(super) fn result<T: core::fmt::Debug, E: core::error::Error + 'static>(
        &mut self,
        from: &str,
        result: Result<T, E>,
    ) {
        match result {
            Ok(value) => self.value(from, &value),
            Err(error) => self.error(from, &error),
        }
    }
}
