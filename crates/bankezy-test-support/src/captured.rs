//! Traces, as written by a subscriber to everything of one target.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;

/// The traces of one target at every level, spans among them.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Of this thread, until the guard is dropped.
    #[must_use]
    pub fn of_this_thread(target: &str) -> (Self, DefaultGuard) {
        // While there is one subscriber alone, `tracing` asks that of the thread that comes to an event first, which may
        // have none, and keeps the answer for all threads. With two it asks both.
        static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| Dispatch::new(Self::default().subscriber(target)));
        let captured = Self::default();
        let guard = tracing::subscriber::set_default(captured.subscriber(target));
        (captured, guard)
    }

    /// Of all threads. Once in a process.
    ///
    /// # Panics
    /// If the process has a subscriber already.
    #[must_use]
    pub fn of_the_process(target: &str) -> Self {
        let captured = Self::default();
        tracing::subscriber::set_global_default(captured.subscriber(target)).unwrap();
        captured
    }

    fn subscriber(&self, target: &str) -> impl Subscriber + Send + Sync + use<> {
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(self.clone())
            .with_ansi(false)
            .with_span_events(FmtSpan::FULL)
            .with_filter(Targets::new().with_target(target, LevelFilter::TRACE));
        tracing_subscriber::registry().with(layer)
    }

    /// All that was written so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The lines with this text.
    #[must_use]
    pub fn lines(&self, with: &str) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(with));
        lines.map(str::to_owned).collect()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
