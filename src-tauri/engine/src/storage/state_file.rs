//! The two-slot format: the same state in `state.a.json` and `state.b.json`, each with a generation and a checksum. The slots
//! are written in turn, and each is synced before the other is begun. If one is damaged, the other is whole; a crash during a
//! save loses only that save.
//!
//! An unreadable slot is renamed to `*.unreadable-<time>`, and counts as a lost state until a state is saved.

mod quick;

use crate::platform::fs;
use holdoff_core::State;
use holdoff_core::state::VERSION;
use quick::Quick;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const NAMES: [&str; 2] = ["state.a.json", "state.b.json"];

/// A slot has some tens of kilobytes; a far larger file is not one.
const SLOT_MAX: u64 = 16 * 1024 * 1024;

/// Counting never reaches it, so incrementing a valid generation cannot overflow.
const GENERATION_MAX: u64 = u64::MAX / 2;

/// How often, and after what delay, a slot that may be half-written is read again. A save takes some milliseconds, and the
/// other slot may follow.
const LOOKS: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Writes `object` to one file. The shell uses the store plugin for this.
pub trait SlotWriter: Send + 'static {
    /// # Errors
    /// Fails on an I/O error.
    fn write(&mut self, path: &Path, object: Map<String, Value>) -> Result<(), String>;
}

/// Writes files directly, for programs without the plugin.
#[derive(Debug, Default)]
pub struct PlainFiles;

impl SlotWriter for PlainFiles {
    fn write(&mut self, path: &Path, object: Map<String, Value>) -> Result<(), String> {
        let text = serde_json::to_string_pretty(&object).map_err(|error| error.to_string())?;
        let written = fs::create(path).and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
        written.map_err(|error| error.to_string())
    }
}

/// The content of both slots.
#[derive(Debug)]
pub struct Slots {
    pub state: Option<State>,
    pub generation: u64,
    /// Files that cannot be used, and why.
    pub damaged: Vec<(PathBuf, String)>,
    /// Files of a later version of Holdoff, which are left unchanged: name and format version.
    pub newer: Vec<(String, u64)>,
    /// Damaged files set aside at earlier starts; filled only if there is no state.
    pub aside: Vec<PathBuf>,
}

impl Slots {
    /// Reads both slots without changing them. The newest valid one wins.
    pub fn read(dir: &Path) -> Self {
        let mut slots = Self { state: None, generation: 0, damaged: Vec::new(), newer: Vec::new(), aside: Vec::new() };
        let mut quick = Quick::default();
        for name in NAMES {
            let path = dir.join(name);
            match read_slot(&path, &mut quick) {
                Ok(Some((generation, state))) if slots.state.is_none() || generation > slots.generation => {
                    slots.generation = generation;
                    slots.state = Some(state);
                }
                Ok(_) => {}
                Err(NotRead::Damaged(why)) => slots.damaged.push((path, why)),
                Err(NotRead::Newer(version)) => slots.newer.push((name.to_owned(), version)),
            }
        }
        if slots.state.is_none() {
            slots.aside = kept_aside(dir);
        }
        slots
    }

    /// Same while an app may be saving: a slot that is being written is not damaged, and is read again.
    /// Blocks for a moment where one is.
    pub fn read_beside(dir: &Path) -> Self {
        let mut slots = Self::read(dir);
        for _ in 0..LOOKS {
            if slots.damaged.is_empty() {
                break;
            }
            std::thread::sleep(LOOK_AGAIN);
            slots = Self::read(dir);
        }
        slots
    }

    /// A state existed and cannot be read; or it was set aside at an earlier start and nothing has been saved since.
    pub fn lost(&self) -> bool {
        self.state.is_none() && !(self.damaged.is_empty() && self.newer.is_empty() && self.aside.is_empty())
    }

    /// Renames the damaged files and returns their new names.
    pub fn set_aside(&self, stamp: &str) -> Vec<PathBuf> {
        let kept = self.damaged.iter().filter_map(|(path, _)| fs::set_aside(path, stamp));
        kept.collect()
    }
}

/// The slots that [`fs::set_aside`] renamed.
fn kept_aside(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let kept = |name: &str| NAMES.iter().any(|slot| name.starts_with(&format!("{slot}.unreadable-")));
    let mut kept: Vec<_> =
        entries.filter(|entry| kept(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect();
    kept.sort();
    kept
}

/// `Ok(None)` if there is no such file.
fn read_slot(path: &Path, quick: &mut Quick) -> Result<Option<(u64, State)>, NotRead> {
    let bytes = match fs::read_own(path, SLOT_MAX) {
        Err(error) if error.is_missing() => return Ok(None),
        bytes => bytes.map_err(|error| NotRead::Damaged(error.to_string()))?,
    };
    quick.parse(&bytes).map_or_else(|| parse_any(&bytes), Ok).map(Some)
}

/// Why a file has no usable state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    #[error("{0}")]
    Damaged(String),
    /// The file is valid, with this newer format version.
    #[error("it was written by a newer version of Holdoff (format {0}, this one supports {known})", known = VERSION)]
    Newer(u64),
}

impl From<&str> for NotRead {
    fn from(why: &str) -> Self {
        Self::Damaged(why.to_owned())
    }
}

/// Reads the bytes of one slot.
///
/// # Errors
/// Fails if they are not a complete state in a supported version.
pub fn parse(bytes: &[u8]) -> Result<(u64, State), NotRead> {
    Quick::default().parse(bytes).map_or_else(|| parse_any(bytes), Ok)
}

/// Accepts any JSON formatting, whichever program wrote it.
fn parse_any(bytes: &[u8]) -> Result<(u64, State), NotRead> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    let slot: Value = serde_json::from_slice(bytes).map_err(|_| "it is not valid JSON")?;
    let generation = slot.get("generation").and_then(Value::as_u64).ok_or("it has no generation")?;
    if generation > GENERATION_MAX {
        return Err("its generation is out of range".into());
    }
    let checksum = slot.get("checksum").and_then(Value::as_str).ok_or("it has no checksum")?;
    let state = slot.get("state").ok_or("it has no state")?;
    if checksum != self::checksum(generation, state) {
        return Err("its checksum does not match".into());
    }
    match state.get("version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(version) if version > u64::from(VERSION) => return Err(NotRead::Newer(version)),
        _ => return Err("it was written by another version of Holdoff".into()),
    }
    let state = State::deserialize(state).map_err(|_| "it is not a Holdoff state file")?;
    Ok((generation, state))
}

/// Writes both slots in turn, each synced before the other is begun.
#[derive(Debug)]
pub struct TwoSlots<W> {
    dir: PathBuf,
    writer: W,
    generation: u64,
}

impl<W: SlotWriter> TwoSlots<W> {
    /// `generation` is the newest generation on disk.
    pub fn new(dir: PathBuf, writer: W, generation: u64) -> Self {
        Self { dir, writer, generation }
    }

    /// Saves `state` durably in both slots. The older slot is overwritten first, so that one of the two is always valid.
    ///
    /// # Errors
    /// Fails on an I/O error. The state is then not durable.
    pub fn save(&mut self, state: &State) -> Result<(), String> {
        let state = serde_json::to_value(state).map_err(|error| error.to_string())?;
        // The folder may have been deleted, and the writer would recreate it readable for everyone.
        fs::make_folder(&self.dir).map_err(|error| error.to_string())?;
        for state in [state.clone(), state] {
            let generation = self.generation + 1;
            let name = NAMES[usize::from(generation.is_multiple_of(2))];
            let path = self.dir.join(name);
            self.writer.write(&path, slot(generation, state))?;
            fs::sync(&path).map_err(|error| error.to_string())?;
            self.generation = generation;
        }
        Ok(())
    }
}

/// The content of one slot, with a checksum that reveals damage.
pub(crate) fn slot(generation: u64, state: Value) -> Map<String, Value> {
    let parts = [("generation", json!(generation)), ("checksum", json!(checksum(generation, &state)))];
    parts.into_iter().chain([("state", state)]).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Covers the generation and the state with sorted keys, because another program may have reordered them.
fn checksum(generation: u64, state: &Value) -> String {
    let mut text = String::new();
    canonical(state, &mut text);
    digest(generation, text.as_bytes())
}

fn digest(generation: u64, canonical: &[u8]) -> String {
    let digest = Sha256::new().chain_update(generation.to_string()).chain_update(canonical).finalize();
    format!("sha256:{}", hex::encode(digest))
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            out.push('{');
            for key in keys {
                let _ = write!(out, "{}:", Value::String(key.clone()));
                canonical(&object[key], out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for item in list {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

#[cfg(test)]
mod tests;
