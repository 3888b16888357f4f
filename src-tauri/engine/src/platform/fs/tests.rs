use super::open::{check, open_at_once};
use super::read::bounded;
use super::*;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn pipe(dir: &Path) -> PathBuf {
    let path = dir.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.is_ok_and(|made| made.success()));
    path
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn read_of_a_non_regular_file_names_its_kind() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "12345678").unwrap();
    symlink(at("file"), at("link")).unwrap();
    symlink(at("gone"), at("nowhere")).unwrap();
    let pipe = pipe(dir.path());
    type Read = fn(&Path, u64) -> Result<zeroize::Zeroizing<Vec<u8>>, ReadError>;
    let ways: [Read; 4] = [read, read_own, read_command, read_unlinked];
    for way in ways {
        let why = |path: &Path, most| way(path, most).unwrap_err().to_string();
        assert_eq!(**way(&at("file"), 8).unwrap(), *b"12345678");
        assert_eq!(why(dir.path(), 8), "it is a folder");
        for other in [pipe.as_path(), Path::new("/dev/null")] {
            assert_eq!(why(other, 8), "it is a pipe, a socket or a device, not a file");
        }
        assert_eq!(why(&at("file"), 7), "it is larger than 7 bytes, the limit for this file");
        assert_eq!(why(&at("file/x"), 8), "its parent folder is a file");
        assert!(way(&at("none"), 8).is_err_and(|error| error.is_missing()));
    }
    assert_eq!(**read(&at("link"), 8).unwrap(), *b"12345678");
    assert!(matches!(read_unlinked(&at("link"), 8), Err(ReadError::Link)));
    assert!(read(&at("nowhere"), 8).is_err_and(|error| error.is_missing() && error.to_string().contains("link")));
}

/// Hangs where a pipe is waited for.
#[test]
fn open_of_a_fifo_swapped_in_does_not_block() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = pipe(dir.path());
    let opened = open_at_once(&pipe, 0).unwrap();
    assert!(check(&opened.metadata().unwrap()).is_err());
    drop(opened);
    assert!(create(&pipe).is_err(), "nobody reads there");
}

#[test]
fn open_of_a_symlink_swapped_in_does_not_follow_it() {
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    fs::write(&file, "").unwrap();
    symlink(&file, &link).unwrap();
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    assert!(open_at_once(&link, no_link).is_err() && open_at_once(&file, no_link).is_ok());
    assert!(create_new(&link).is_err());
}

#[test]
fn bounded_read_is_exact_and_ends_on_endless_input() {
    assert_eq!(**bounded(&b"12345678"[..], 8, 8).unwrap().unwrap(), *b"12345678");
    assert_eq!(bounded(&b"12345678"[..], 8, 7).unwrap(), None);
    assert_eq!(bounded(io::repeat(b'x'), 0, 1 << 20).unwrap(), None);
}

#[test]
fn read_part_starts_at_the_offset() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "12345678").unwrap();
    assert_eq!(size(&path).unwrap(), 8);
    assert_eq!(read_part(&path, 2, 3).unwrap(), b"345");
    assert_eq!(read_part(&path, 6, 30).unwrap(), b"78");
    assert_eq!(read_part(&path, 60, 30).unwrap(), b"");
}

#[test]
fn replace_makes_a_private_file_and_leaves_no_temporary_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/file");
    let next = path.with_extension("next");
    replace(&path, next.clone(), b"1").unwrap();
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    // A crash left something, and somebody put a link there.
    symlink(&path, &next).unwrap();
    replace(&path, next.clone(), b"22").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"22");
    assert_eq!(names(path.parent().unwrap()), ["file"]);
    fs::create_dir(path.with_extension("folder")).unwrap();
    assert!(replace(&path.with_extension("folder"), next, b"3").is_err());
    assert_eq!(names(path.parent().unwrap()), ["file", "file.folder"]);
}

#[test]
fn place_unsynced_leaves_no_temporary_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    for text in ["first", "second"] {
        let mut next = Next::create(dir.path().join("next")).unwrap();
        next.write(text.as_bytes()).unwrap();
        next.place_unsynced(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(names(dir.path()), ["file"]);
    }
}

#[test]
fn next_file_copies_the_mode_of_the_original() {
    let dir = tempfile::tempdir().unwrap();
    let like = dir.path().join("like");
    fs::write(&like, "").unwrap();
    for expected in [0o600, 0o640, 0o400] {
        fs::set_permissions(&like, fs::Permissions::from_mode(expected)).unwrap();
        let _next = Next::written(dir.path().join("next"), Some(&fs::metadata(&like).unwrap()), b"1").unwrap();
        assert_eq!(mode(&dir.path().join("next")), expected);
    }
    assert_eq!(names(dir.path()), ["like"], "it goes where it does not take its place");
}

#[test]
fn make_folder_creates_private_folders() {
    let dir = tempfile::tempdir().unwrap();
    make_folder(&dir.path().join("a/b")).unwrap();
    for folder in ["a", "a/b"] {
        assert_eq!(mode(&dir.path().join(folder)), 0o700);
    }
    make_folder(&dir.path().join("a/b")).unwrap();
}

#[test]
fn make_folder_again_makes_an_existing_folder_private() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    make_folder_again(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn rename_if_free_leaves_an_existing_target() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&other).unwrap();
    let inode = fs::metadata(&other).unwrap().ino();
    assert_eq!(rename_if_free(&one, &other).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::metadata(&other).unwrap().ino(), inode);
}
