//! Keys that rotate in step over processes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use bankezy_crypto::{Error, PayloadSecret};
use bankezy_fleet::{Fleet, FleetError, KeyFiles, RotationSettings};
use bankezy_test_support::eventually;
use tokio::time::sleep;

use crate::children::{Process, pause, say, setting};
use crate::server::{Folder, Redis};
use crate::stage::{config, fleet, ms};

/// How long a key that was replaced still opens.
const OVERLAP: Duration = Duration::from_secs(4);

/// A folder as Kubernetes mounts a secret: files are links into `..data`, which is swapped as a whole.
pub(crate) struct Mounted(Folder);

impl Mounted {
    pub(crate) fn new(keys: &[(&str, &PayloadSecret)]) -> Self {
        let mounted = Self(Folder::new("keys"));
        mounted.swap(keys);
        mounted
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.0
    }

    pub(crate) fn swap(&self, keys: &[(&str, &PayloadSecret)]) {
        let mut versions = (0..).map(|number| format!("..version-{number}"));
        let is_new = |version: &String| !self.path().join(version).exists();
        let version = versions.find(is_new).unwrap();
        let folder = self.path().join(&version);
        fs::create_dir(&folder).unwrap();
        for (id, secret) in keys {
            let text = secret.to_base64url();
            fs::write(folder.join(id), format!("{}\n", text.as_str())).unwrap();
        }
        let next = self.path().join("..next");
        symlink(&version, &next).unwrap();
        fs::rename(&next, self.path().join("..data")).unwrap();
        for (id, _) in keys {
            let link = self.path().join(id);
            if fs::symlink_metadata(&link).is_err() {
                symlink(format!("..data/{id}"), link).unwrap();
            }
        }
        for entry in fs::read_dir(self.path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !name.starts_with('.') && !keys.iter().any(|(id, _)| *id == name) {
                fs::remove_file(self.path().join(name)).unwrap();
            }
        }
    }
}

pub(crate) async fn open(store: &str, folder: &Path) -> Result<KeyFiles, FleetError> {
    let settings = RotationSettings::default().overlap(OVERLAP);
    fleet(store).key_files("bank", folder, "k1", settings).await
}

/// With the default overlap.
pub(crate) async fn open_with(url: &str, folder: &Mounted, heartbeat: Duration) -> KeyFiles {
    let fleet = Fleet::connect(config(url).heartbeat(heartbeat)).unwrap();
    let settings = RotationSettings::default();
    let keys = fleet.key_files("bank", folder.path(), "k1", settings);
    keys.await.unwrap()
}

/// A process of the fleet: says its keys, the one it seals with first, whenever it is asked.
pub(crate) async fn serves() {
    let keys = open(&setting("STORE"), Path::new(&setting("FOLDER"))).await;
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => {
            say(error.code());
            return;
        }
    };
    loop {
        say(keys.ring().key_ids().join(" "));
        // Not on the runtime's threads alone, which poll the files meanwhile.
        tokio::task::block_in_place(pause);
    }
}

fn start(redis: &Redis, folder: &Mounted) -> Process {
    let folder = folder.path().to_str().unwrap();
    Process::start(
        "rotates",
        &[("STORE", redis.url().as_str()), ("FOLDER", folder)],
    )
}

fn asked(process: &mut Process) -> String {
    process.go();
    process.says()
}

pub(crate) fn secrets() -> [PayloadSecret; 2] {
    [0, 1].map(|_| PayloadSecret::generate().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_seals_nowhere_before_it_opens_everywhere() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let folders: Vec<_> = (0..3).map(|_| Mounted::new(&[("k1", &one)])).collect();
    let mut processes: Vec<_> = folders.iter().map(|folder| start(&redis, folder)).collect();
    processes
        .iter_mut()
        .for_each(|it| assert_eq!(it.says(), "k1"));
    let own = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    // The file arrives everywhere but in the last process.
    own.swap(&[("k1", &one), ("k2", &two)]);
    folders[..2]
        .iter()
        .for_each(|it| it.swap(&[("k1", &one), ("k2", &two)]));
    let refused = keys.promote("k2", ms(1_500)).await;
    assert!(
        matches!(refused, Err(FleetError::NotReported { missing: 1 })),
        "{refused:?}"
    );
    assert_eq!(asked(&mut processes[0]), "k1 k2");
    assert_eq!(keys.ring().key_ids(), ["k1", "k2"]);
    folders[2].swap(&[("k1", &one), ("k2", &two)]);
    keys.promote("k2", Duration::from_secs(10)).await.unwrap();
    for process in &mut processes {
        let until = Instant::now() + ms(3_000);
        while asked(process) != "k2 k1" {
            assert!(Instant::now() < until);
            sleep(ms(50)).await;
        }
    }
    // A key whose file is gone is retired.
    own.swap(&[("k2", &two)]);
    eventually("k1 to be retired", || keys.ring().key_ids() == ["k2"]).await;
    // The secrets are nowhere in the store.
    for secret in [&one, &two] {
        let text = secret.to_base64url();
        let report = format!(
            "{:?}",
            redis.ask(&["HGETALL", "test:{members}:reports"]).unwrap()
        );
        assert!(report.contains("k2") && !report.contains(text.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_in_the_middle_is_waited_for_until_it_counts_as_gone() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let behind = Mounted::new(&[("k1", &one)]);
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let mut process = start(&redis, &behind);
    assert_eq!(process.says(), "k1");
    let keys = open(&redis.url(), own.path()).await.unwrap();
    process.kill();
    let missing = Err(FleetError::NotReported { missing: 1 });
    assert_eq!(keys.promote("k2", ms(0)).await, missing);
    let begun = Instant::now();
    keys.promote("k2", Duration::from_secs(10)).await.unwrap();
    // Three heartbeats of 300 ms.
    assert!(begun.elapsed() < ms(2_500), "{:?}", begun.elapsed());
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    // It starts again with its old files: it does not serve with a key that the fleet no longer seals with.
    let mut process = start(&redis, &behind);
    assert_eq!(process.says(), "fleet.no_newest_key");
    behind.swap(&[("k1", &one), ("k2", &two)]);
    let mut process = start(&redis, &behind);
    assert_eq!(process.says(), "k2 k1");
}

#[tokio::test]
async fn a_key_that_was_replaced_opens_until_its_time_and_its_file_does_not_bring_it_back() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let sealed = keys.ring().seal(b"").unwrap();
    keys.promote("k2", Duration::from_secs(10)).await.unwrap();
    let promoted = Instant::now();
    assert!(keys.ring().open(&sealed).is_ok());
    eventually("the old key to expire", || keys.ring().key_ids() == ["k2"]).await;
    assert!(promoted.elapsed() > OVERLAP - ms(500));
    // Two heartbeats later it is not back.
    sleep(ms(700)).await;
    assert_eq!(keys.ring().key_ids(), ["k2"]);
    assert!(keys.ring().open(&sealed).is_err() && keys.budget("k1").is_none());
}

#[tokio::test]
async fn by_force_a_key_is_promoted_at_once_and_a_lost_name_turns_nothing_back() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let [one, two] = secrets();
    let (own, behind) = (
        Mounted::new(&[("k1", &one), ("k2", &two)]),
        Mounted::new(&[("k1", &one)]),
    );
    let other = open(&redis.url(), behind.path()).await.unwrap();
    let keys = open(&redis.url(), own.path()).await.unwrap();
    assert!(keys.promote("k2", ms(100)).await.is_err());
    keys.promote_by_force("k2").await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    assert_eq!(other.ring().key_ids(), ["k1"]);
    // The store loses all of it, as in a failover: what seals here goes on to seal.
    redis.kill();
    keys.ring().seal(b"").unwrap();
    redis.restart();
    while keys.refresh().await.is_err() {
        sleep(ms(20)).await;
    }
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
}

#[tokio::test]
async fn a_file_that_is_no_key_is_named_and_its_text_is_not() {
    let Some(redis) = Redis::start() else { return };
    let folder = Folder::new("keys");
    fs::write(folder.0.join("k1"), "hunter2").unwrap();
    let error = open(&redis.url(), &folder.0).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("k1") && !text.contains("hunter2"), "{text}");
}

/// A name that no file has would keep every process from starting again.
#[tokio::test]
async fn a_key_that_this_process_lacks_is_not_promoted_even_by_force() {
    let Some(redis) = Redis::start() else { return };
    let [one, _] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let unknown = FleetError::Key(Error::UnknownKeyId);
    assert_eq!(keys.promote_by_force("k3").await, Err(unknown.clone()));
    assert_eq!(keys.promote("k3", ms(300)).await, Err(unknown));
    // Nor when this member's report has expired.
    redis.number(&["DEL", "test:{members}"]);
    assert!(keys.promote("k3", ms(0)).await.is_err());
    assert_eq!(redis.keys("*newest"), [""; 0]);
    let _again = open(&redis.url(), own.path()).await.unwrap();
}

/// The store's clock was ahead when the last key was named, and has been set back.
#[tokio::test]
async fn a_key_is_promoted_after_the_clock_of_the_store_was_set_back() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let name = |value: &str| redis.number(&["HSET", "test:{members}:newest", "bank", value]);
    let ahead = "33000000000000|k2";
    name(ahead);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    keys.promote("k1", ms(3_000)).await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k1", "k2"]);
    // The name is lost as well.
    redis.number(&["DEL", "test:{members}:newest"]);
    keys.promote("k2", Duration::MAX).await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    // One that no clock of a server says is none.
    name("99999999999999999|k1");
    keys.refresh().await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
}

/// Two keys named within a millisecond: all processes end with the same one.
#[tokio::test]
async fn two_promotes_at_once_end_with_one_key_everywhere() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let three = PayloadSecret::generate().unwrap();
    let own = Mounted::new(&[("k1", &one), ("k2", &two), ("k3", &three)]);
    let all = [
        open(&redis.url(), own.path()).await.unwrap(),
        open(&redis.url(), own.path()).await.unwrap(),
    ];
    for _ in 0..20 {
        let (a, b) = tokio::join!(all[0].promote_by_force("k2"), all[1].promote_by_force("k3"));
        a.unwrap();
        b.unwrap();
        all[0].refresh().await.unwrap();
        all[1].refresh().await.unwrap();
        let named = redis.text(&["HGET", "test:{members}:newest", "bank"]);
        let (_, named) = named.split_once('|').unwrap();
        for keys in &all {
            assert_eq!(keys.ring().key_ids()[0], named);
        }
    }
}

/// A misspelt name in the configuration of one process.
#[tokio::test]
async fn a_process_without_its_first_key_says_so_and_no_promotion_waits_for_it() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let (behind, own) = (
        Mounted::new(&[("k1", &one)]),
        Mounted::new(&[("k1", &one), ("k2", &two)]),
    );
    // Nobody would see it as gone before three seconds.
    let config = config(&redis.url()).heartbeat(Duration::from_secs(1));
    let config = config.response_deadline(Duration::from_secs(5));
    let key_files = async |folder: &Mounted, first| {
        let fleet = Fleet::connect(config.clone()).unwrap();
        let settings = RotationSettings::default();
        fleet
            .key_files("bank", folder.path(), first, settings)
            .await
    };
    let keys = key_files(&own, "k1").await.unwrap();
    sleep(ms(3_200)).await;
    let opened = key_files(&behind, "K1").await;
    assert_eq!(opened.err(), Some(FleetError::NoFirstKey));
    keys.promote("k2", ms(1_500)).await.unwrap();
    let opened = key_files(&behind, "k1").await;
    assert_eq!(
        opened.err(),
        Some(FleetError::NoNewestKey {
            key_id: "k2".to_owned()
        })
    );
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_not_one_without_files() {
    let Some(redis) = Redis::start() else { return };
    let own = Mounted::new(&[]);
    let opened = open(&redis.url(), own.path()).await;
    assert_eq!(opened.err(), Some(FleetError::NoKeys));
    let opened = open(&redis.url(), &own.path().join("misspelt")).await;
    let expected = FleetError::KeyFolder(std::io::ErrorKind::NotFound);
    assert_eq!(opened.err(), Some(expected));
}

/// A mount that is not there is no order to retire keys.
#[tokio::test]
async fn a_folder_without_files_retires_nothing() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    own.swap(&[]);
    assert_eq!(keys.refresh().await, Err(FleetError::NoKeys));
    assert_eq!(keys.ring().key_ids(), ["k1", "k2"]);
    // A link to itself cannot be read, which does not say that its key is gone.
    own.swap(&[("k1", &one), ("k2", &two)]);
    fs::remove_file(own.path().join("k2")).unwrap();
    symlink("k2", own.path().join("k2")).unwrap();
    let error = keys.refresh().await.unwrap_err();
    assert_eq!(error.code(), "fleet.key_file");
    assert_eq!(keys.ring().key_ids(), ["k1", "k2"]);
    // A link to nothing does: that is how a mounted secret loses a file.
    fs::remove_file(own.path().join("k2")).unwrap();
    symlink("..data/nothing", own.path().join("k2")).unwrap();
    eventually("k2 to go", || keys.ring().key_ids() == ["k1"]).await;
    keys.refresh().await.unwrap();
}

/// Processes that started before and after would otherwise have two keys of one name.
#[tokio::test]
async fn a_file_whose_key_changed_is_named_and_the_key_stays() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let sealed = keys.ring().seal(b"").unwrap();
    own.swap(&[("k1", &two)]);
    let error = keys.refresh().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("k1") && text.contains("another key"),
        "{text}"
    );
    assert!(keys.ring().open(&sealed).is_ok());
    // It would not open what others seal with what the file holds now.
    let there = Mounted::new(&[("k1", &one)]);
    let other = open(&redis.url(), there.path()).await.unwrap();
    let missing = FleetError::NotReported { missing: 1 };
    assert_eq!(other.promote("k1", ms(1_500)).await, Err(missing));
    own.swap(&[("k1", &one)]);
    keys.refresh().await.unwrap();
    other.promote("k1", Duration::from_secs(5)).await.unwrap();
}

/// Files that are half written or none: named at once, and read once they are whole. What is there goes on.
#[tokio::test]
async fn a_file_that_is_not_whole_is_read_once_it_is() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let text = two.to_base64url();
    let huge = "A".repeat(1 << 20);
    let zeros = "A".repeat(43);
    for half in [
        "",
        "\n",
        &text.as_str()[..20],
        &text.as_str()[..42],
        "\0\0",
        &zeros,
        &huge,
    ] {
        fs::write(own.path().join("k2"), half).unwrap();
        let error = keys.refresh().await.unwrap_err();
        assert!(error.to_string().contains("k2"), "{error}");
        assert_eq!(keys.ring().key_ids(), ["k1"]);
    }
    fs::write(own.path().join("k2"), text.as_str()).unwrap();
    keys.refresh().await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k1", "k2"]);
}

#[tokio::test]
async fn an_overlap_without_end_is_one() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let settings = RotationSettings::default().overlap(Duration::MAX);
    let fleet = fleet(&redis.url());
    let keys = fleet.key_files("bank", own.path(), "k1", settings).await;
    let keys = keys.unwrap();
    keys.promote("k2", ms(3_000)).await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
}
