//! A log bounded in days and bytes. `tracing-appender` starts a file per day but has no size limit, so a full file is renamed
//! with a number, and the oldest files are deleted.

use holdoff_core::Wall;
use holdoff_core::messages::rfc3339;
use holdoff_core::text;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};

/// A quiet week produces some hundred lines.
const FILE_MAX: u64 = 1024 * 1024;
/// One file a day, plus room for a day with many errors.
const FILES_MAX: usize = 10;
const DAYS_MAX: u64 = 7;
/// In characters. Longer lines are cut.
const LINE_MAX: usize = 4 * 1024;

/// Writes into `<folder>/<name>.<date>.log`.
#[derive(Debug)]
pub struct LogFile {
    folder: PathBuf,
    name: String,
    appender: RollingFileAppender,
    /// At least the number of bytes in the open file.
    written: u64,
    date: String,
}

impl LogFile {
    /// # Errors
    /// Fails if the log file cannot be created.
    pub fn open(folder: &Path, name: &str) -> Result<Self, InitError> {
        let appender = appender(folder, name)?;
        let mut log = Self { folder: folder.to_owned(), name: name.to_owned(), appender, written: 0, date: today() };
        log.written = std::fs::metadata(log.path("")).map_or(0, |file| file.len());
        log.prune();
        Ok(log)
    }

    fn path(&self, number: &str) -> PathBuf {
        self.folder.join(format!("{}.{}{number}.log", self.name, self.date))
    }

    fn make_room(&mut self, length: u64) {
        let date = today();
        if date != self.date {
            self.date = date;
            self.prune();
        }
        self.written += length;
        if self.written <= FILE_MAX {
            return;
        }
        let aside = (1..).map(|n| self.path(&format!(".{n}"))).find(|path| !path.exists());
        let moved = aside.is_some_and(|aside| std::fs::rename(self.path(""), aside).is_ok());
        if moved && let Ok(appender) = appender(&self.folder, &self.name) {
            self.appender = appender;
        }
        self.written = length;
        self.prune();
    }

    /// Deletes files by age and by count. A file that cannot be deleted now is tried again next time.
    fn prune(&self) {
        let (prefix, oldest) = (format!("{}.", self.name), SystemTime::now() - Duration::from_secs(DAYS_MAX * 86_400));
        let mut files: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let ours = entry.file_name().to_str()?.strip_prefix(&prefix)?.ends_with(".log");
                Some((entry.metadata().ok()?.modified().ok()?, entry.path())).filter(|_| ours)
            })
            .collect();
        files.sort();
        let too_many = files.len().saturating_sub(FILES_MAX);
        for (n, (written, path)) in files.iter().enumerate() {
            if n < too_many || *written < oldest {
                let _next_time = std::fs::remove_file(path);
            }
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Error messages come from outside: they must not add lines or terminal control sequences.
        let mut visible = text::excerpt(&String::from_utf8_lossy(line), LINE_MAX);
        visible.push('\n');
        self.make_room(visible.len() as u64);
        self.appender.write_all(visible.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.appender.flush()
    }
}

fn appender(folder: &Path, name: &str) -> Result<RollingFileAppender, InitError> {
    RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix(name).filename_suffix("log").build(folder)
}

/// In UTC, like the appender's file names.
fn today() -> String {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, holdoff_core::time::millis);
    rfc3339(Wall(millis)).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn files(folder: &Path) -> Vec<(String, u64)> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())).collect()
    }

    #[test]
    fn log_size_is_bounded_and_keeps_the_newest_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("windows.2026-09-14.log"), "another's").unwrap();
        let mut log = LogFile::open(folder.path(), "holdoff").unwrap();
        for n in 0..30 * 1024 {
            log.write_all(format!("{n:06} {}\n", "x".repeat(1017)).as_bytes()).unwrap();
        }
        log.write_all(&[b'y'; 3 * 1024 * 1024]).unwrap();
        log.write_all(b"the last line\n").unwrap();
        // After a start too.
        drop(log);
        LogFile::open(folder.path(), "holdoff").unwrap().write_all(b"and one more\n").unwrap();
        let ours: Vec<(String, u64)> =
            files(folder.path()).into_iter().filter(|(name, _)| name.starts_with("h")).collect();
        let total: u64 = ours.iter().map(|(_, length)| length).sum();
        assert!(ours.len() <= FILES_MAX && total <= FILES_MAX as u64 * (FILE_MAX + 4), "{ours:?}");
        assert!(total > 5 * FILE_MAX, "and it is not thrown away either: {ours:?}");
        let newest = fs::read_to_string(folder.path().join(format!("holdoff.{}.log", today()))).unwrap();
        assert!(newest.ends_with("the last line\nand one more\n"));
        assert!(folder.path().join("windows.2026-09-14.log").exists());
    }

    #[test]
    fn log_escapes_control_characters_into_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(folder.path(), "holdoff").unwrap();
        let said = "\u{1b}]0;pwned\u{7}\r\n2026-09-14T10:00:00Z  INFO forged\u{202e}\u{9b}31m \u{fffd}sk-";
        log.write_all(format!("WARN no service took it error=org.x.Err: {said}\n").as_bytes()).unwrap();
        log.write_all(b"INFO \xff\xfe\n").unwrap();
        log.write_all(format!("WARN {}\n", "é".repeat(20_000)).as_bytes()).unwrap();
        let written = fs::read_to_string(folder.path().join(format!("holdoff.{}.log", today()))).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert!(lines.len() == 3 && written.ends_with("é…\n"), "{lines:?}");
        assert!(lines[0].starts_with("WARN no service took it") && lines[0].contains("forged"), "{lines:?}");
        assert!(lines.iter().all(|line| !line.chars().any(text::is_hidden)), "{lines:?}");
        assert!(lines[2].chars().count() <= LINE_MAX + 1);
    }

    #[test]
    fn log_files_are_kept_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        for (name, days) in [("holdoff.a.log", 8), ("holdoff.b.log", 6), ("windows.a.log", 8), ("holdoff.txt", 8)] {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
        }
        LogFile::open(folder.path(), "holdoff").unwrap();
        let mut names: Vec<String> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
        names.retain(|name| !name.contains(&today()));
        names.sort();
        assert_eq!(names, ["holdoff.b.log", "holdoff.txt", "windows.a.log"]);
    }
}
