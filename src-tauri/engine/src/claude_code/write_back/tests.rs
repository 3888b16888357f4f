use super::*;
use holdoff_core::credential::Tokens;
use holdoff_core::credential::token::{Fingerprint, Token};
use holdoff_core::time::Wall;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use tempfile::TempDir;

const STORED: &str = r#"{"mcpOAuth":{"srv|x":{"accessToken":"other-SECRET"}},"claudeAiOauth":{"accessToken":"sk-ant-oat01-A","refreshToken":"sk-ant-ort01-A","expiresAt":1788781207410},"kept":[1.0]}"#;
const RENEWED: &str = r#"{"mcpOAuth":{"srv|x":{"accessToken":"other-SECRET"}},"claudeAiOauth":{"accessToken":"sk-ant-oat01-B","refreshToken":"sk-ant-ort01-B","expiresAt":1788900000000},"kept":[1.0]}"#;

fn token(text: &str) -> Token {
    Token::new(text.to_owned()).unwrap()
}

fn of(refresh_token: &str) -> Fingerprint {
    token(refresh_token).fingerprint()
}

fn successor() -> RenewedTokens {
    let tokens = Tokens {
        access_token: token("sk-ant-oat01-B"),
        expires_at: Some(Wall(1_788_900_000_000)),
        refresh_token: Some(token("sk-ant-ort01-B")),
        refresh_expires_at: None,
        scopes: None,
        account: None,
    };
    RenewedTokens { replaces: of("sk-ant-ort01-A"), tokens }
}

struct Folder {
    dir: TempDir,
}

impl Folder {
    fn holding(bytes: impl AsRef<[u8]>) -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(folder.path(), bytes).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o600)).unwrap();
        folder
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(".credentials.json")
    }

    fn store(&self) -> WriteBack {
        store(&self.path(), &successor(), || true, || {})
    }

    fn failure(&self) -> String {
        match self.store() {
            WriteBack::Failed(why) => why,
            other => panic!("{other:?}"),
        }
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn metadata(&self) -> fs::Metadata {
        fs::symlink_metadata(self.path()).unwrap()
    }

    fn mode(&self) -> u32 {
        self.metadata().mode() & 0o7777
    }
}

#[test]
fn write_back_keeps_all_other_members() {
    let folder = Folder::holding(STORED);
    let before = folder.metadata().ino();
    assert_eq!(folder.store(), WriteBack::Written);
    assert_eq!(folder.text(), RENEWED);
    assert_ne!(folder.metadata().ino(), before, "by a rename: whoever reads has one of the two whole");
    assert_eq!(folder.mode(), 0o600);
    assert_eq!(folder.names(), [".credentials.json"]);
    assert_eq!(folder.store(), WriteBack::Written, "what stands there already is no other sign-in");
}

#[test]
fn write_back_keeps_mode_and_owner() {
    for mode in [0o600, 0o640, 0o644, 0o200] {
        let folder = Folder::holding(STORED);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        if fs::read(folder.path()).is_ok() {
            assert_eq!((folder.store(), folder.mode()), (WriteBack::Written, mode));
        }
    }
    let folder = Folder::holding(STORED);
    // Only the superuser can give a file away, and run into this.
    if std::os::unix::fs::chown(folder.path(), Some(4711), Some(4712)).is_ok() {
        assert_eq!(folder.store(), WriteBack::Written);
        assert_eq!((folder.metadata().uid(), folder.metadata().gid()), (4711, 4712));
        assert_eq!(folder.mode(), 0o600);
    }
}

#[test]
fn write_back_leaves_another_sign_in_untouched() {
    for other in [STORED.replace("ort01-A", "ort01-Z"), "{}".into(), STORED.replace("claudeAiOauth", "old")] {
        let folder = Folder::holding(&other);
        assert_eq!(folder.store(), WriteBack::Changed);
        assert_eq!((folder.text(), folder.names().len()), (other, 1));
    }
    let gone = Folder { dir: tempfile::tempdir().unwrap() };
    assert_eq!(gone.store(), WriteBack::Changed, "nobody is signed in again who signed out");
    assert_eq!(gone.names(), Vec::<String>::new());
}

#[test]
fn write_back_through_a_symlink_replaces_its_target() {
    let folder = Folder::holding("");
    let vault = Folder::holding(STORED);
    fs::remove_file(folder.path()).unwrap();
    let between = folder.dir.path().join("between");
    symlink(vault.path(), &between).unwrap();
    symlink("between", folder.path()).unwrap();
    assert_eq!(folder.store(), WriteBack::Written);
    assert!(folder.metadata().is_symlink() && fs::symlink_metadata(between).unwrap().is_symlink());
    assert_eq!((vault.text(), vault.names().len(), vault.mode()), (RENEWED.to_owned(), 1, 0o600));
}

#[test]
fn write_back_failures_are_distinguished_and_lose_nothing() {
    let check = |folder: &Folder, words: &str| {
        let before = fs::read(folder.path()).ok();
        let why = folder.failure();
        assert!(why.contains(words) && !why.contains("SECRET") && !why.contains("sk-ant"), "{why}");
        assert_eq!(fs::read(folder.path()).ok(), before, "{words}");
    };
    let torn = Folder::holding(&STORED[..STORED.len() / 2]);
    check(&torn, "incomplete or damaged");
    assert_eq!(torn.names().len(), 1);
    check(&Folder::holding(""), "it is empty");
    check(&Folder::holding("[]"), "not a Claude Code credential file");

    let folder = Folder { dir: tempfile::tempdir().unwrap() };
    fs::create_dir(folder.path()).unwrap();
    check(&folder, "it is a folder");

    let link = Folder { dir: tempfile::tempdir().unwrap() };
    symlink(link.dir.path().join("nowhere"), link.path()).unwrap();
    check(&link, "a link to a missing file");
    assert!(link.metadata().is_symlink());

    let huge = Folder::holding(STORED);
    fs::File::options().write(true).open(huge.path()).unwrap().set_len(5 << 20).unwrap();
    check(&huge, "larger than 4 MiB");

    let guarded = Folder::holding(STORED);
    fs::set_permissions(guarded.path(), fs::Permissions::from_mode(0o400)).unwrap();
    check(&guarded, "write-protected");

    let blocked = Folder::holding(STORED);
    fs::create_dir(blocked.dir.path().join(".credentials.json.holdoff-new")).unwrap();
    check(&blocked, "system error");
}

/// The superuser may write everywhere: for him, this only shows that such a folder is no obstacle.
#[test]
fn write_back_into_a_read_only_folder_fails() {
    let folder = Folder::holding(STORED);
    fs::set_permissions(folder.dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let forbidden = fs::write(folder.dir.path().join("probe"), "").is_err();
    let stored = folder.store();
    fs::set_permissions(folder.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    match forbidden {
        true => assert_eq!(stored, WriteBack::Failed("its folder is not writable".into())),
        false => assert_eq!(stored, WriteBack::Written),
    }
}

#[test]
fn write_back_waits_for_a_half_written_file() {
    let folder = Folder::holding(&STORED[..40]);
    let mut pauses = 0;
    let stored = store(
        &folder.path(),
        &successor(),
        || true,
        || {
            pauses += 1;
            if pauses == 2 {
                fs::write(folder.path(), STORED).unwrap();
            }
        },
    );
    assert_eq!((stored, folder.text().as_str()), (WriteBack::Written, RENEWED));

    fs::remove_file(folder.path()).unwrap();
    let stored = store(&folder.path(), &successor(), || true, || fs::write(folder.path(), STORED).unwrap());
    assert_eq!((stored, folder.text().as_str()), (WriteBack::Written, RENEWED), "a moment without a file");
}

/// Before a refresh token is spent for what could not be written then.
#[test]
fn write_back_rehearsal_predicts_failure() {
    let rehearsed = |folder: &Folder| rehearse(&folder.path());
    let good = Folder::holding(STORED);
    assert_eq!(rehearsed(&good), Ok(()));
    assert_eq!((good.text().as_str(), good.names().len()), (STORED, 1));
    fs::set_permissions(good.path(), fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(rehearsed(&good), Err("it is write-protected".to_owned()));

    let blocked = Folder::holding(STORED);
    fs::create_dir(blocked.dir.path().join(".credentials.json.holdoff-new")).unwrap();
    assert!(rehearsed(&blocked).is_err());
    let link = Folder { dir: tempfile::tempdir().unwrap() };
    assert_eq!(rehearsed(&link), Ok(()), "nothing there is no obstacle: there is nothing to renew");
    symlink(link.dir.path().join("nowhere"), link.path()).unwrap();
    assert!(rehearsed(&link).is_err());
}

#[test]
fn write_back_clears_a_torn_temporary_file() {
    let folder = Folder::holding(STORED);
    let left = folder.dir.path().join(".credentials.json.holdoff-new");
    fs::write(&left, "half of a SEC").unwrap();
    assert_eq!(folder.store(), WriteBack::Written);
    assert_eq!(folder.names(), [".credentials.json"]);
    fs::write(&left, "half of a SEC").unwrap();
    atomic_replace::clear(&folder.path());
    assert_eq!((folder.names().len(), folder.text().as_str()), (1, RENEWED));
}

/// Whole, ours, as secret as the sign-in, and got for what still stands there.
#[test]
fn pending_tokens_left_by_a_crash_are_recovered() {
    let found = |spoil: &dyn Fn(&Path)| {
        let folder = Folder::holding(STORED);
        let left = folder.dir.path().join(".credentials.json.holdoff-new");
        fs::write(&left, RENEWED).unwrap();
        fs::set_permissions(&left, fs::Permissions::from_mode(0o600)).unwrap();
        spoil(&left);
        let source = CredentialStore::in_dir(folder.dir.path());
        let Some(successor) = source.recover_pending(&of("sk-ant-ort01-A")) else {
            return false;
        };
        assert_eq!(store(&folder.path(), &successor, || true, || {}), WriteBack::Written);
        assert_eq!((folder.text().as_str(), folder.names().len(), folder.mode()), (RENEWED, 1, 0o600));
        true
    };
    assert!(found(&|_| {}));
    assert!(!found(&|left| fs::remove_file(left).unwrap()));
    assert!(!found(&|left| fs::write(left, &RENEWED[..RENEWED.len() - 5]).unwrap()), "torn");
    assert!(!found(&|left| fs::write(left, STORED).unwrap()), "a copy");
    assert!(!found(&|left| fs::set_permissions(left, fs::Permissions::from_mode(0o644)).unwrap()), "for all to read");
    assert!(!found(&|left| File::options().write(true).open(left).unwrap().set_len(5 << 20).unwrap()), "huge");
    assert!(!found(&|left| {
        fs::rename(left, left.with_extension("aside")).unwrap();
        symlink(left.with_extension("aside"), left).unwrap();
    }));
    // Only the superuser can give a file away.
    assert!(!found(&|left| {
        std::os::unix::fs::chown(left, Some(4711), None).or_else(|_| fs::remove_file(left)).unwrap();
    }));
}

/// On a full disk they could not be written a second time.
#[test]
fn pending_tokens_already_on_disk_are_not_rewritten() {
    let folder = Folder::holding(STORED);
    let left = folder.dir.path().join(".credentials.json.holdoff-new");
    fs::write(&left, RENEWED).unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o600)).unwrap();
    let before = fs::metadata(&left).unwrap().ino();
    assert_eq!(folder.store(), WriteBack::Written);
    assert_eq!((folder.metadata().ino(), folder.text().as_str()), (before, RENEWED));
}

#[test]
fn write_back_is_atomic_for_readers() {
    let folder = Folder::holding(STORED);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let text = folder.text();
                assert!(text == STORED || text == RENEWED, "{text}");
                looks += 1;
            }
            looks
        });
        for _ in 0..50 {
            assert_eq!(folder.store(), WriteBack::Written);
            let aside = folder.dir.path().join("aside");
            fs::write(&aside, STORED).unwrap();
            fs::rename(aside, folder.path()).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reader.join().unwrap() > 50);
    });
}

/// Another program has found the lock dead, and may be about to write.
#[test]
fn write_back_after_a_lost_lock_writes_nothing() {
    let folder = Folder::holding(STORED);
    let stored = store(&folder.path(), &successor(), || false, || {});
    assert_eq!(stored, WriteBack::Failed(LOCK_LOST.to_owned()));
    assert_eq!(fs::read_to_string(folder.path()).unwrap(), STORED);
    assert_eq!(fs::read_dir(folder.dir.path()).unwrap().count(), 1);
}

/// What a crash left may be in no other place.
#[test]
fn pending_tokens_stay_if_they_cannot_be_moved_into_place() {
    let folder = Folder::holding(STORED);
    let left = folder.path().with_file_name(".credentials.json.holdoff-new");
    fs::write(&left, RENEWED).unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(store(&folder.path(), &successor(), || false, || {}), WriteBack::Failed(_)));
    assert_eq!(fs::read_to_string(&left).unwrap(), RENEWED);
}
