//! The owner record beside the locks, in Claude Code's format: which process holds them. It lets others take over a killed
//! program's locks long before they become stale.

use super::process::{self, PidSpace};
use crate::claude_code::locks::dir_lock::LockStamp;
use crate::platform::fs;
use serde::{Deserialize, Serialize};
use std::fs::remove_file;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file in the config folder.
pub(super) const NAME: &str = ".oauth_refresh.lock.owner";
const SIZE_MAX: u64 = 4096;
/// Creation times are floats in milliseconds; the last digits depend on the writer's rounding.
const SAME_BIRTH_MS: f64 = 0.01;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerRecord {
    pid: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proc_start: Option<String>,
    pid_domain: String,
    pid_space: String,
    lock_birthtime_ms: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    legacy_lock_birthtime_ms: Option<f64>,
}

impl OwnerRecord {
    /// Returns `None` if there is no record or it cannot be parsed.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read_unlinked(path, SIZE_MAX).ok()?).ok()
    }

    /// Whether the recorded process has certainly ended.
    pub(super) fn holder_is_gone(&self) -> bool {
        let here = process::here();
        here.is_some_and(|here| here.domain == self.pid_domain && here.space == self.pid_space)
            && process::is_gone(self.pid, self.proc_start.as_deref())
    }

    /// Whether `lock` (the older or the newer one) is the one that the recorded process created.
    pub(super) fn is_of(&self, older: bool, lock: &LockStamp) -> bool {
        let named = if older { self.legacy_lock_birthtime_ms } else { Some(self.lock_birthtime_ms) };
        matches!((named, lock.born_ms()), (Some(named), Some(born)) if (named - born).abs() < SAME_BIRTH_MS)
    }

    /// Removes the record, if it is unchanged.
    pub(super) fn remove(&self, path: &Path) {
        if Self::read(path).as_ref() == Some(self) {
            let _gone = remove_file(path);
        }
    }
}

/// Our own record, kept while we hold the locks. If it cannot be written, others must wait until the locks become stale.
#[derive(Debug)]
pub(super) struct OwnRecord {
    path: PathBuf,
    here: Option<PidSpace>,
    started: Option<String>,
    written: Option<OwnerRecord>,
}

impl OwnRecord {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, here: process::here(), started: process::started(std::process::id()), written: None }
    }

    /// Records that we hold the newer lock. Call it at once: without the record, nobody can take over if we are killed.
    pub(super) fn newer(&mut self, lock: &LockStamp) {
        let Some((here, lock_birthtime_ms)) = self.here.clone().zip(lock.born_ms()) else {
            return;
        };
        self.write(OwnerRecord {
            pid: std::process::id(),
            proc_start: self.started.clone(),
            pid_domain: here.domain,
            pid_space: here.space,
            lock_birthtime_ms,
            legacy_lock_birthtime_ms: None,
        });
    }

    /// Records the older lock, just before it is placed.
    pub(super) fn older(&mut self, lock: &LockStamp) {
        if let Some(record) = self.written.clone() {
            self.write(OwnerRecord { legacy_lock_birthtime_ms: lock.born_ms(), ..record });
        }
    }

    fn write(&mut self, record: OwnerRecord) {
        let written = serde_json::to_vec(&record).map_err(io::Error::other).and_then(|text| place(&self.path, &text));
        match written {
            Ok(()) => self.written = Some(record),
            Err(error) => tracing::debug!(%error, "could not write the owner record of the locks"),
        }
    }
}

impl Drop for OwnRecord {
    fn drop(&mut self) {
        if let Some(record) = &self.written {
            record.remove(&self.path);
        }
    }
}

/// Creates a new file, so that a link at this path is not followed, and writes it in one call.
fn place(path: &Path, text: &[u8]) -> io::Result<()> {
    match remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_new(path)?.write_all(text)
}
