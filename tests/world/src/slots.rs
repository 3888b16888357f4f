//! The two state files that Holdoff writes in turn, and ways to damage them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::home::{Home, replace};

/// One of the two state files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// `state.a.json`
    A,
    /// `state.b.json`
    B,
}

impl Slot {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The file's name.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::A => "state.a.json",
            Self::B => "state.b.json",
        }
    }

    /// The other file.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Which files to damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one written last.
    Newest,
    /// The one written before.
    Oldest,
    /// All that exist.
    Both,
}

/// A kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Truncated to nothing.
    Empty,
    /// The second half is missing.
    Half,
    /// Random bytes of the same length.
    Noise,
    /// Zero bytes of the same length, as some file systems leave after a power cut.
    Zeros,
    /// Valid JSON of the same shape with one digit or letter changed: only a checksum detects it.
    Altered,
    /// JSON of another program.
    Foreign,
    /// Deleted.
    Missing,
}

impl Damage {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Empty, Self::Half, Self::Noise, Self::Zeros, Self::Altered, Self::Foreign, Self::Missing];

    /// The damaged form of `bytes`; `None` if the file is deleted.
    pub fn of(self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Empty => Some(Vec::new()),
            Self::Half => Some(bytes[..bytes.len() / 2].to_vec()),
            Self::Noise => Some(std::iter::repeat_with(|| fastrand::u8(..)).take(bytes.len()).collect()),
            Self::Zeros => Some(vec![0; bytes.len()]),
            Self::Altered => Some(alter(bytes)),
            Self::Foreign => Some(br#"{"name":"someone-else","version":3,"items":[1,2,3]}"#.to_vec()),
            Self::Missing => None,
        }
    }
}

/// Changes the last digit, or the last letter if there is no digit.
fn alter(bytes: &[u8]) -> Vec<u8> {
    let mut altered = bytes.to_vec();
    let last = |wanted: fn(&u8) -> bool| bytes.iter().rposition(wanted);
    if let Some(at) = last(u8::is_ascii_digit) {
        altered[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
    } else if let Some(at) = last(u8::is_ascii_alphabetic) {
        altered[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
    }
    altered
}

impl Home {
    /// The path of a state file.
    pub fn slot_path(&self, slot: Slot) -> PathBuf {
        self.data_dir().join(slot.file_name())
    }

    /// The content of a state file, if it exists and is JSON.
    pub fn read_slot(&self, slot: Slot) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.slot_path(slot)).ok()?).ok()
    }

    /// The state file written last: by its `generation`, or by its modification time if no file has one.
    pub fn newest_slot(&self) -> Option<Slot> {
        let there = || Slot::BOTH.into_iter().filter(|slot| self.slot_path(*slot).exists());
        let generation = |slot: &Slot| self.read_slot(*slot).as_ref().and_then(generation);
        if there().any(|slot| generation(&slot).is_some()) {
            return there().max_by_key(generation);
        }
        there().max_by_key(|slot| modified(&self.slot_path(*slot)))
    }

    /// Damages one state file or both, and returns which. The program must not be running.
    ///
    /// # Panics
    /// If there is no such file: a test without damage proves nothing.
    pub fn damage(&self, target: Target, damage: Damage) -> Vec<Slot> {
        let newest = self.newest_slot().expect("a state file to damage");
        let slots = match target {
            Target::Newest => vec![newest],
            Target::Oldest => vec![newest.other()],
            Target::Both => Slot::BOTH.into_iter().filter(|slot| self.slot_path(*slot).exists()).collect(),
        };
        for slot in &slots {
            damage_file(&self.slot_path(*slot), damage);
        }
        slots
    }

    /// The files that the program put aside as unreadable.
    pub fn unreadable_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.data_dir()) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.filter(|path| path.to_string_lossy().contains(".unreadable-")).collect()
    }
}

/// Damages any file.
///
/// # Panics
/// If it does not exist.
pub(crate) fn damage_file(path: &Path, damage: Damage) {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("nothing to damage at {}: {e}", path.display()));
    match damage.of(&bytes) {
        Some(left) => replace(path, &left),
        None => fs::remove_file(path).expect("a state file can be removed"),
    }
}

/// The field `generation`, at any depth.
fn generation(value: &Value) -> Option<u64> {
    let fields = value.as_object()?;
    let own = fields.get("generation").and_then(Value::as_u64);
    own.or_else(|| fields.values().find_map(generation))
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}
