//! An installed copy of Holdoff, and packages with another version.

use crate::scene::Scene;
use flate2::Compression;
use flate2::write::GzEncoder;
use holdoff_world::{App, Browser, FakeReleases, Launch, Published, app, eventually};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tar::{Builder, Header};

use crate::scene::SOON;

pub const PROGRAMS: [&str; 3] = ["holdoff", "holdoff-tray", "holdoff-window"];
pub const VERSION: &str = "9.9.9";
/// The programs of the other version: a start leaves a trace in the home folder.
const PROGRAM: &str = "#!/bin/sh\necho \"$0 $*\" > \"$HOME/became\"\nexec sleep 600\n";

/// Holdoff, installed under its own prefix.
pub struct Copy {
    prefix: tempfile::TempDir,
}

impl Copy {
    pub fn installed_from(package: &str) -> Self {
        // On the file system of the programs, so that they need not be copied.
        let prefix = tempfile::tempdir_in(app::program_folder()).unwrap();
        fs::create_dir_all(prefix.path().join("bin")).unwrap();
        for program in PROGRAMS {
            fs::hard_link(app::program_folder().join(program), prefix.path().join("bin").join(program)).unwrap();
        }
        let marker = prefix.path().join("share/holdoff/package");
        fs::create_dir_all(marker.parent().unwrap()).unwrap();
        fs::write(marker, package).unwrap();
        Self { prefix }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.prefix.path().join(below)
    }

    /// Each file with its size: a program of the other version is only a few bytes.
    pub fn files(&self) -> BTreeMap<String, u64> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.prefix.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.prefix.path()).unwrap().display().to_string();
                    files.insert(name, fs::metadata(path).unwrap().len());
                }
            }
        }
        files
    }
}

/// An archive of another version, with an incompressible file of this many bytes.
pub fn archive(ballast: usize) -> Published {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut add = |path: &str, mode, contents: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(mode);
        builder.append_data(&mut header, format!("holdoff-{VERSION}-linux/{path}"), contents).unwrap();
    };
    for program in PROGRAMS {
        add(&format!("bin/{program}"), 0o755, PROGRAM.as_bytes());
    }
    add("share/holdoff/package", 0o644, b"archive\n");
    let mut dice = fastrand::Rng::with_seed(7);
    let ballast: Vec<u8> = (0..ballast).map(|_| dice.u8(..)).collect();
    add("share/doc/holdoff/ballast", 0o644, &ballast);
    let contents = builder.into_inner().unwrap().finish().unwrap();
    Published { kind: "archive", file: format!("holdoff-{VERSION}-linux-x86_64.tar.gz"), contents }
}

/// The app from an installed copy, with its settings open at the newer version.
pub struct Offered {
    pub scene: Scene,
    pub releases: FakeReleases,
    pub copy: Copy,
    pub app: App,
    pub settings: Browser,
}

impl Offered {
    pub async fn new(
        package: &str,
        published: Published,
        launched: impl FnOnce(&Scene, &Copy, Launch) -> Launch,
    ) -> Self {
        let scene = Scene::new(60.0).await;
        scene.settings_with(&[("readings", json!("free_only")), ("updates", json!(true))]);
        let (releases, copy) = (FakeReleases::start(), Copy::installed_from(package));
        releases.publish(VERSION, &[published]);
        let launch = scene.launch.clone().updated_from(&releases).programs(&copy.path("bin")).argument("--settings");
        let app = launched(&scene, &copy, launch).start();
        let settings = Browser::attach(&scene.inspector, SOON).await;
        settings.wait_for_text(SOON, |text| text.contains("What is new in 9.9.9.")).await;
        Self { scene, releases, copy, app, settings }
    }

    /// The download folder of packages.
    pub fn folder(&self) -> PathBuf {
        self.scene.home.data_dir().join("updates")
    }

    pub async fn install(&self, says: &str) -> String {
        self.settings.press("Install").await;
        self.settings.wait_for_text(SOON, |text| text.contains(says)).await
    }

    /// How the program of the other version was started.
    pub async fn became(&self) -> String {
        let said = self.scene.home.path().join("became");
        eventually(SOON, "the other version is started", async || {
            fs::read_to_string(&said).ok().filter(|said| said.ends_with('\n'))
        })
        .await
    }

    pub fn nothing_is_left(&self, folder: &Path) {
        let left: Vec<_> = fs::read_dir(folder).map(|entries| entries.flatten().collect()).unwrap_or_default();
        assert!(left.is_empty(), "{left:?}");
    }
}
