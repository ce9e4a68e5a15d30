//! What the tests show.

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
