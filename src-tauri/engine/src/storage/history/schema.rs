//! The tables, by version. Times are milliseconds since the Unix epoch.

use super::HistoryError;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// Each entry migrates the file from the version of its index to the next. Entries are never changed, only added.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE quota (
        id INTEGER PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES account (id),
        key TEXT NOT NULL,
        label TEXT NOT NULL,
        duration_s INTEGER,
        UNIQUE (account, key)
    ) STRICT;
    CREATE TABLE reading (
        quota INTEGER NOT NULL REFERENCES quota (id),
        at INTEGER NOT NULL,
        used REAL,
        resets_at INTEGER,
        source INTEGER NOT NULL,
        PRIMARY KEY (quota, at)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE request (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        account INTEGER NOT NULL REFERENCES account (id),
        endpoint TEXT NOT NULL,
        event TEXT NOT NULL,
        what TEXT NOT NULL,
        detail TEXT,
        next_at INTEGER
    ) STRICT;
    CREATE INDEX request_at ON request (at);
    CREATE TABLE episode (
        account INTEGER NOT NULL REFERENCES account (id),
        kind TEXT NOT NULL,
        began INTEGER NOT NULL,
        ended INTEGER,
        told TEXT NOT NULL,
        PRIMARY KEY (account, kind, began)
    ) STRICT, WITHOUT ROWID;
",
    // Amounts are in minor units: 1234 with exponent 2 is 12.34.
    "
    CREATE TABLE money (
        account INTEGER NOT NULL REFERENCES account (id),
        key TEXT NOT NULL,
        at INTEGER NOT NULL,
        label TEXT NOT NULL,
        used_minor INTEGER,
        used_currency TEXT,
        used_exponent INTEGER,
        limit_minor INTEGER,
        limit_currency TEXT,
        limit_exponent INTEGER,
        used_percent REAL,
        note TEXT,
        source INTEGER NOT NULL,
        PRIMARY KEY (account, key, at)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX money_at ON money (at);
",
];

pub const VERSION: usize = MIGRATIONS.len();
/// The first version with the spending table.
pub const MONEY: usize = 2;

/// Stops SQLite from running code in the file: a trigger, view or function in its schema would run for each row, and might
/// never end. Holdoff's schema has none.
///
/// # Errors
/// Fails on an SQLite error.
pub fn is_inert(connection: &Connection) -> Result<(), HistoryError> {
    for (rule, is) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    ] {
        connection.set_db_config(rule, is)?;
    }
    Ok(())
}

/// Checks that a file without a version is empty. Otherwise it is not ours; a link may lead to it, for example.
///
/// # Errors
/// Fails if it is not empty or cannot be read.
pub fn is_empty(connection: &Connection) -> Result<(), HistoryError> {
    match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? {
        0 => Ok(()),
        _ => Err(HistoryError::Damaged("it is another program's database".to_owned())),
    }
}

/// Migrates the file to this program's version.
///
/// # Errors
/// Fails if a later version wrote it, or it cannot be changed.
pub fn migrate(connection: &mut Connection) -> Result<(), HistoryError> {
    let version = version(connection)?;
    for (next, step) in (1_i64..).zip(MIGRATIONS).skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The file's version; 0 if it is empty.
///
/// # Errors
/// Fails if the file cannot be read, or a later version wrote it.
pub fn version(connection: &Connection) -> Result<usize, HistoryError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match usize::try_from(version) {
        Ok(version) if version <= VERSION => Ok(version),
        Ok(version) => Err(HistoryError::Newer { found: version as u64, known: VERSION as u64 }),
        Err(_) => Err(HistoryError::Damaged(format!("its version is {version}, which is invalid"))),
    }
}
