//! The history on disk: the ledger of requests, the changes of each window, and the episodes, in one SQLite file.
//!
//! [`History`] writes it on its own thread; [`Reader`] reads it from any process. The file is written:
//!
//! * in WAL mode: a commit costs one sync, and readers block nobody;
//! * with `synchronous=FULL`: the ledger must be on disk before the state that follows from it, because after a crash it may
//!   be ahead of the state (`holdoff_core::gate::recovery`).
//!
//! A write failure does not stop polling: rows wait in memory, up to a limit.
//!
//! Size and speed: a million readings and 100,000 requests take 37 MiB. On two cores, `cargo run --release -p holdoff-engine
//! --example million_readings` opens the file in 46 ms, or 1.9 ms once cached, reads 30 days in 24 ms and everything in 0.3
//! s. Deleting half a year takes 0.5 s, in steps of at most 17 ms.

mod export;
mod integrity;
mod reader;
mod retention;
mod rows;
mod schema;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use export::{Format, Table, csv, json, to_folder};
pub use integrity::{Health, check};
pub use reader::{Reader, ledger};
pub use retention::Retention;
pub use store::{Opened, Store, open};
pub use writer::{History, News};

use holdoff_core::AccountId;
use holdoff_core::Settings;
use holdoff_core::record::history::HistoryRecord;
use holdoff_core::record::ledger::LedgerEntry;
use std::time::Duration;

pub const NAME: &str = "history.sqlite3";

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub age: Duration,
    /// Bytes.
    pub size: u64,
}

impl From<&Settings> for Limits {
    fn from(settings: &Settings) -> Self {
        Self {
            age: Duration::from_secs(u64::from(settings.history_days) * 86_400),
            size: u64::from(settings.history_mb) * 1024 * 1024,
        }
    }
}

/// One row to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    Request(LedgerEntry),
    Record(HistoryRecord),
    /// The rows of one account name now belong to another.
    Renamed {
        from: AccountId,
        into: AccountId,
    },
}

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file is not a history that this program knows. It is set aside and a new one is started.
    #[error("{0}")]
    Damaged(String),
    /// A later version of Holdoff wrote it. It is left unchanged.
    #[error("it has version {found}, and this Holdoff supports up to version {known}; use a newer Holdoff to read it")]
    Newer { found: u64, known: u64 },
    /// The file may be intact, but the system does not allow reading or writing it now.
    #[error("{0}")]
    OutOfReach(String),
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
        // SQLite reports an unexpected table layout as an error of unknown kind.
        let damaged = matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase | Unknown));
        let why = why(&error);
        if damaged { Self::Damaged(why) } else { Self::OutOfReach(why) }
    }
}

impl From<std::io::Error> for HistoryError {
    fn from(error: std::io::Error) -> Self {
        Self::OutOfReach(error.to_string())
    }
}

/// SQLite's messages, which never quote a row.
fn why(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
