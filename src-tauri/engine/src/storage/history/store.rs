//! The history file, open for writing. Only one process has it open: the app that holds the app's lock.

use super::{HistoryError, NAME, Row, rows, schema};
use crate::platform::data_dir::FileId;
use crate::platform::fs::{self, ReadError, set_aside};
use crate::platform::private_files;
use crate::storage::history::integrity;
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::time::millis;
use rusqlite::{Connection, OpenFlags};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A reader may hold a lock briefly.
const BUSY: Duration = Duration::from_secs(2);
/// At most this many entries are read back, even if the clock was set back and all of them seem recent.
const RECENT_MAX: i64 = 20_000;

#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    file: Option<FileId>,
}

/// The result of opening the history.
#[derive(Debug)]
pub struct Opened {
    /// `None` if it cannot be written now; opening is tried again.
    pub store: Option<Store>,
    /// Sentences about problems found.
    pub findings: Vec<String>,
    /// The ledger entries of about the last `span`, in the order of writing.
    pub recent: Vec<LedgerEntry>,
}

/// Opens the history, or creates one. A damaged file is set aside.
pub fn open(dir: &Path, stamp: &str, span: Duration) -> Opened {
    let mut findings = Vec::new();
    match Store::open_or_begin(dir, stamp, &mut findings) {
        Ok(store) => {
            let recent = store.recent(span).unwrap_or_default();
            Opened { store: Some(store), findings, recent }
        }
        Err(error) => {
            tracing::error!(%error, "the history cannot be opened");
            if let HistoryError::Newer { .. } = error {
                findings.push(format!("The history is left unchanged: {error}. Nothing is added to it."));
            }
            Opened { store: None, findings, recent: Vec::new() }
        }
    }
}

impl Store {
    pub(super) fn open_or_begin(dir: &Path, stamp: &str, findings: &mut Vec<String>) -> Result<Self, HistoryError> {
        match Self::open(dir) {
            Err(HistoryError::Damaged(why)) => {
                findings.extend(keep_aside(dir, stamp, &why));
                Self::open(dir)
            }
            opened => opened,
        }
    }

    fn open(dir: &Path) -> Result<Self, HistoryError> {
        let path = dir.join(NAME);
        make_private(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags)?;
        connection.busy_timeout(BUSY)?;
        schema::is_inert(&connection)?;
        // Checked before any write: a file of a later version or of another program stays unchanged.
        if schema::version(&connection)? == 0 {
            schema::is_empty(&connection)?;
            // Works only on an empty file. Freed pages can then be returned in small steps.
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        } else {
            recent(&connection, Duration::ZERO)?;
        }
        // Without shared memory on the file system, SQLite keeps its rollback journal.
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        schema::migrate(&mut connection)?;
        recent(&connection, Duration::ZERO)?;
        Ok(Self { connection, file: FileId::at(&path) })
    }

    /// Whether the file is still in its folder. SQLite would keep writing to a deleted file.
    pub(super) fn is_in(&self, dir: &Path) -> bool {
        FileId::at(&dir.join(NAME)) == self.file
    }

    /// Writes all rows or none. They are on disk when this returns.
    ///
    /// # Errors
    /// Fails if the rows cannot be written.
    pub fn write<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) -> Result<(), HistoryError> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            rows::write(&transaction, row)?;
        }
        Ok(transaction.commit()?)
    }

    /// The end of the ledger without gaps, in the order of writing: it starts after the last entry that is more than `span`
    /// older than the newest one. Entries are ordered by id because the clock may have been set between two.
    ///
    /// # Errors
    /// Fails on an SQLite error.
    pub fn recent(&self, span: Duration) -> Result<Vec<LedgerEntry>, HistoryError> {
        recent(&self.connection, span)
    }
}

fn recent(connection: &Connection, span: Duration) -> Result<Vec<LedgerEntry>, HistoryError> {
    let sql = format!(
        // The plus avoids the index on `at`: it scans back from the newest entry to the first old one, not through all old
        // ones.
        "{} WHERE request.id > (SELECT max(id) FROM request) - ?
            AND request.id > coalesce((SELECT id FROM request
                WHERE +at < (SELECT at FROM request ORDER BY id DESC LIMIT 1) - ? ORDER BY id DESC LIMIT 1), 0)
            ORDER BY request.id",
        rows::REQUESTS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let entries = statement.query_map([RECENT_MAX, millis(span)], rows::request)?;
    let entries: Result<Vec<_>, _> = entries.collect();
    Ok(entries?.into_iter().flatten().collect())
}

/// Renames a damaged file together with its WAL files, so that SQLite can still open them. Returns a sentence.
pub(super) fn keep_aside(dir: &Path, stamp: &str, why: &str) -> Option<String> {
    let path = dir.join(NAME);
    let kept = set_aside(&path, stamp)?;
    for part in ["-wal", "-shm"] {
        let _ = std::fs::rename(with(&path, part), with(&kept, part));
    }
    tracing::error!(%why, kept = %kept.display(), "the history could not be read and is set aside");
    let name = kept.file_name().unwrap_or_default().to_string_lossy();
    Some(format!(
        "Could not read the history: {why}. The file is kept as {name}, and a new history was started. Checks and current readings do not depend on it."
    ))
}

/// Removes every file of the history. Windows cannot remove an open file, so this retries; the integrity check holds one open
/// the longest.
pub(super) fn remove_all(dir: &Path) -> io::Result<()> {
    /// ERROR_SHARING_VIOLATION of winerror.h.
    const OPEN: i32 = 32;
    let until = Instant::now() + integrity::LONGEST + BUSY;
    for file in all_files(dir) {
        loop {
            match std::fs::remove_file(&file) {
                Err(error) if cfg!(windows) && error.raw_os_error() == Some(OPEN) && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                removed => break removed?,
            }
        }
    }
    Ok(())
}

/// Every file of the history, including those set aside.
fn all_files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let ours = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().starts_with(NAME);
    entries.map(|entry| entry.path()).filter(ours).collect()
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// SQLite gives its WAL files the same mode. A file of another user is not trusted, and a path that is not a regular file is
/// refused: opening a pipe would block.
fn make_private(path: &Path) -> Result<(), HistoryError> {
    if let Err(error @ ReadError::NoFile) = fs::open(path) {
        return Err(HistoryError::Damaged(error.to_string()));
    }
    let file = fs::private().create(true).append(true).open(path)?;
    match private_files::doubt(&file, false)? {
        Some(doubt) => Err(HistoryError::Damaged(doubt.to_string())),
        None => Ok(()),
    }
}
