//! The memory of an emulator that has answered many calls: the short form of `.ci/sandbox-load memory`.

use super::client::{exchange, memory};
use super::server::Server;

/// It needs less than 40 MiB. A log that kept each exchange would need more than 100 MB, and sessions with a cipher each
/// 56 MiB.
#[test]
fn the_emulator_keeps_neither_all_exchanges_nor_a_cipher_for_each_session() {
    let server = Server::start("");
    exchange(&server.ready, 20_000, 10);
    let most = memory(server.child.id(), "VmHWM:").unwrap();
    assert!(most < 48 * 1024 * 1024, "{most} bytes");
}
