use super::*;
use std::sync::Barrier;
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.lock");
    (dir, path)
}

fn take(path: &Path) -> Option<FolderLock> {
    match FolderLock::attempt(path, |_| ()).unwrap() {
        Attempt::Taken(lock) => Some(lock),
        Attempt::Held(_) => None,
    }
}

fn seen(path: &Path) -> LockStamp {
    inspect(path).unwrap().unwrap()
}

fn recover_pending(path: &Path) -> LockStamp {
    fs::create_dir(path).unwrap();
    let then = SystemTime::now() - Duration::from_secs(61);
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(then)).unwrap();
    seen(path)
}

fn names(dir: &TempDir) -> usize {
    fs::read_dir(dir.path()).unwrap().count()
}

#[test]
fn dir_lock_is_exclusive_until_released() {
    let (dir, path) = place();
    let lock = take(&path).unwrap();
    assert!(lock.is_ours() && lock.age() < Duration::from_secs(30));
    assert!(take(&path).is_none());
    drop(lock);
    assert_eq!(names(&dir), 0);
    assert!(take(&path).is_some());
}

#[test]
fn dir_lock_touch_changes_its_stamp_and_keeps_ownership() {
    let (_dir, path) = place();
    let mut lock = take(&path).unwrap();
    let before = seen(&path);
    // Longer than a tick of the clock that stamps files.
    std::thread::sleep(Duration::from_millis(20));
    assert!(lock.touch() && lock.is_ours());
    assert_ne!(seen(&path), before);
}

/// Even where the new folder is given the number of the old one, and the same time.
#[test]
fn dir_lock_replaced_by_another_is_lost_and_not_removed() {
    let (_dir, path) = place();
    for _ in 0..20 {
        let mut lock = take(&path).unwrap();
        fs::remove_dir(&path).unwrap();
        fs::create_dir(&path).unwrap();
        File::open(&path).unwrap().set_times(FileTimes::new().set_modified(lock.sight.touched)).unwrap();
        assert!(!lock.is_ours() && !lock.touch());
        drop(lock);
        assert!(path.exists());
        fs::remove_dir(&path).unwrap();
    }
}

#[test]
fn dir_lock_touched_by_another_is_lost() {
    let (_dir, path) = place();
    let lock = take(&path).unwrap();
    let other = SystemTime::now() + Duration::from_secs(1);
    File::open(&path).unwrap().set_times(FileTimes::new().set_modified(other)).unwrap();
    assert!(!lock.is_ours());
}

#[test]
fn dir_lock_clear_removes_only_the_stale_lock_it_saw() {
    let (dir, path) = place();
    let dead = recover_pending(&path);
    assert!(clear(&path, dead).unwrap());
    assert_eq!(names(&dir), 0);
    assert!(!clear(&path, dead).unwrap());
    let lock = take(&path).unwrap();
    assert!(!clear(&path, dead).unwrap() && lock.is_ours());
}

#[test]
fn dir_lock_moved_aside_while_live_is_put_back() {
    let (dir, path) = place();
    let aside = dir.path().join("aside");
    let lock = take(&path).unwrap();
    fs::rename(&path, &aside).unwrap();
    put_back(&aside, &path);
    assert!(lock.is_ours());
    fs::rename(&path, &aside).unwrap();
    let second = take(&path).unwrap();
    put_back(&aside, &path);
    assert!(second.is_ours() && !lock.is_ours());
    assert_eq!(names(&dir), 1);
}

#[test]
fn dir_lock_stale_takeover_by_many_has_one_winner() {
    let (dir, path) = place();
    for _ in 0..50 {
        let dead = recover_pending(&path);
        let start = Barrier::new(8);
        let locks: Vec<FolderLock> = std::thread::scope(|scope| {
            let contender = || {
                start.wait();
                clear(&path, dead).unwrap();
                take(&path)
            };
            let all: Vec<_> = (0..8).map(|_| scope.spawn(contender)).collect();
            all.into_iter().filter_map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(locks.iter().filter(|lock| lock.is_ours()).count(), 1);
        drop(locks);
        assert_eq!(names(&dir), 0);
    }
}

/// The owner removes what it found dead without looking again, and takes it. Whichever has it, the other sees that.
#[test]
fn dir_lock_stale_takeover_racing_the_owner_has_one_winner() {
    let (_dir, path) = place();
    for round in 0..100 {
        let dead = recover_pending(&path);
        let start = Barrier::new(2);
        let (theirs, ours) = std::thread::scope(|scope| {
            let owner = scope.spawn(|| {
                start.wait();
                std::thread::sleep(Duration::from_micros(round * 3));
                let _ = fs::remove_dir(&path);
                fs::create_dir(&path).is_ok()
            });
            start.wait();
            let ours = clear(&path, dead).unwrap().then(|| take(&path)).flatten();
            (owner.join().unwrap(), ours)
        });
        let ours = ours.is_some_and(|lock| lock.is_ours());
        assert!(theirs != ours, "round {round}: the owner {theirs}, Holdoff {ours}");
        let _ = fs::remove_dir(&path);
    }
}

#[test]
fn dir_lock_path_that_is_no_directory_is_an_error() {
    let (_dir, path) = place();
    fs::write(&path, "").unwrap();
    assert_eq!(FolderLock::attempt(&path, |_| ()).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    assert_eq!(FolderLock::attempt(&path, |_| ()).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    assert_eq!(FolderLock::attempt(&path.join("deeper"), |_| ()).unwrap_err().kind(), io::ErrorKind::NotFound);
}
