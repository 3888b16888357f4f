//! Detects data written by a later version of Holdoff. It is reported and left unchanged; a downgraded version would
//! otherwise start over and ignore cooldowns that it cannot read.

use crate::storage::history;
use crate::storage::history::HistoryError;
use crate::storage::settings_file;
use crate::storage::state_file::Slots;
use holdoff_core::{settings, state};
use std::fmt;
use std::path::Path;

/// A file whose format is too new for this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewerData {
    pub file: String,
    /// The file's format version, and the latest that this program supports.
    pub found: u64,
    pub known: u64,
}

impl fmt::Display for NewerData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, found, known } = self;
        write!(f, "{file} has format {found}, and this version of Holdoff supports up to {known}")
    }
}

/// The first such file in this data folder. Read-only.
pub fn find(dir: &Path) -> Option<NewerData> {
    let history = || match history::Reader::open(dir) {
        Err(HistoryError::Newer { found, known }) => Some(NewerData { file: history::NAME.to_owned(), found, known }),
        _ => None,
    };
    find_beside_history(dir, &Slots::read(dir)).or_else(history)
}

/// Same without the history, whose opening takes longer than everything else.
pub fn find_beside_history(dir: &Path, slots: &Slots) -> Option<NewerData> {
    let state = slots.newer.first();
    let state =
        state.map(|(file, found)| NewerData { file: file.clone(), found: *found, known: state::VERSION.into() });
    let settings = || {
        let found = settings_file::version(dir).filter(|version| *version > settings::VERSION)?;
        Some(NewerData { file: settings_file::NAME.to_owned(), found, known: settings::VERSION })
    };
    state.or_else(settings)
}
