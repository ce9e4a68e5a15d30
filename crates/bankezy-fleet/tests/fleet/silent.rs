//! Connections that fall silent without breaking, and callers that do not wait for the deadline.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bankezy_fleet::{Fleet, FleetConfig};
use bankezy_test_support::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::server::Redis;
use crate::stage::{fleet, is_back_within, ms};

/// The first connections answer what sets them up, and so many commands. Then they are silent, and never end.
async fn silent_after(commands: usize, silent_connections: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let answers = if number < silent_connections {
                commands
            } else {
                usize::MAX
            };
            tokio::spawn(answer(stream, answers));
        }
    });
    address
}

async fn answer(mut stream: TcpStream, mut answers: usize) {
    let mut buffer = vec![0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let asked = String::from_utf8_lossy(&buffer[..read]).to_uppercase();
        for command in asked.split('*').skip(1) {
            let answer = if command.contains("CLIENT") {
                "+OK\r\n"
            } else if answers > 0 {
                answers -= 1;
                "+PONG\r\n"
            } else {
                ""
            };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// For callers that wait for so long each time.
async fn is_back_within_3_s(fleet: &Fleet, patience: Duration) {
    let begun = Instant::now();
    while !matches!(timeout(patience, fleet.ping()).await, Ok(Ok(()))) {
        assert!(begun.elapsed() < ms(3_000), "{:?}", fleet.health());
        sleep(ms(20)).await;
    }
}

/// A connection can be lost between its set-up and the first operation.
#[tokio::test]
async fn a_connection_that_never_answered_an_operation_is_replaced() {
    let address = silent_after(0, 1).await;
    let fleet = fleet(&format!("redis://{address}"));
    is_back_within_3_s(&fleet, Duration::from_secs(10)).await;
}

/// As behind a server that ends requests earlier.
#[tokio::test]
async fn a_silent_connection_is_replaced_also_if_no_caller_waits_for_the_deadline() {
    // One for the fleet's own sign of life.
    let address = silent_after(3, 1).await;
    let fleet = fleet(&format!("redis://{address}"));
    fleet.ping().await.unwrap();
    while timeout(ms(200), fleet.ping()).await.is_ok() {}
    is_back_within_3_s(&fleet, ms(200)).await;
}

/// Callers that give up at the same time, or with answers in between, say nothing of the store.
#[tokio::test]
async fn callers_that_give_up_do_not_make_a_store_that_answers_count_as_away() {
    let Some(redis) = Redis::start() else { return };
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    redis.freeze();
    let begun = Instant::now();
    let hasty = (0..50).map(|_| {
        let fleet = fleet.clone();
        tokio::spawn(async move { timeout(ms(100), fleet.ping()).await.is_err() })
    });
    for gave_up in hasty.collect::<Vec<_>>() {
        assert!(gave_up.await.unwrap());
    }
    redis.thaw();
    if begun.elapsed() < ms(400) {
        fleet.ping().await.unwrap();
        assert_eq!(fleet.health().failures, 0);
    }
}

/// A failure that all operations under way see is one: the first pause is 50 ms.
#[tokio::test]
async fn many_operations_that_fail_at_once_count_as_one_failure() {
    let Some(redis) = Redis::start() else { return };
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    redis.freeze();
    let pings = (0..100).map(|_| {
        let fleet = fleet.clone();
        tokio::spawn(async move { fleet.ping().await.is_err() })
    });
    for failed in pings.collect::<Vec<_>>() {
        assert!(failed.await.unwrap());
    }
    redis.thaw();
    is_back_within(&fleet, ms(300)).await;
}

/// Otherwise each connection to such a server would leave a task behind.
#[tokio::test]
async fn no_task_outlives_the_fleet_that_waits_for_a_silent_server() {
    let address = silent_after(0, usize::MAX).await;
    sleep(ms(20)).await;
    let before = Handle::current().metrics().num_alive_tasks();
    let config = FleetConfig::new(format!("redis://{address}"), "test")
        .response_deadline(ms(50))
        .connect_deadline(ms(100))
        .rest(ms(50));
    let fleet = Fleet::connect(config).unwrap();
    assert!(fleet.ping().await.is_err());
    drop(fleet);
    eventually("the tasks to end", || {
        Handle::current().metrics().num_alive_tasks() <= before
    })
    .await;
}
