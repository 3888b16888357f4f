mod killed;
mod writing;

use super::*;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::MetadataExt;
use std::time::SystemTime;
use tempfile::TempDir;

/// Short, but for what must not end in the middle of a test.
const QUICK: LockTimeouts = LockTimeouts {
    wait: Duration::from_millis(60),
    dead_after: Duration::from_secs(60),
    watch: Duration::from_millis(120),
    touch_every: Duration::from_secs(5),
    settle: Duration::from_millis(20),
};

struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".claude")).unwrap();
        Self { dir }
    }

    fn locker(&self, timeouts: LockTimeouts) -> Locker {
        let source = CredentialStore::from_env(self.dir.path(), None);
        Locker::new(&source, &self.dir.path().join("locks"), timeouts, timeouts)
    }

    async fn take(&self) -> Result<Locks, String> {
        self.locker(QUICK).take().await
    }

    fn inner(&self) -> PathBuf {
        self.dir.path().join(".claude/.oauth_refresh.lock")
    }

    fn beside(&self) -> PathBuf {
        self.dir.path().join(".claude.lock")
    }

    /// The owner's locks, and what else may be left of them.
    fn there(&self) -> Vec<String> {
        let folders = [self.dir.path().to_owned(), self.dir.path().join(".claude")];
        let names = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.contains(".lock"));
        names.sort();
        names
    }
}

fn touched(path: &Path, at: SystemTime) {
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(at)).unwrap();
}

fn long_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(61)
}

/// `CLAUDE_SECURESTORAGE_CONFIG_DIR` moves the locks with what they are for.
#[cfg(not(target_os = "macos"))]
#[tokio::test]
async fn locks_follow_the_secure_storage_dir() {
    let home = Home::new();
    let kept = home.dir.path().join("kept");
    fs::create_dir(&kept).unwrap();
    let source = {
        let variables =
            holdoff_core::providers::SignInVariables { storage_dir: Some(kept.clone().into()), ..Default::default() };
        CredentialStore::of(home.dir.path(), &variables)
    };
    let locker = Locker::new(&source, &home.dir.path().join("locks"), QUICK, QUICK);
    let locks = locker.take().await.unwrap();
    assert_eq!(home.there(), ["kept.lock"], "and none of the config folder");
    assert!(kept.join(".oauth_refresh.lock").is_dir() && kept.join(".oauth_refresh.lock.owner").is_file());
    locks.release().await;
    assert_eq!(home.there(), Vec::<String>::new());
}

#[tokio::test]
async fn locks_both_are_taken_and_released() {
    let home = Home::new();
    let locks = home.take().await.unwrap();
    assert_eq!(home.there(), [".claude.lock", ".oauth_refresh.lock", ".oauth_refresh.lock.owner"]);
    assert!(locks.are_held().await);
    assert_eq!(home.take().await.unwrap_err(), ANOTHER_HOLDOFF);
    locks.release().await;
    assert_eq!(home.there(), Vec::<String>::new());
    drop(home.take().await.unwrap());
    assert_eq!(home.there(), Vec::<String>::new(), "and without a word as well");
}

#[tokio::test]
async fn locks_are_taken_both_or_neither() {
    for held in [Home::inner, Home::beside] {
        let home = Home::new();
        fs::create_dir(held(&home)).unwrap();
        let began = Instant::now();
        assert_eq!(home.take().await.unwrap_err(), ANOTHER);
        assert!(began.elapsed() >= QUICK.wait);
        assert_eq!(home.there().len(), 1, "what was taken meanwhile is given back");
        fs::remove_dir(held(&home)).unwrap();
        assert!(home.take().await.is_ok());
    }
}

#[tokio::test]
async fn lock_released_within_the_timeout_is_taken() {
    let home = Home::new();
    fs::create_dir(home.beside()).unwrap();
    let patient = home.locker(LockTimeouts { wait: Duration::from_secs(20), ..QUICK });
    let (taken, ()) = tokio::join!(patient.take(), async {
        sleep(Duration::from_millis(30)).await;
        fs::remove_dir(home.beside()).unwrap();
    });
    assert!(taken.unwrap().are_held().await);
}

#[tokio::test]
async fn locks_are_touched_while_held() {
    let home = Home::new();
    let locks = home.locker(LockTimeouts { touch_every: Duration::from_millis(10), ..QUICK }).take().await.unwrap();
    for path in [home.inner(), home.beside()] {
        let first = fs::metadata(&path).unwrap().modified().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while fs::metadata(&path).unwrap().modified().unwrap() == first {
            assert!(Instant::now() < deadline, "{} is not touched", path.display());
            sleep(Duration::from_millis(5)).await;
        }
    }
    assert!(locks.are_held().await);
}

#[tokio::test]
async fn stale_lock_is_taken_over_after_the_watch_period() {
    for held in [Home::inner, Home::beside] {
        let home = Home::new();
        fs::create_dir(held(&home)).unwrap();
        touched(&held(&home), long_ago());
        let began = Instant::now();
        let locks = home.take().await.unwrap();
        assert!(began.elapsed() >= QUICK.watch);
        assert!(locks.are_held().await);
        locks.release().await;
        assert_eq!(home.there(), Vec::<String>::new());
    }
}

/// After a sleep of the machine every lock looks dead, until its holder touches it.
#[tokio::test]
async fn stale_lock_touched_during_the_watch_period_is_live() {
    let home = Home::new();
    fs::create_dir(home.inner()).unwrap();
    touched(&home.inner(), long_ago());
    let number = fs::metadata(home.inner()).unwrap().ino();
    // It is touched long before it would be found dead, however busy the machine is.
    let locker = home.locker(LockTimeouts { watch: Duration::from_secs(10), ..QUICK });
    let (taken, ()) = tokio::join!(locker.take(), async {
        sleep(QUICK.wait).await;
        touched(&home.inner(), SystemTime::now());
    });
    assert_eq!(taken.unwrap_err(), ANOTHER);
    assert_eq!(fs::metadata(home.inner()).unwrap().ino(), number);
}

/// A clock that was set back since: that lock would never be old enough.
#[tokio::test]
async fn lock_with_a_future_mtime_is_stale_after_watching_it() {
    let home = Home::new();
    fs::create_dir(home.inner()).unwrap();
    touched(&home.inner(), SystemTime::now() + Duration::from_secs(86_400));
    let dead_after = Duration::from_secs(3);
    let locker = home.locker(LockTimeouts { dead_after, ..QUICK });
    let began = Instant::now();
    assert_eq!(locker.take().await.unwrap_err(), ANOTHER);
    sleep(dead_after.saturating_sub(began.elapsed())).await;
    assert!(locker.take().await.is_ok(), "it is remembered since when it was seen so");
}

#[tokio::test]
async fn locks_stolen_are_noticed_and_not_removed() {
    for stolen in [Home::inner, Home::beside] {
        let home = Home::new();
        let locks = home.take().await.unwrap();
        fs::remove_dir(stolen(&home)).unwrap();
        fs::create_dir(stolen(&home)).unwrap();
        assert!(!locks.are_held().await);
        locks.release().await;
        assert!(stolen(&home).exists());
        assert_eq!(home.there().len(), 1, "the other one and the record are given back");
    }
}

/// As after a sleep of the machine: another may have found them dead a moment ago.
#[tokio::test]
async fn locks_untouched_past_staleness_count_as_lost() {
    let home = Home::new();
    let sleepy = LockTimeouts { dead_after: Duration::from_secs(4), touch_every: Duration::from_millis(2800), ..QUICK };
    let locks = home.locker(sleepy).take().await.unwrap();
    assert!(locks.are_held().await);
    sleep(sleepy.dead_after).await;
    assert!(!locks.are_held().await, "not even after a late touch");
    locks.release().await;
    assert_eq!(home.there(), Vec::<String>::new());
}

#[tokio::test]
async fn lock_acquisition_cancelled_leaves_no_files() {
    let home = Home::new();
    fs::create_dir(home.beside()).unwrap();
    let locker = home.locker(LockTimeouts { wait: Duration::from_secs(60), ..QUICK });
    for millis in [0, 1, 3, 10] {
        let _ = tokio::time::timeout(Duration::from_millis(millis), locker.take()).await;
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while home.there().len() > 1 {
        assert!(Instant::now() < deadline, "{:?}", home.there());
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn stale_lock_with_many_waiters_has_one_winner() {
    let home = Home::new();
    fs::create_dir(home.inner()).unwrap();
    touched(&home.inner(), long_ago());
    let take = async || {
        // Their own locks are elsewhere, as those of another person's settings.
        let own = tempfile::tempdir().unwrap();
        let source = CredentialStore::from_env(home.dir.path(), None);
        (Locker::new(&source, own.path(), QUICK, QUICK).take().await, own)
    };
    let (a, b, c) = tokio::join!(take(), take(), take());
    let mut held = 0;
    for locks in [a.0, b.0, c.0].into_iter().flatten() {
        held += usize::from(locks.are_held().await);
    }
    assert_eq!(held, 1);
}

#[tokio::test]
async fn lock_obstacle_is_named_in_the_error() {
    let home = Home::new();
    fs::write(home.inner(), "").unwrap();
    let why = home.take().await.unwrap_err();
    assert!(why.contains("is not a lock") && why.contains(".oauth_refresh.lock"), "{why}");
    let nowhere = CredentialStore::from_env(Path::new("/nowhere/of-holdoff"), None);
    let why = Locker::new(&nowhere, &home.dir.path().join("locks"), QUICK, QUICK).take().await.unwrap_err();
    assert!(why.contains("cannot take"), "{why}");
    let locker = Locker::new(&CredentialStore::from_env(home.dir.path(), None), &home.inner(), QUICK, QUICK);
    assert!(locker.take().await.unwrap_err().contains("Holdoff's own lock"));
}

#[test]
fn lock_name_is_the_same_for_a_file_and_a_symlink_to_it() {
    let home = Home::new();
    let file = home.dir.path().join(".claude/.credentials.json");
    fs::write(&file, "{}").unwrap();
    let link = home.dir.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(own_name(&file), own_name(&link));
    assert_ne!(own_name(&file), own_name(&home.dir.path().join("other")));
}
