//! The memory of an emulator that has answered many calls: the short form of `.ci/sandbox-load memory`.

use super::client::{exchange, memory};
use super::server::Server;

/// A log that kept each exchange would need more than 100 MB.
#[test]
fn the_emulator_needs_less_than_64_mib() {
    let server = Server::start("");
    exchange(&server.ready, 20_000, 10);
    let most = memory(server.child.id(), "VmHWM:").unwrap();
    assert!(most < 64 * 1024 * 1024, "{most} bytes");
}
