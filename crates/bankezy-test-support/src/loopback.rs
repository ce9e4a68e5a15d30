//! Places on the loopback interface.

use std::net::{SocketAddr, TcpListener};

/// Where nobody listens, until somebody does: taken and given back.
///
/// # Panics
/// If there is no loopback interface.
#[must_use]
pub fn vacant() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
