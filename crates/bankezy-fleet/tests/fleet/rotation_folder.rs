//! A folder of key files that hangs, as one of another machine can.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bankezy_fleet::{FleetError, RotationSettings};
use bankezy_test_support::{Captured, eventually};
use tokio::time::{sleep, timeout};

use crate::rotation::{Mounted, open, secrets};
use crate::server::Redis;
use crate::stage::{fleet, ms};

/// A file that cannot be opened while this lives: Python has a lease on it, and the kernel makes others wait.
struct Lease(Child);

impl Lease {
    fn of(folder: &Mounted, file: &str) -> Option<Self> {
        let script = "import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('taken', flush=True)
sys.stdin.read()";
        let path = folder.path().join(file).canonicalize().unwrap();
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(path);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let mut said = String::new();
        let output = child.stdout.take()?;
        BufReader::new(output).read_line(&mut said).ok()?;
        (said == "taken\n").then_some(Self(child))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_process_whose_folder_hangs_follows_promotions_and_counts_as_there() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [here, there] = [(), ()].map(|()| Mounted::new(&[("k1", &one), ("k2", &two)]));
    let keys = open(&redis.url(), here.path()).await.unwrap();
    let other = open(&redis.url(), there.path()).await.unwrap();
    let Some(lease) = Lease::of(&there, "k1") else {
        return;
    };
    let refreshed = other.refresh().await.map_err(|error| error.code());
    assert_eq!(refreshed, Err("fleet.key_folder"));
    keys.promote("k2", Duration::from_secs(5)).await.unwrap();
    let begun = Instant::now();
    eventually("it to follow", || other.ring().key_ids()[0] == "k2").await;
    assert!(begun.elapsed() < ms(900), "{:?}", begun.elapsed());
    // What it replaced is not reported near its end, though no file was read since.
    sleep(Duration::from_secs(3)).await;
    let error = FleetError::NotReported { missing: 2 };
    assert_eq!(keys.promote("k1", ms(0)).await, Err(error));
    drop(lease);
    eventually("the folder", || other.ring().key_ids() == ["k2"]).await;
    other.refresh().await.unwrap();
}

/// A mount that died does not end its reads, and another one is there by then.
#[tokio::test]
async fn a_folder_that_was_swapped_is_read_while_a_read_of_the_old_one_hangs() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let Some(_lease) = Lease::of(&own, "k1") else {
        return;
    };
    assert!(keys.refresh().await.is_err());
    own.swap(&[("k1", &one), ("k2", &two)]);
    let begun = Instant::now();
    eventually("k2", || keys.ring().key_ids() == ["k1", "k2"]).await;
    // The kernel ends the lease, and with it the read, after 45 s.
    assert!(begun.elapsed() < Duration::from_secs(20));
    keys.promote("k2", Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn starts_while_the_folder_hangs_leave_few_threads() {
    let Some(redis) = Redis::start() else { return };
    let [one, _] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let fleet = fleet(&redis.url());
    let Some(_lease) = Lease::of(&own, "k1") else {
        return;
    };
    let before = threads();
    for _ in 0..20 {
        let settings = RotationSettings::default();
        let opened = fleet.key_files("bank", own.path(), "k1", settings);
        // The caller gives up.
        let _ = timeout(ms(50), opened).await;
    }
    // Those of other tests come and go.
    assert!(threads() < before + 15, "{} of {before}", threads());
}

#[tokio::test]
async fn a_promotion_does_not_wait_for_a_folder_that_hangs() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let Some(_lease) = Lease::of(&own, "k1") else {
        return;
    };
    sleep(ms(500)).await;
    let (begun, other) = (Instant::now(), keys.clone());
    let (forced, refreshed) = tokio::join!(keys.promote_by_force("k2"), other.refresh());
    assert!(forced.is_ok() && refreshed.is_err());
    assert!(begun.elapsed() < ms(2_500), "{:?}", begun.elapsed());
    assert_eq!(keys.ring().key_ids()[0], "k2");
}

/// The folder is one reason, and the key that it lacks another.
#[tokio::test]
async fn a_process_whose_folder_hangs_says_so_once_and_which_key_it_lacks() {
    let Some(redis) = Redis::start() else { return };
    let (events, _guard) = Captured::of_this_thread("bankezy_fleet");
    let [one, two] = secrets();
    let [here, there] = [(), ()].map(|()| Mounted::new(&[("k1", &one)]));
    let keys = open(&redis.url(), here.path()).await.unwrap();
    let _other = open(&redis.url(), there.path()).await.unwrap();
    let Some(lease) = Lease::of(&there, "k1") else {
        return;
    };
    here.swap(&[("k1", &one), ("k2", &two)]);
    sleep(ms(1_500)).await;
    keys.promote_by_force("k2").await.unwrap();
    sleep(ms(2_500)).await;
    let told = events.lines("WARN");
    let of = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    assert_eq!(of("cannot read the folder"), 1, "{told:#?}");
    assert_eq!(of("no file \"k2\""), 1, "{told:#?}");
    assert_eq!(told.len(), 2, "{told:#?}");
    there.swap(&[("k1", &one), ("k2", &two)]);
    drop(lease);
    eventually("both to end", || {
        let told = events.lines("INFO");
        let again = |line: &&String| line.contains("keys refreshed again");
        told.iter().filter(again).count() == 2
    })
    .await;
}
