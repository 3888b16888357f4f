//! The ledger on disk: one JSON object a line, appended, the older half kept in a second file.

use crate::slots::read_bounded;
use holdoff_core::ledger::Entry;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const NAME: &str = "ledger.jsonl";
const OLDER: &str = "ledger.1.jsonl";

/// About 5,000 entries, or two weeks at the default interval.
const SIZE_MAX: u64 = 1024 * 1024;

#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    pub fn new(dir: &Path) -> Self {
        Self { path: dir.join(NAME) }
    }

    /// Adds a line. A ledger that cannot be written is said in the log; what it would have said is not worth
    /// stopping for: gates rest on it only where the state was lost as well.
    pub fn add(&self, entry: &Entry) {
        if let Err(error) = self.try_add(entry) {
            tracing::warn!(%error, "a line of the ledger could not be written");
        }
    }

    fn try_add(&self, entry: &Entry) -> std::io::Result<()> {
        if std::fs::metadata(&self.path).is_ok_and(|file| file.len() > SIZE_MAX) {
            std::fs::rename(&self.path, self.path.with_file_name(OLDER))?;
        }
        let mut line = serde_json::to_string(entry).map_err(std::io::Error::other)?;
        line.push('\n');
        open(&self.path)?.write_all(line.as_bytes())
    }

    /// The entries of about the last `span`, oldest first, without lines that cannot be read.
    pub fn recent(&self, span: Duration) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for path in [self.path.clone(), self.path.with_file_name(OLDER)] {
            let bytes = read_bounded(&path, SIZE_MAX * 2).ok().flatten().unwrap_or_default();
            for line in bytes.rsplit(|byte| *byte == b'\n') {
                let Ok(entry) = serde_json::from_slice::<Entry>(line) else { continue };
                if entries.first().is_some_and(|newest| newest.at.since(entry.at) > span) {
                    entries.reverse();
                    return entries;
                }
                entries.push(entry);
            }
        }
        entries.reverse();
        entries
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdoff_core::ledger::{Happened, Reason};
    use holdoff_core::{Endpoint, Wall};

    const DAY: Duration = Duration::from_secs(86_400);

    fn entry(at: i64) -> Entry {
        let event = Happened::Sent { why: Reason::Poll };
        Entry { at: Wall(at), account: "anthropic:ann".into(), endpoint: Endpoint::Usage, event, next_at: None }
    }

    #[test]
    fn lines_come_back_and_torn_ones_cost_only_themselves() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(dir.path());
        ledger.add(&entry(1));
        open(&ledger.path).unwrap().write_all(b"{\"at\":2,\"acc\n\xff\n").unwrap();
        ledger.add(&entry(3));
        assert_eq!(ledger.recent(DAY), [entry(1), entry(3)]);
    }

    #[test]
    fn what_is_recent_is_reckoned_from_the_last_line_and_reaches_into_the_older_file() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(dir.path());
        let hour = 3_600_000;
        for at in [1, 2, 3] {
            ledger.add(&entry(at * hour));
        }
        std::fs::rename(&ledger.path, ledger.path.with_file_name(OLDER)).unwrap();
        ledger.add(&entry(4 * hour));
        assert_eq!(ledger.recent(DAY / 12), [2, 3, 4].map(|at| entry(at * hour)));
        assert_eq!(ledger.recent(Duration::ZERO), [entry(4 * hour)]);
    }

    #[test]
    fn the_file_stays_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(dir.path());
        std::fs::write(&ledger.path, vec![b'\n'; 1024 * 1024 + 1]).unwrap();
        ledger.add(&entry(1));
        assert!(std::fs::metadata(&ledger.path).unwrap().len() < 1000);
        assert_eq!(ledger.recent(DAY), [entry(1)]);
    }
}
