//! Keys that rotate in step over processes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use bankezy_crypto::PayloadSecret;
use bankezy_fleet::{FleetError, KeyFiles, RotationSettings};
use bankezy_test_support::eventually;
use tokio::time::sleep;

use crate::children::{Process, pause, say, setting};
use crate::server::{Folder, Redis};
use crate::stage::{fleet, ms};

/// How long a key that was replaced still opens.
const OVERLAP: Duration = Duration::from_secs(4);

/// A folder as Kubernetes mounts a secret: files are links into `..data`, which is swapped as a whole.
struct Mounted(Folder);

impl Mounted {
    fn new(keys: &[(&str, &PayloadSecret)]) -> Self {
        let mounted = Self(Folder::new("keys"));
        mounted.swap(keys);
        mounted
    }

    fn path(&self) -> &Path {
        &self.0.0
    }

    fn swap(&self, keys: &[(&str, &PayloadSecret)]) {
        let number = fs::read_dir(self.path()).unwrap().count();
        let version = format!("..version-{number}");
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

async fn open(store: &str, folder: &Path) -> Result<KeyFiles, FleetError> {
    let settings = RotationSettings::default().overlap(OVERLAP);
    fleet(store).key_files("bank", folder, "k1", settings).await
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

fn secrets() -> [PayloadSecret; 2] {
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
    let begun = Instant::now();
    keys.promote("k2", Duration::from_secs(10)).await.unwrap();
    // Three heartbeats of 300 ms.
    assert!(begun.elapsed() < ms(2_500), "{:?}", begun.elapsed());
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    // It starts again with its old files: it does not serve with a key that the fleet no longer seals with.
    let mut process = start(&redis, &behind);
    assert_eq!(process.says(), "fleet.no_keys");
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
    assert!(keys.ring().open(&sealed).is_err());
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
    let error = open(&redis.url(), &folder.0.join("missing"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "fleet.key_file");
}
