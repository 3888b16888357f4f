//! The lock on writing, and the one beside a file of settings.

use super::*;

impl Home {
    fn writing(&self) -> PathBuf {
        self.dir.path().join(".claude/.storage-write.lock")
    }

    async fn take_for_writing(&self) -> Result<Locks, String> {
        self.locker(QUICK).take_for_writing().await
    }
}

#[tokio::test]
async fn write_lock_is_taken_and_released() {
    let home = Home::new();
    let locks = home.take_for_writing().await.unwrap();
    assert_eq!(home.there(), [".storage-write.lock"]);
    assert!(locks.are_held_now());
    locks.release().await;
    assert_eq!(home.there(), Vec::<String>::new());
}

/// As patiently as Claude Code does: it may be writing a great deal to a slow disk.
#[tokio::test]
async fn write_lock_held_by_another_is_waited_for_7500_ms() {
    let home = Home::new();
    fs::create_dir(home.writing()).unwrap();
    let locker = home.locker(LockTimeouts::WRITING);
    let began = Instant::now();
    assert_eq!(locker.take_for_writing().await.unwrap_err(), ANOTHER_WRITES);
    assert!(began.elapsed() >= Duration::from_millis(7500), "{:?}", began.elapsed());
    locker.stop_waiting();
    let began = Instant::now();
    assert_eq!(locker.take_for_writing().await.unwrap_err(), ANOTHER_WRITES);
    assert!((700..2500).contains(&began.elapsed().as_millis()), "at the end of the program there is no time");
    fs::remove_dir(home.writing()).unwrap();
    assert!(locker.take_for_writing().await.is_ok());
}

#[tokio::test]
async fn write_lock_of_a_killed_process_is_stale_after_15_s() {
    let ages = LockTimeouts { dead_after: LockTimeouts::WRITING.dead_after, ..QUICK };
    for (secs, dead) in [(14, false), (16, true)] {
        let home = Home::new();
        fs::create_dir(home.writing()).unwrap();
        touched(&home.writing(), SystemTime::now() - Duration::from_secs(secs));
        let locker = home.locker(ages);
        let first = tokio::time::timeout(QUICK.watch * 6, locker.take_for_writing()).await;
        assert_eq!(first.is_ok_and(|taken| taken.is_ok()), dead, "{secs} s");
    }
}

#[tokio::test]
async fn write_lock_stolen_is_noticed_and_not_removed() {
    let home = Home::new();
    let locks = home.take_for_writing().await.unwrap();
    fs::remove_dir(home.writing()).unwrap();
    fs::create_dir(home.writing()).unwrap();
    assert!(!locks.are_held_now());
    locks.release().await;
    assert!(home.writing().exists(), "it is another's");
}
