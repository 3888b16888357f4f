//! What stood under `statusLine` before Holdoff's command, kept until it is put back.

use crate::slots::{read_bounded, sync};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The folder for it in Holdoff's data folder.
const FOLDER: &str = "status-line";
const SIZE_MAX: u64 = 4 * 1024 * 1024;
const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    version: u32,
    /// Which file it is about.
    pub settings: String,
    pub earlier: Option<Value>,
    /// The file's copy, and a digest of what was made of it: where that still fits, the copy is put back.
    pub copy: Option<String>,
    pub after: String,
}

/// The drawer of one settings file.
#[derive(Debug, Clone)]
pub struct Drawer {
    folder: PathBuf,
    settings: PathBuf,
}

impl Drawer {
    /// `settings` is the file itself, without links.
    pub fn new(data_dir: &Path, settings: &Path) -> Self {
        Self { folder: data_dir.join(FOLDER), settings: settings.to_owned() }
    }

    fn record(&self) -> PathBuf {
        let name = digest(self.settings.as_os_str().as_encoded_bytes());
        self.folder.join(format!("{}.json", name.get(..16).unwrap_or_default()))
    }

    /// `None` too where it cannot be read.
    pub fn read(&self) -> Option<Kept> {
        let bytes = read_bounded(&self.record(), SIZE_MAX).ok()??;
        serde_json::from_slice(&bytes).ok().filter(|kept: &Kept| kept.version == VERSION)
    }

    pub fn write(&self, earlier: Option<Value>, copy: Option<String>, after: &[u8]) -> io::Result<()> {
        let settings = self.settings.to_string_lossy().into_owned();
        let kept = Kept { version: VERSION, settings, earlier, copy, after: digest(after) };
        let bytes = serde_json::to_vec_pretty(&kept)?;
        let (path, next) = (self.record(), self.record().with_extension("next"));
        let _left_over = std::fs::remove_file(&next);
        self.put(&next, &bytes)?;
        std::fs::rename(&next, &path)?;
        sync(&path)
    }

    pub fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(self.record()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Keeps a copy of the settings as they were, and answers with its path.
    pub fn copy(&self, bytes: &[u8], stamp: &str) -> io::Result<PathBuf> {
        for count in 1..1000 {
            let more = if count > 1 { format!("-{count}") } else { String::new() };
            let path = self.folder.join(format!("settings-{stamp}{more}.json"));
            match self.put(&path, bytes) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                done => return done.map(|()| path),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub fn read_copy(&self, name: &str) -> Option<Vec<u8>> {
        let plain = Path::new(name).file_name()?;
        read_bounded(&self.folder.join(plain), SIZE_MAX).ok()?
    }

    /// A new file, for this user only: settings can hold other programs' keys.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut folder = DirBuilder::new();
        folder.recursive(true);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        folder.create(&self.folder)?;
        let mut file = options.open(path)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if written.is_err() {
            let _of_no_use = std::fs::remove_file(path);
        }
        written
    }
}

impl Kept {
    pub fn made(&self, bytes: &[u8]) -> bool {
        self.after == digest(bytes)
    }
}

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
