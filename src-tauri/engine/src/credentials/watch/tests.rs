//! Real files and the real watcher. [`Lab::after`] first lets everything be heard that was done before, so that a
//! signal can come only from what it does itself.

mod links;
mod several;

use super::*;
use crate::claude_code::CredentialStore;
use holdoff_core::credential::CredentialRead;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);
const FILE: &str = ".credentials.json";

struct Lab {
    /// The home folder.
    root: PathBuf,
    source: CredentialStore,
    watch: Watch,
    told: mpsc::Receiver<()>,
    sentinels: usize,
    _dir: TempDir,
}

/// Watches `config_dir` of a home folder that `prepare` has furnished.
fn lab(config_dir: &str, prepare: impl FnOnce(&Path)) -> Lab {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    prepare(&root);
    let source = CredentialStore::from_env(&root, Some(root.join(config_dir).as_os_str()));
    let (watch, [told]) = FileWatcher::default().watch([source.credential_path()]).unwrap();
    Lab { root, source, watch, told, sentinels: 0, _dir: dir }
}

/// The usual: `.claude` with the token `first` in it.
fn signed_in() -> Lab {
    lab(".claude", |root| folder_with(&root.join(".claude"), "first"))
}

fn write(path: impl AsRef<Path>, token: &str) {
    fs::write(path, format!(r#"{{"claudeAiOauth":{{"accessToken":"{token}"}}}}"#)).unwrap();
}

/// As Claude Code writes.
fn replace(path: &Path, token: &str) {
    let new = path.with_extension("new");
    write(&new, token);
    fs::rename(new, path).unwrap();
}

fn folder_with(folder: &Path, token: &str) {
    fs::create_dir_all(folder).unwrap();
    write(folder.join(FILE), token);
}

impl Lab {
    fn at(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    fn found(&self) -> String {
        match self.source.read() {
            CredentialRead::Found(credential) => credential.access_token.expose().to_owned(),
            CredentialRead::Absent(absence) => format!("{absence:?}"),
        }
    }

    /// Does something, and expects signals until what is read is `found`.
    async fn after(&mut self, act: impl FnOnce(), found: &str) {
        self.heard().await;
        let _ = self.told.try_recv();
        act();
        loop {
            match tokio::time::timeout(DEADLINE, self.told.recv()).await {
                Ok(Some(())) if self.found() == found => return,
                Ok(Some(())) => {}
                Ok(None) => panic!("the watch has ended"),
                Err(_) => panic!("not noticed: {found}, found: {}", self.found()),
            }
        }
    }

    /// Does something that is not to be noticed, and then something that is.
    async fn unmoved(&mut self, act: impl FnOnce(&Self)) {
        self.heard().await;
        let _ = self.told.try_recv();
        act(self);
        self.heard().await;
        assert_eq!(self.told.try_recv(), Err(mpsc::error::TryRecvError::Empty));
        self.still_listens().await;
    }

    async fn still_listens(&mut self) {
        let path = self.source.credential_path();
        self.after(|| write(&path, "written"), "written").await;
        self.after(|| replace(&path, "replaced"), "replaced").await;
    }

    /// Waits until all that was done so far has been heard and acted on. A file of no concern, made in the innermost
    /// watched folder, is heard after everything before it.
    async fn heard(&mut self) {
        let start = Instant::now();
        self.idle().await;
        while !self.sentinel().await {
            assert!(start.elapsed() < DEADLINE, "the innermost folder is not listened to");
        }
        self.idle().await;
    }

    async fn idle(&self) {
        let start = Instant::now();
        let busy = || {
            let state = self.watch.watcher.shared.state();
            state.heard.iter().any(|heard| heard.changes.iter().any(Option::is_some)) || state.busy
        };
        while busy() {
            assert!(start.elapsed() < DEADLINE, "no end of changes");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// It is lost while the folders are watched anew; hence more than one.
    async fn sentinel(&mut self) -> bool {
        let Some(folder) = self.watch.watcher.shared.state().heard[0].ways[0].last().map(|step| step.folder.clone())
        else {
            return false;
        };
        self.sentinels += 1;
        let path = folder.join(format!("sentinel-{}", self.sentinels));
        let _ = fs::write(&path, "");
        let start = Instant::now();
        let mut heard = false;
        while !heard && start.elapsed() < Duration::from_millis(200) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            heard = self.watch.watcher.shared.state().paths.contains(&path);
        }
        let _ = fs::remove_file(&path);
        heard
    }
}

#[tokio::test]
async fn watch_sees_file_replaced_written_deleted_and_recreated() {
    let mut lab = signed_in();
    let path = lab.source.credential_path();
    lab.after(|| replace(&path, "second"), "second").await;
    lab.after(|| write(&path, "third"), "third").await;
    lab.after(|| fs::remove_file(&path).unwrap(), "NoFile").await;
    lab.after(|| write(&path, "fourth"), "fourth").await;
    lab.after(|| fs::rename(&path, path.with_extension("away")).unwrap(), "NoFile").await;
    lab.after(|| fs::rename(path.with_extension("away"), &path).unwrap(), "fourth").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_missing_file_created() {
    let mut lab = lab(".claude", |root| fs::create_dir(root.join(".claude")).unwrap());
    let path = lab.source.credential_path();
    lab.after(|| replace(&path, "first"), "first").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_read_permission_restored() {
    let mut lab = signed_in();
    let path = lab.source.credential_path();
    lab.after(|| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap(), "first").await;
    let folder = lab.at(".claude");
    lab.after(|| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap(), "first").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_folder_replaced_by_one_with_the_file() {
    let mut lab = signed_in();
    let (folder, away, new) = (lab.at(".claude"), lab.at("away"), lab.at("new"));
    folder_with(&new, "second");
    let swap = || {
        fs::rename(&folder, &away).unwrap();
        fs::rename(&new, &folder).unwrap();
    };
    lab.after(swap, "second").await;
    lab.unmoved(|_| write(away.join(FILE), "of-the-old-folder")).await;
}

/// No look at the paths could tell.
#[tokio::test]
async fn watch_sees_folder_exchanged_atomically_with_another() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let mut lab = signed_in();
    let (folder, other) = (lab.at(".claude"), lab.at("other"));
    folder_with(&other, "second");
    lab.after(|| renameat_with(CWD, &other, CWD, &folder, RenameFlags::EXCHANGE).unwrap(), "second").await;
    lab.unmoved(|_| write(other.join(FILE), "of-the-old-folder")).await;
}

#[tokio::test]
async fn watch_sees_folder_replaced_and_file_created_later() {
    let mut lab = signed_in();
    let (folder, away) = (lab.at(".claude"), lab.at("away"));
    lab.after(|| fs::rename(&folder, &away).unwrap(), "NoFile").await;
    lab.after(|| fs::create_dir(&folder).unwrap(), "NoFile").await;
    lab.after(|| write(folder.join(FILE), "second"), "second").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_missing_folder_created() {
    let mut lab = lab(".claude", |_| {});
    let folder = lab.at(".claude");
    lab.after(|| folder_with(&folder, "first"), "first").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_many_missing_levels_created_at_once() {
    let mut lab = lab("a/b/c/d", |_| {});
    let folder = lab.at("a/b/c/d");
    lab.after(|| folder_with(&folder, "first"), "first").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_many_missing_levels_created_one_by_one() {
    let mut lab = lab("a/b/c", |_| {});
    for folder in ["a", "a/b", "a/b/c"] {
        let folder = lab.at(folder);
        lab.after(|| fs::create_dir(&folder).unwrap(), "NoFile").await;
    }
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_parent_of_the_folder_replaced() {
    let mut lab = lab("a/b/c", |root| folder_with(&root.join("a/b/c"), "first"));
    let (outer, folder) = (lab.at("a/b"), lab.at("a/b/c"));
    let away = lab.at("away");
    let swap = || {
        fs::rename(&outer, &away).unwrap();
        folder_with(&folder, "second");
    };
    lab.after(swap, "second").await;
    lab.unmoved(|_| write(away.join("c").join(FILE), "of-the-old-folder")).await;
    lab.after(|| fs::remove_dir_all(&outer).unwrap(), "NoFile").await;
    lab.after(|| folder_with(&folder, "third"), "third").await;
    lab.still_listens().await;
}

#[tokio::test]
async fn watch_sees_folder_deleted_and_recreated_repeatedly() {
    let mut lab = signed_in();
    let folder = lab.at(".claude");
    for i in 0..20 {
        lab.after(|| fs::remove_dir_all(&folder).unwrap(), "NoFile").await;
        let token = format!("token-{i}");
        lab.after(|| folder_with(&folder, &token), &token).await;
    }
    lab.still_listens().await;
}

/// Faster than they can be watched, so that what is heard is late.
#[tokio::test]
async fn watch_survives_folder_changes_faster_than_it_can_follow() {
    let mut lab = signed_in();
    let (folder, away) = (lab.at(".claude"), lab.at("away"));
    for storm in 0..10 {
        let last = format!("after-{storm}");
        let rage = || {
            for _ in 0..50 {
                fs::rename(&folder, &away).unwrap();
                folder_with(&folder, "passing");
                fs::remove_dir_all(&away).unwrap();
            }
            fs::remove_dir_all(&folder).unwrap();
            folder_with(&folder, &last);
        };
        lab.after(rage, &last).await;
        lab.still_listens().await;
    }
}

/// A folder in which a program stands does not say that it was deleted; the folder around it does.
#[tokio::test]
async fn watch_sees_folder_deleted_while_a_process_holds_it_open() {
    let mut lab = signed_in();
    let folder = lab.at(".claude");
    let standing = fs::File::open(&folder).unwrap();
    lab.after(|| fs::remove_dir_all(&folder).unwrap(), "NoFile").await;
    lab.after(|| folder_with(&folder, "second"), "second").await;
    lab.still_listens().await;
    drop(standing);
}

#[tokio::test]
async fn watch_ignores_own_reads() {
    let mut lab = signed_in();
    lab.unmoved(|lab| {
        for _ in 0..20 {
            assert_eq!(lab.found(), "first");
        }
        assert_eq!(fs::read_dir(lab.at(".claude")).unwrap().count(), 1);
    })
    .await;
}

#[tokio::test]
async fn watch_ignores_other_files_in_the_home_folder() {
    let mut lab = signed_in();
    lab.unmoved(|lab| {
        for i in 0..50 {
            fs::write(lab.at(&format!("file-{i}")), "text").unwrap();
            replace(&lab.at(".claude.json"), "x");
            fs::create_dir(lab.at(".claude.lock")).unwrap();
            fs::remove_dir(lab.at(".claude.lock")).unwrap();
            fs::create_dir(lab.at(".claude/.oauth_refresh.lock")).unwrap();
            fs::remove_dir(lab.at(".claude/.oauth_refresh.lock")).unwrap();
            fs::write(lab.at(".claude/history.jsonl"), "text").unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn watch_signals_are_coalesced() {
    let mut lab = signed_in();
    lab.heard().await;
    for i in 0..100 {
        replace(&lab.source.credential_path(), &i.to_string());
    }
    lab.heard().await;
    assert_eq!(lab.told.try_recv(), Ok(()));
    assert_eq!(lab.told.try_recv(), Err(mpsc::error::TryRecvError::Empty));
}

#[tokio::test]
async fn watch_dropped_closes_its_channel() {
    let mut lab = signed_in();
    lab.still_listens().await;
    let Lab { watch, mut told, .. } = lab;
    drop(watch);
    let end = async { while told.recv().await.is_some() {} };
    tokio::time::timeout(DEADLINE, end).await.unwrap();
}

#[test]
fn watch_limit_error_names_the_setting_to_raise() {
    let words = |error: notify::Error| WatchError::from(error).to_string();
    assert!(words(notify::Error::new(notify::ErrorKind::MaxFilesWatch)).contains("fs.inotify.max_user_watches="));
    let descriptors = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
    assert!(words(notify::Error::io(descriptors)).contains("fs.inotify.max_user_instances="));
    let other = io::Error::from(io::ErrorKind::PermissionDenied);
    assert_eq!(words(notify::Error::io(other)), "cannot watch the folder of the sign-in: permission denied");
}
