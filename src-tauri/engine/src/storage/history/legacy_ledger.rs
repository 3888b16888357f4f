//! The ledger of versions before the history: lines of JSON in two files. It is taken over once.

use crate::platform::fs;
use holdoff_core::record::ledger::LedgerEntry;
use std::path::{Path, PathBuf};

/// The older half first.
pub const NAMES: [&str; 2] = ["ledger.1.jsonl", "ledger.jsonl"];

/// Both were kept below a megabyte.
const SIZE_MAX: u64 = 4 * 1024 * 1024;

#[derive(Debug)]
pub struct Ledger {
    /// The oldest first.
    pub entries: Vec<LedgerEntry>,
    /// What there is, and whether all of it could be read.
    pub(super) files: Vec<(PathBuf, bool)>,
}

impl Ledger {
    pub fn read(dir: &Path) -> Self {
        let mut ledger = Self { entries: Vec::new(), files: Vec::new() };
        for path in NAMES.map(|name| dir.join(name)) {
            let bytes = match fs::read_own(&path, SIZE_MAX) {
                Ok(bytes) => bytes,
                Err(error) if error.is_missing() => continue,
                Err(_) => {
                    ledger.files.push((path, false));
                    continue;
                }
            };
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
            let entries: Vec<Option<LedgerEntry>> = lines.map(|line| serde_json::from_slice(line).ok()).collect();
            ledger.files.push((path, entries.iter().all(Option::is_some)));
            ledger.entries.extend(entries.into_iter().flatten());
        }
        ledger
    }
}
