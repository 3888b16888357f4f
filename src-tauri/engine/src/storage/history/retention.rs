//! Deletes history that exceeds the age limit, and the oldest part if it exceeds the size limit. Works in small steps so that
//! writes wait only briefly, and keeps the last days, which gate recovery may need.

use super::{HistoryError, Limits, Store};
use holdoff_core::Wall;
use holdoff_core::gate::policy;
use holdoff_core::time::millis;
use rusqlite::Connection;
use std::time::Duration;

/// Rows per step: some milliseconds.
const ROWS: i64 = 4_000;
/// Pages returned to the file system per step.
const PAGES: u32 = 512;
/// A history over its size limit is cut to this share of it, so that it is not over it again the next day.
const DOWN_TO: f64 = 0.9;
/// Above the size limit, this fraction of the history's time span is deleted before it is measured again.
const SLICES: i64 = 50;
/// Twice the span that [`holdoff_core::gate::recovery`] reads.
const UNTOUCHED: Duration = policy::LONGEST_COOLDOWN.saturating_mul(2);

/// One retention run.
#[derive(Debug)]
pub struct Retention {
    limits: Limits,
    now: Wall,
    /// The history exceeded its size limit.
    shrinking: bool,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Delete everything older.
    Delete(Wall),
    Measure,
    GiveBack,
    Done,
}

impl Retention {
    pub fn new(limits: Limits, now: Wall) -> Self {
        let before = ago(now, limits.age).min(ago(now, UNTOUCHED));
        Self { limits, now, shrinking: false, phase: Phase::Delete(before) }
    }

    /// Does one step. Returns whether another one is needed.
    ///
    /// # Errors
    /// Fails on an SQLite error.
    pub fn step(&mut self, store: &mut Store) -> Result<bool, HistoryError> {
        let connection = &mut store.connection;
        self.phase = match self.phase {
            Phase::Delete(before) if delete_some(connection, before)? => Phase::Delete(before),
            Phase::Delete(_) => Phase::Measure,
            Phase::Measure => self.measure(connection)?,
            Phase::GiveBack if give_back_some(connection)? => Phase::GiveBack,
            Phase::GiveBack | Phase::Done => {
                clean(connection)?;
                Phase::Done
            }
        };
        Ok(self.phase != Phase::Done)
    }

    fn measure(&mut self, connection: &Connection) -> Result<Phase, HistoryError> {
        let share = if self.shrinking { DOWN_TO } else { 1.0 };
        let over = size(connection)? as f64 > self.limits.size as f64 * share;
        let last = ago(self.now, UNTOUCHED);
        let Some(oldest) = oldest(connection)?.filter(|oldest| over && *oldest < last) else {
            return Ok(Phase::GiveBack);
        };
        self.shrinking = true;
        let slice = (self.now.0.saturating_sub(oldest.0) / SLICES).max(1);
        Ok(Phase::Delete(Wall(oldest.0.saturating_add(slice)).min(last)))
    }
}

fn ago(now: Wall, time: Duration) -> Wall {
    Wall(now.0.saturating_sub(millis(time)))
}

/// Deletes up to [`ROWS`] rows. Returns whether any were deleted.
fn delete_some(connection: &mut Connection, before: Wall) -> Result<bool, HistoryError> {
    let transaction = connection.transaction()?;
    let quotas: Result<Vec<i64>, _> =
        transaction.prepare_cached("SELECT id FROM quota")?.query_map([], |row| row.get(0))?.collect();
    let mut left = ROWS;
    for quota in quotas? {
        let deleted = transaction
            .prepare_cached(
                "DELETE FROM reading WHERE quota = ?1 AND at IN
                    (SELECT at FROM reading WHERE quota = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
            )?
            .execute((quota, before.0, left))?;
        left -= i64::try_from(deleted).unwrap_or(left);
    }
    let requests = "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE at < ? ORDER BY at LIMIT ?)";
    let deleted = transaction.prepare_cached(requests)?.execute((before.0, left))?;
    // These are few: spending changes only when somebody pays.
    transaction.prepare_cached("DELETE FROM money WHERE at < ?")?.execute([before.0])?;
    transaction.prepare_cached("DELETE FROM episode WHERE ended < ?")?.execute([before.0])?;
    transaction.commit()?;
    Ok(left < ROWS || deleted > 0)
}

/// Bytes in use.
fn size(connection: &Connection) -> Result<u64, HistoryError> {
    let pages = pragma(connection, "page_count")?.saturating_sub(pragma(connection, "freelist_count")?);
    Ok(pages * pragma(connection, "page_size")?)
}

fn pragma(connection: &Connection, name: &str) -> Result<u64, HistoryError> {
    let value: i64 = connection.pragma_query_value(None, name, |row| row.get(0))?;
    Ok(u64::try_from(value).unwrap_or(0))
}

fn oldest(connection: &Connection) -> Result<Option<Wall>, HistoryError> {
    let sql = "SELECT min(at) FROM (
        SELECT (SELECT min(at) FROM reading WHERE quota = quota.id) AS at FROM quota
        UNION ALL SELECT min(at) FROM request
        UNION ALL SELECT min(at) FROM money
        UNION ALL SELECT min(ended) FROM episode)";
    let oldest: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(oldest.map(Wall))
}

/// Returns whether more pages can be returned.
fn give_back_some(connection: &Connection) -> Result<bool, HistoryError> {
    let free = pragma(connection, "freelist_count")?;
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    let left = pragma(connection, "freelist_count")?;
    Ok(0 < left && left < free)
}

/// Deletes windows without readings, and truncates the WAL, which stays as it is while somebody reads.
fn clean(connection: &Connection) -> Result<(), HistoryError> {
    connection.execute("DELETE FROM quota WHERE NOT EXISTS (SELECT 1 FROM reading WHERE quota = quota.id)", [])?;
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    Ok(())
}
