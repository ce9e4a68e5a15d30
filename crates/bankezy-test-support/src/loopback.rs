//! Addresses on the loopback interface.

use std::net::{SocketAddr, TcpListener};

/// An address where nothing listens: bound once to reserve it, then released.
///
/// # Panics
/// If there is no loopback interface.
#[must_use]
pub fn vacant() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
