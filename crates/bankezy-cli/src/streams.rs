//! Standard input, output and error. Tests that run commands in their own process have streams of their own.

use std::fs::File;
use std::io;

/// Standard input without the buffer of the standard library, which would keep a payload.
pub(crate) fn stdin() -> io::Result<File> {
    #[cfg(test)]
    return of_test::IN.with(of_test::stream);
    #[cfg(not(test))]
    unbuffered(io::stdin())
}

/// Standard output without a buffer.
pub(crate) fn stdout() -> io::Result<File> {
    #[cfg(test)]
    return of_test::OUT.with(of_test::stream);
    #[cfg(not(test))]
    unbuffered(io::stdout())
}

/// Standard error, which has no buffer.
pub(crate) fn stderr() -> impl io::Write + Send {
    #[cfg(test)]
    return of_test::error();
    #[cfg(not(test))]
    io::stderr()
}

#[cfg(all(unix, not(test)))]
fn unbuffered(stream: impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(all(windows, not(test)))]
fn unbuffered(stream: impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}

#[cfg(test)]
pub(crate) mod of_test {
    use std::cell::RefCell;
    use std::fs::File;
    use std::io;

    thread_local! {
        pub(crate) static IN: RefCell<Option<File>> = const { RefCell::new(None) };
        pub(crate) static OUT: RefCell<Option<File>> = const { RefCell::new(None) };
        pub(crate) static ERROR: RefCell<Option<File>> = const { RefCell::new(None) };
    }

    pub(super) fn stream(stream: &RefCell<Option<File>>) -> io::Result<File> {
        match &*stream.borrow() {
            Some(file) => file.try_clone(),
            None => Err(io::Error::other("no stream of this test")),
        }
    }

    pub(super) fn error() -> File {
        ERROR.with(stream).unwrap()
    }
}
