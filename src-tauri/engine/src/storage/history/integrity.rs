//! Checks the integrity of the file at startup, in the background and for a limited time.

use super::{HistoryError, NAME, reader, why};
use std::path::Path;
use std::time::{Duration, Instant};

/// The time limit: checking a file of the maximum size would take noticeably long. If it runs out, only the checked part is
/// known to be whole.
pub(super) const LONGEST: Duration = Duration::from_secs(3);
/// SQLite steps between two checks of the time limit; roughly the same number of pages.
const BETWEEN_LOOKS: i32 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Whole,
    Damaged(String),
    /// The check did not finish in time, or the file could not be opened.
    Unknown(String),
}

/// Checks the file. Blocks for [`LONGEST`] at most.
pub fn check(dir: &Path) -> Health {
    match inspect(dir, LONGEST) {
        Ok(health) => health,
        Err(HistoryError::Damaged(why)) => Health::Damaged(why),
        Err(error) => Health::Unknown(error.to_string()),
    }
}

pub(super) fn inspect(dir: &Path, longest: Duration) -> Result<Health, HistoryError> {
    let mut connection = reader::connect(&dir.join(NAME))?;
    let until = Instant::now() + longest;
    connection.progress_handler(BETWEEN_LOOKS, Some(move || Instant::now() > until))?;
    match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(word) if word == "ok" => Ok(Health::Whole),
        Ok(word) => Ok(Health::Damaged(word)),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
            Ok(Health::Unknown(why(&error)))
        }
        Err(error) => Err(error.into()),
    }
}
