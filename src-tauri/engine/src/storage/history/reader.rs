//! Reads the history from any process, even while the app writes it.

use super::{HistoryError, NAME, rows, schema};
use holdoff_core::quota::backtest::{Backtest, WindowResult};
use holdoff_core::record::history::{EpisodeRecord, MoneyRecord, WindowRecord};
use holdoff_core::record::ledger::LedgerEntry;
use holdoff_core::{AccountId, Wall};
use rusqlite::{Connection, OpenFlags, Row, params};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// How long a reader waits while the file is being recovered after a crash.
const BUSY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    /// An earlier version is read as it is: only the app migrates the file.
    version: usize,
}

impl Reader {
    /// Opens the history of this data folder; `None` if there is none.
    ///
    /// # Errors
    /// Fails if the file is not a history or cannot be read.
    pub fn open(dir: &Path) -> Result<Option<Self>, HistoryError> {
        let path = dir.join(NAME);
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(file) if file.len() == 0 => return Ok(None),
            Ok(_) => {}
        }
        let connection = connect(&path)?;
        let version = schema::version(&connection)?;
        Ok((version > 0).then_some(Self { connection, version }))
    }

    /// Calls `each` for every ledger entry since `since`, oldest first, until it breaks.
    ///
    /// # Errors
    /// Fails if reading fails.
    pub fn requests(
        &self,
        since: Wall,
        each: &mut dyn FnMut(LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        self.each(
            &format!("{} WHERE request.at >= ? ORDER BY request.at, request.id", rows::REQUESTS),
            since,
            rows::request,
            each,
        )
    }

    /// Calls `each` for every window change since `since`, window by window and oldest first, until it breaks. Nothing is
    /// sorted or buffered, whatever the size.
    ///
    /// # Errors
    /// Fails if reading fails.
    pub fn windows(
        &self,
        since: Wall,
        each: &mut dyn FnMut(WindowRecord) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        self.each(
            &format!("{} WHERE reading.at >= ? ORDER BY quota.id, reading.at", rows::READINGS),
            since,
            rows::window,
            each,
        )
    }

    /// Calls `each` for every spending change since `since`, in the order of [`Reader::windows`], until it breaks.
    ///
    /// # Errors
    /// Fails if reading fails.
    pub fn money(&self, since: Wall, each: &mut dyn FnMut(MoneyRecord) -> ControlFlow<()>) -> Result<(), HistoryError> {
        if self.version < schema::MONEY {
            return Ok(());
        }
        self.each(
            &format!("{} WHERE money.at >= ? ORDER BY money.account, money.key, money.at", rows::MONEY),
            since,
            rows::money,
            each,
        )
    }

    /// Calls `each` for every episode that was still open at `since`, oldest first, until it breaks.
    ///
    /// # Errors
    /// Fails if reading fails.
    pub fn episodes(
        &self,
        since: Wall,
        each: &mut dyn FnMut(EpisodeRecord) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        self.each(
            &format!("{} WHERE ended IS NULL OR ended >= ? ORDER BY began", rows::EPISODES),
            since,
            rows::episode,
            each,
        )
    }

    /// Backtests the forecasts since `since`, by account and window.
    ///
    /// # Errors
    /// Fails if reading fails.
    pub fn backtest(&self, since: Wall) -> Result<Vec<(AccountId, WindowResult)>, HistoryError> {
        let mut backtest = Backtest::default();
        self.windows(since, &mut |record| {
            backtest.record(&record);
            ControlFlow::Continue(())
        })?;
        Ok(backtest.results())
    }

    fn each<T>(
        &self,
        sql: &str,
        since: Wall,
        read: fn(&Row<'_>) -> rusqlite::Result<Option<T>>,
        each: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut found = statement.query(params![since.0])?;
        while let Some(row) = found.next()? {
            // A later version may have written values that this one does not know.
            if let Some(row) = read(row)?
                && each(row).is_break()
            {
                break;
            }
        }
        Ok(())
    }
}

/// Reads the ledger since `since`, oldest entry first. Works from any process.
///
/// # Errors
/// Fails if it cannot be read.
pub fn ledger(dir: &Path, since: Wall) -> Result<Vec<LedgerEntry>, HistoryError> {
    let mut entries = Vec::new();
    if let Some(reader) = Reader::open(dir)? {
        reader.requests(since, &mut |entry| {
            entries.push(entry);
            ControlFlow::Continue(())
        })?;
    }
    Ok(entries)
}

/// Opens the file read-only.
pub(super) fn connect(path: &Path) -> Result<Connection, HistoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    schema::is_inert(&connection)?;
    Ok(connection)
}
