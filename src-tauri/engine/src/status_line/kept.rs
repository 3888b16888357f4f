//! What stood under `statusLine` before Holdoff's command, kept until it is put back. Of all else in the settings nothing
//! is kept that may be a key or a token.

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
const VERSION: u32 = 2;
/// Had a whole copy of the settings, which is put back where it still fits.
const VERSION_WITH_COPY: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    version: u32,
    /// Which file it is about.
    settings: String,
    /// By which name it is Claude Code's.
    named: Option<String>,
    pub earlier: Option<Value>,
    /// A digest of what was made of the file: where that still fits, it becomes again what it was, byte for byte.
    after: String,
    before: Option<Before>,
    /// Of [`VERSION_WITH_COPY`].
    copy: Option<String>,
}

/// How the file becomes what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// There was none.
    NoFile,
    /// All but so many bytes at its start and its end stood there otherwise.
    Other { head: usize, tail: usize, text: String },
}

/// The drawer of one settings file, which is known by the name that leads to it and by where it really lies: the one stays
/// when the file is moved behind a link, the other when it is called by another name.
#[derive(Debug, Clone)]
pub struct Drawer {
    folder: PathBuf,
    named: PathBuf,
    real: PathBuf,
}

impl Drawer {
    /// `real` is the file itself, without links.
    pub fn new(data_dir: &Path, named: &Path, real: &Path) -> Self {
        let named = std::path::absolute(named).unwrap_or_else(|_| named.to_owned());
        Self { folder: data_dir.join(FOLDER), named, real: real.to_owned() }
    }

    fn record(&self, settings: &Path) -> PathBuf {
        self.folder.join(format!("{}.json", short(settings)))
    }

    /// `None` too where it cannot be read.
    pub fn read(&self) -> Option<Kept> {
        [&self.real, &self.named].into_iter().find_map(|settings| read(&self.record(settings)))
    }

    pub fn write(&self, earlier: Option<Value>, before: Option<Before>, after: &[u8]) -> io::Result<()> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (settings, named) = (text(&self.real), Some(text(&self.named)));
        let kept = Kept { version: VERSION, settings, named, earlier, after: digest(after), before, copy: None };
        let bytes = serde_json::to_vec_pretty(&kept)?;
        for settings in [&self.real, &self.named] {
            let path = self.record(settings);
            let next = path.with_extension("next");
            let _left_over = std::fs::remove_file(&next);
            self.put(&next, &bytes)?;
            std::fs::rename(&next, &path)?;
            sync(&path)?;
        }
        Ok(())
    }

    /// By whatever name it was kept.
    pub fn remove(&self) -> io::Result<()> {
        let kept = self.read();
        let others = kept.iter().flat_map(|kept| kept.named.iter().chain([&kept.settings])).map(Path::new);
        for settings in others.chain([self.named.as_path(), &self.real]) {
            match std::fs::remove_file(self.record(settings)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Keeps a copy of the settings as they were, and answers with its path.
    pub fn copy(&self, text: &str, stamp: &str) -> io::Result<PathBuf> {
        for count in 1..1000 {
            let more = if count > 1 { format!("-{count}") } else { String::new() };
            let path = self.folder.join(format!("{}{stamp}{more}.json", self.copies()));
            match self.put(&path, text.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                done => return done.map(|()| path),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn copies(&self) -> String {
        format!("copy-{}-", short(&self.named))
    }

    /// Removes the copies of earlier changes of the same settings, and those that are whole and that no record needs.
    pub fn tidy(&self, newest: Option<&Path>) -> io::Result<()> {
        let files: Vec<PathBuf> =
            std::fs::read_dir(&self.folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        let needed: Vec<String> = files.iter().filter_map(|file| read(file)?.copy).collect();
        let whole = |name: &str| name.starts_with("settings-") && !needed.iter().any(|needed| needed == name);
        for file in &files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if Some(file.as_path()) != newest && (name.starts_with(&self.copies()) || whole(&name)) {
                std::fs::remove_file(file)?;
            }
        }
        Ok(())
    }

    /// What the file was before, if it still is what was made of it: `None` in it is no file.
    pub fn undone(&self, kept: &Kept, now: &[u8]) -> Option<Option<Vec<u8>>> {
        if kept.after != digest(now) {
            return None;
        }
        match (&kept.before, &kept.copy) {
            (Some(before), _) => before.undone(now),
            (None, None) if kept.version == VERSION_WITH_COPY => Some(None),
            (None, Some(name)) => {
                read_bounded(&self.folder.join(Path::new(name).file_name()?), SIZE_MAX).ok()?.map(Some)
            }
            (None, None) => None,
        }
    }

    /// A new file, for this user only: settings can hold what is nobody's business.
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

fn read(record: &Path) -> Option<Kept> {
    let bytes = read_bounded(record, SIZE_MAX).ok()??;
    let known = |kept: &Kept| matches!(kept.version, VERSION_WITH_COPY | VERSION);
    serde_json::from_slice(&bytes).ok().filter(known)
}

impl Before {
    /// What has to be known of the one to make it of the other.
    pub fn of(before: Option<&[u8]>, after: &[u8]) -> Option<Self> {
        let Some(before) = before else {
            return Some(Self::NoFile);
        };
        let (before, after) = (std::str::from_utf8(before).ok()?, std::str::from_utf8(after).ok()?);
        let head = alike(before.chars().zip(after.chars()));
        let (before, after) = (&before[head..], &after[head..]);
        let tail = alike(before.chars().rev().zip(after.chars().rev()));
        Some(Self::Other { head, tail, text: before[..before.len() - tail].to_owned() })
    }

    fn undone(&self, after: &[u8]) -> Option<Option<Vec<u8>>> {
        match self {
            Self::NoFile => Some(None),
            Self::Other { head, tail, text } => {
                let end = after.len().checked_sub(*tail)?;
                Some(Some([after.get(..*head)?, text.as_bytes(), after.get(end..)?].concat()))
            }
        }
    }
}

/// How many bytes are the same before the first difference.
fn alike(pairs: impl Iterator<Item = (char, char)>) -> usize {
    pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

fn short(path: &Path) -> String {
    digest(path.as_os_str().as_encoded_bytes()).chars().take(16).collect()
}

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
