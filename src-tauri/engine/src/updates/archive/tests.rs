use super::journal::replace;
use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use tar::{Builder, Header};

const TOP: &str = "holdoff-0.2.0-linux-x86_64";
const CONTENTS: [&str; 5] =
    ["bin/holdoff", "bin/holdoff-tray", "bin/holdoff-window", "share/holdoff/package", "share/man/man1/new.1"];

struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    /// A prefix with an earlier version in it, and something of somebody else's.
    fn new() -> Self {
        let scene = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(scene.folder()).unwrap();
        for file in &CONTENTS[..4] {
            let place = scene.prefix().join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, format!("old {file}")).unwrap();
        }
        fs::write(scene.prefix().join("bin/somebody-elses"), "theirs").unwrap();
        scene
    }

    fn prefix(&self) -> PathBuf {
        self.dir.path().join("prefix")
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("updates")
    }

    fn archive(&self, build: impl FnOnce(&mut Builder<GzEncoder<File>>)) -> PathBuf {
        let path = self.dir.path().join("new.tar.gz");
        let mut builder = Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
        build(&mut builder);
        builder.into_inner().unwrap().finish().unwrap();
        path
    }

    fn good(&self) -> PathBuf {
        self.archive(|builder| CONTENTS.iter().for_each(|file| add(builder, &format!("{TOP}/{file}"), file)))
    }

    fn put(&self, archive: &Path) -> Result<(), String> {
        put(archive, &self.prefix(), &self.folder())
    }

    /// All files below the prefix and in the folder of updates.
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.prefix(), self.folder()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.dir.path()).unwrap().display().to_string();
                    files.insert(name, fs::read_to_string(path).unwrap());
                }
            }
        }
        files
    }
}

fn header(kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o755);
    header
}

fn add(builder: &mut Builder<GzEncoder<File>>, path: &str, file: &str) {
    let text = format!("new {file}");
    let mut header = header(EntryType::Regular, text.len());
    header.set_mode(if file.starts_with("bin/") { 0o700 } else { 0o600 });
    // As it stands: the library itself makes no such path.
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    builder.append(&header, text.as_bytes()).unwrap();
}

#[test]
fn update_replaces_every_listed_file_and_no_other() {
    let scene = Scene::new();
    scene.put(&scene.good()).unwrap();
    let mut expect: BTreeMap<String, String> =
        CONTENTS.iter().map(|file| (format!("prefix/{file}"), format!("new {file}"))).collect();
    expect.insert("prefix/bin/somebody-elses".into(), "theirs".into());
    assert_eq!(scene.files(), expect);
    let mode = |file: &str| fs::metadata(scene.prefix().join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!([CONTENTS[0], CONTENTS[3], "share/man/man1"].map(mode), [0o755, 0o644, 0o755]);
}

#[test]
fn update_failure_midway_changes_nothing() {
    let scene = Scene::new();
    let before = scene.files();
    let good = scene.good();
    // The last one but one cannot take its place: a folder that is not empty is there.
    let in_the_way = scene.prefix().join(CONTENTS[3]);
    fs::remove_file(&in_the_way).unwrap();
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("x"), "x").unwrap();
    let why = scene.put(&good).unwrap_err();
    assert!(
        why.contains("share/holdoff/package") && why.contains("cannot write ") && why.ends_with("Nothing was changed"),
        "{why}"
    );
    fs::remove_dir_all(&in_the_way).unwrap();
    fs::write(&in_the_way, format!("old {}", CONTENTS[3])).unwrap();
    assert_eq!(scene.files(), before);
    assert!(!scene.prefix().join("share/man").exists(), "folders that were made for it are gone");
}

#[test]
fn update_archive_with_foreign_content_is_refused() {
    let scene = Scene::new();
    let before = scene.files();
    let refused = |build: &dyn Fn(&mut Builder<GzEncoder<File>>), says: &str| {
        let why = scene.put(&scene.archive(build)).unwrap_err();
        assert!(why.contains(says), "{why}");
        assert_eq!(scene.files(), before, "{why}");
    };
    for path in ["top/../../../evil", "top/bin/../../../evil", "/etc/evil"] {
        refused(&|builder| add(builder, path, "evil"), "invalid name");
    }
    assert!(!scene.dir.path().join("evil").exists());
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Fifo] {
        let link = |builder: &mut Builder<GzEncoder<File>>| {
            let mut header = header(kind, 0);
            builder.append_link(&mut header, "top/bin/holdoff", "/etc/passwd").unwrap();
        };
        refused(&link, "that is not a file");
    }
    refused(&|builder| add(builder, &format!("{TOP}/bin/holdoff"), "bin/holdoff"), "does not contain bin/holdoff-tray");
    refused(&|_| (), "does not contain bin/holdoff");
    fs::write(scene.dir.path().join("page"), "<!doctype html>").unwrap();
    assert!(scene.put(&scene.dir.path().join("page")).unwrap_err().contains("cannot read the package"));
    // Torn, in the middle of the last file.
    let good = scene.good();
    let whole = fs::read(&good).unwrap();
    fs::write(&good, &whole[..whole.len() / 2]).unwrap();
    scene.put(&good).unwrap_err();
    assert_eq!(scene.files(), before);
}

/// The process ends after any number of files: the next start puts them back.
#[test]
fn update_crash_midway_is_rolled_back_at_startup() {
    for crashed_after in 0..=CONTENTS.len() {
        let scene = Scene::new();
        let before = scene.files();
        let mut laid = Laid::default();
        laid.lay(&scene.good(), &scene.prefix()).unwrap();
        laid.journal(&scene.prefix()).write(&scene.folder()).unwrap();
        laid.files.iter().take(crashed_after).for_each(|file| replace(file).unwrap());
        if let Some(next) = laid.files.get(crashed_after).filter(|next| next.exists()) {
            fs::hard_link(next, beside(next, OLD)).unwrap();
        }
        recover(&scene.folder()).unwrap();
        assert_eq!(scene.files(), before, "after {crashed_after}");
        recover(&scene.folder()).unwrap();
    }
}

mod leftovers;
