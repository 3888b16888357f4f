//! What is needed to undo the change of the one key: its previous value and position. No other part of the settings is saved
//! anywhere, because any part may contain tokens.

use crate::platform::fs;
use crate::platform::private_files;
use crate::platform::private_files::Doubt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};

/// The folder for records in Holdoff's data folder.
pub(super) const FOLDER: &str = private_files::COMMANDS;
pub(super) const SIZE_MAX: u64 = 4 * 1024 * 1024;
const VERSION: u32 = 2;
/// This version referred to a copy of the complete settings.
pub(super) const VERSION_WITH_COPY: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub(super) version: u32,
    /// The settings file that this record belongs to.
    pub(super) settings: String,
    /// The path by which Claude Code knows the file.
    pub(super) named: Option<String>,
    /// The previous value of the key.
    pub earlier: Option<Value>,
    /// Digest of the file after the change. If it still matches, an undo restores the file byte for byte.
    pub(super) after: String,
    pub(super) before: Option<Undo>,
    /// Only in [`VERSION_WITH_COPY`].
    #[serde(default, skip_serializing)]
    pub(super) copy: Option<String>,
}

/// How to restore the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// There was no file.
    NoFile,
    /// `text` was replaced by `made`, between the first `head` and the last `tail` bytes.
    Other {
        head: usize,
        tail: usize,
        text: String,
        #[serde(default)]
        made: String,
    },
}

/// The records of one settings file, stored under its link path and its real path: the first survives moving the file behind a
/// link, the second a change of the link's name.
#[derive(Debug, Clone)]
pub struct RecordStore {
    folder: PathBuf,
    named: PathBuf,
    real: PathBuf,
}

impl RecordStore {
    /// `real` is the file's path without links.
    pub fn new(data_dir: &Path, named: &Path, real: &Path) -> Self {
        let named = std::path::absolute(named).unwrap_or_else(|_| named.to_owned());
        Self { folder: data_dir.join(FOLDER), named, real: real.to_owned() }
    }

    fn record(&self, settings: &Path) -> PathBuf {
        self.folder.join(format!("{}.json", short(settings)))
    }

    /// Returns `None` also if the record cannot be read.
    pub fn read(&self) -> Option<Record> {
        [&self.real, &self.named].into_iter().find_map(|settings| read(&self.record(settings)))
    }

    /// The records that exist but are not trusted, and why.
    pub fn doubtful(&self) -> Vec<(PathBuf, Doubt)> {
        let mut records = vec![self.record(&self.real), self.record(&self.named)];
        records.dedup();
        records.into_iter().filter_map(|path| Some((path.clone(), private_files::doubt_of_command(&path)?))).collect()
    }

    pub fn write(&self, earlier: Option<Value>, before: Option<Undo>, after: &[u8]) -> io::Result<()> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (settings, named) = (text(&self.real), Some(text(&self.named)));
        let record = Record { version: VERSION, settings, named, earlier, after: digest(after), before, copy: None };
        for settings in [&self.real, &self.named] {
            write(&self.record(settings), &record)?;
        }
        Ok(())
    }

    /// Removes the record under either path.
    pub fn remove(&self) -> io::Result<()> {
        let record = self.read();
        let others = record.iter().flat_map(|record| record.named.iter().chain([&record.settings])).map(Path::new);
        for settings in others.chain([self.named.as_path(), &self.real]) {
            match std::fs::remove_file(self.record(settings)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

pub(super) fn read(record: &Path) -> Option<Record> {
    let bytes = fs::read_command(record, SIZE_MAX).ok()?;
    let known = |record: &Record| matches!(record.version, VERSION_WITH_COPY | VERSION);
    serde_json::from_slice(&bytes).ok().filter(known)
}

/// Readable only by this user: an earlier command may contain private data.
pub(super) fn write(path: &Path, record: &Record) -> io::Result<()> {
    fs::replace(path, path.with_extension("next"), &serde_json::to_vec_pretty(record)?)
}

impl Record {
    /// The previous content of the file; the inner `None` means that there was no file. If others have changed the file since,
    /// restores only the changed part, if its position is unambiguous.
    pub fn undone(&self, now: &[u8]) -> Option<Option<Vec<u8>>> {
        let before = self.before.as_ref()?;
        if self.after == digest(now) { before.undone(now) } else { before.undone_in(now) }
    }

    /// Converts the record to one without a copy of the settings. `bytes` is that copy.
    pub(super) fn without_copy(self, bytes: Option<&[u8]>, now: &[u8]) -> Self {
        let fits = self.after == digest(now) && (bytes.is_some() || self.copy.is_none());
        let before = Undo::of(bytes, now).filter(|_| fits);
        Self { version: VERSION, before, copy: None, ..self }
    }
}

impl Undo {
    /// What is needed to turn `after` back into `before`.
    pub fn of(before: Option<&[u8]>, after: &[u8]) -> Option<Self> {
        let Some(before) = before else {
            return Some(Self::NoFile);
        };
        let (before, after) = (std::str::from_utf8(before).ok()?, std::str::from_utf8(after).ok()?);
        let head = alike(before.chars().zip(after.chars()));
        let (before, after) = (&before[head..], &after[head..]);
        let tail = alike(before.chars().rev().zip(after.chars().rev()));
        let part = |text: &str| text[..text.len() - tail].to_owned();
        Some(Self::Other { head, tail, text: part(before), made: part(after) })
    }

    pub fn is_within(&self, key: &str) -> bool {
        match self {
            Self::NoFile => true,
            Self::Other { text, .. } => key.contains(text.trim()),
        }
    }

    fn undone(&self, after: &[u8]) -> Option<Option<Vec<u8>>> {
        match self {
            Self::NoFile => Some(None),
            Self::Other { head, tail, text, .. } => {
                let end = after.len().checked_sub(*tail)?;
                Some(Some([after.get(..*head)?, text.as_bytes(), after.get(end..)?].concat()))
            }
        }
    }

    fn undone_in(&self, now: &[u8]) -> Option<Option<Vec<u8>>> {
        let (Self::Other { text, made, .. }, Ok(now)) = (self, std::str::from_utf8(now)) else {
            return None;
        };
        let mut places = now.match_indices(made.as_str()).filter(|_| !made.is_empty());
        let (at, _) = places.next()?;
        let only = places.next().is_none();
        only.then(|| Some([&now[..at], text, &now[at + made.len()..]].concat().into_bytes()))
    }
}

/// The number of bytes before the first difference.
fn alike(pairs: impl Iterator<Item = (char, char)>) -> usize {
    pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

fn short(path: &Path) -> String {
    fs::short_name(path.as_os_str().as_encoded_bytes())
}

pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
