//! Under the lock that Claude Code takes for its settings.

use super::*;
use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

impl Scene {
    fn lock(&self) -> PathBuf {
        self.config().join("settings.json.lock")
    }
}

#[test]
fn settings_locked_by_claude_code_are_reported_busy() {
    let scene = Scene::with(THEIRS);
    fs::create_dir(scene.lock()).unwrap();
    let error = scene.install().apply().unwrap_err();
    assert!(matches!(error, SettingsError::Busy { .. }), "{error}");
    assert!(error.to_string().contains("Try again"), "{error}");
    assert_eq!(scene.read(), THEIRS);
    assert!(scene.lock().exists(), "it is another's");
    fs::remove_dir(scene.lock()).unwrap();
    scene.install().apply().unwrap();
    fs::create_dir(scene.lock()).unwrap();
    assert!(matches!(scene.uninstall().apply().unwrap_err(), SettingsError::Busy { .. }));
}

#[test]
fn settings_lock_held_briefly_is_waited_for() {
    let scene = Scene::with(THEIRS);
    let (lock, change) = (scene.lock(), scene.install());
    fs::create_dir(&lock).unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        fs::remove_dir(lock).unwrap();
    });
    change.apply().unwrap();
    writer.join().unwrap();
    assert!(!scene.lock().exists());
}

#[test]
fn settings_lock_is_stale_after_10_s_and_no_directory_is_no_lock() {
    let scene = Scene::with(THEIRS);
    fs::create_dir(scene.lock()).unwrap();
    let long_ago = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(11));
    folder(&scene.lock()).set_times(long_ago).unwrap();
    scene.install().apply().unwrap();
    assert!(!scene.lock().exists());
    fs::write(scene.lock(), "").unwrap();
    scene.uninstall().apply().unwrap();
    assert_eq!(scene.read(), THEIRS);
}

#[cfg(not(windows))]
fn folder(path: &Path) -> File {
    File::open(path).unwrap()
}

/// A folder is only opened with `FILE_FLAG_BACKUP_SEMANTICS`, and its times set with `FILE_WRITE_ATTRIBUTES`.
#[cfg(windows)]
fn folder(path: &Path) -> File {
    use std::os::windows::fs::OpenOptionsExt;
    File::options().access_mode(0x0100).custom_flags(0x0200_0000).open(path).unwrap()
}

/// Claude Code takes it by the name that it knows the file by, and not where a link leads.
#[cfg(unix)]
#[test]
fn settings_lock_of_a_symlink_is_beside_the_symlink() {
    let scene = Scene::new();
    let real = scene.dir.path().join("dotfiles.json");
    fs::write(&real, THEIRS).unwrap();
    std::os::unix::fs::symlink(&real, scene.place().settings()).unwrap();
    fs::create_dir(scene.lock()).unwrap();
    assert!(matches!(scene.install().apply().unwrap_err(), SettingsError::Busy { .. }));
}
