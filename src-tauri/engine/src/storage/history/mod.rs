//! The history on disk: the ledger of requests, each window as it changed, and the episodes, in one SQLite file.
//!
//! [`History`] writes it from a thread of its own, [`Reader`] reads it from any process. What is written:
//!
//! * in WAL mode: a commit costs one sync, and a reader is in nobody's way;
//! * with `synchronous=FULL`: the ledger must be on disk before the state that follows from it, since at a start it may
//!   know what the state does not (`holdoff_core::gate::recovery`).
//!
//! A history that cannot be written stops nothing: what it would have said waits in memory, up to a bound.
//!
//! A million readings and 100,000 requests are 37 MiB. `cargo run --release -p holdoff-engine --example million_readings` on two cores:
//! it opens in 46 ms, and in 1.9 ms once it was read before; 30 days are read in 24 ms and all of it in 0.3 s; half a year goes in 0.5 s
//! of a night, in steps of at most 17 ms.

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

/// How much is kept.
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
    Memory(HistoryRecord),
    /// What is kept under one name belongs under another one.
    Renamed {
        from: AccountId,
        into: AccountId,
    },
}

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// What is in the file is not a history that this program knows: it is kept aside, and a new one begun.
    #[error("{0}")]
    Damaged(String),
    /// A later version of Holdoff wrote it, and it is left to that.
    #[error("it has version {found}, and this Holdoff supports up to version {known}; use a newer Holdoff to read it")]
    Newer { found: u64, known: u64 },
    /// It may be whole; the system does not let it be read or written now.
    #[error("{0}")]
    OutOfReach(String),
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
        // What SQLite calls an error without a kind is a table that is not as it should be.
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

/// In the words of SQLite, which quote no row.
fn why(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
