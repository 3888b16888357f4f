//! Whether the file is whole, looked into at a start, beside everything else and for a bounded time.

use super::{HistoryError, NAME, reader, why};
use std::path::Path;
use std::time::{Duration, Instant};

/// A file of the largest size that can be chosen takes longer than anyone should feel; the part that was looked at is
/// then all that is known.
pub(super) const LONGEST: Duration = Duration::from_secs(3);
/// Steps of SQLite between two looks at the clock: about as many pages.
const BETWEEN_LOOKS: i32 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Whole,
    Damaged(String),
    /// There was no time to look at all of it, or it could not be opened now.
    Unknown(String),
}

/// Reads the file; blocks for [`LONGEST`] at most.
pub fn check(dir: &Path) -> Health {
    match look(dir, LONGEST) {
        Ok(health) => health,
        Err(HistoryError::Damaged(why)) => Health::Damaged(why),
        Err(error) => Health::Unknown(error.to_string()),
    }
}

pub(super) fn look(dir: &Path, longest: Duration) -> Result<Health, HistoryError> {
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
