//! The user's time zone and hour cycle, as the C library determines them, so that Holdoff agrees with other programs in the
//! same terminal.

use holdoff_core::{HourCycle, LocalTime, Settings};
use jiff::tz::TimeZone;

/// The current time zone and hour cycle from the environment, the system and the settings.
pub fn local_time(settings: &Settings) -> LocalTime {
    LocalTime { zone: zone(), hours: hours(settings) }
}

fn hours(settings: &Settings) -> HourCycle {
    let mut set = ["LC_ALL", "LC_TIME", "LANG"].into_iter().filter_map(std::env::var_os).filter(|set| !set.is_empty());
    settings.clock.hours(&set.next().unwrap_or_default().to_string_lossy())
}

#[cfg(not(unix))]
pub fn zone() -> TimeZone {
    TimeZone::system()
}

/// Read anew on each call, because the user may travel.
#[cfg(unix)]
pub fn zone() -> TimeZone {
    unix::zone(std::env::var_os("TZ").as_deref(), std::env::var_os("TZDIR").as_deref())
}

#[cfg(unix)]
mod unix {
    use crate::platform::fs;
    use jiff::tz::TimeZone;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    const LOCALTIME: &str = "/etc/localtime";
    /// The second one is for NixOS.
    const DATABASES: [&str; 2] = ["/usr/share/zoneinfo", "/etc/zoneinfo"];
    /// A file normally has a few kilobytes.
    const FILE_MAX: u64 = 1024 * 1024;
    /// Default rules for a zone with daylight saving time but no complete rules: those of the United States.
    const RULES: &str = ",M3.2.0,M11.1.0";

    /// As in tzset(3): first a file of the database, then a POSIX rule. An empty or invalid `TZ` means UTC.
    pub fn zone(tz: Option<&OsStr>, tzdir: Option<&OsStr>) -> TimeZone {
        let Some(tz) = tz else {
            return file(Path::new(LOCALTIME)).unwrap_or(TimeZone::UTC);
        };
        let name = tz.as_bytes().strip_prefix(b":").unwrap_or(tz.as_bytes());
        if name.is_empty() {
            return TimeZone::UTC;
        }
        let path = Path::new(OsStr::from_bytes(name));
        let stored = candidates(path, tzdir).iter().find_map(|path| file(path));
        stored.or_else(|| rule(std::str::from_utf8(name).ok()?)).unwrap_or(TimeZone::UTC)
    }

    /// An absolute path replaces the folder that it is joined to.
    fn candidates(path: &Path, tzdir: Option<&OsStr>) -> Vec<PathBuf> {
        match tzdir.filter(|dir| !dir.is_empty()) {
            Some(dir) => vec![Path::new(dir).join(path)],
            None => DATABASES.iter().map(|dir| Path::new(dir).join(path)).collect(),
        }
    }

    fn file(path: &Path) -> Option<TimeZone> {
        let bytes = fs::read(path, FILE_MAX).ok()?;
        TimeZone::tzif(&path.to_string_lossy(), &bytes).ok()
    }

    fn rule(text: &str) -> Option<TimeZone> {
        let names = text.split(',').next().unwrap_or_default();
        TimeZone::posix(text).or_else(|_| TimeZone::posix(&format!("{names}{RULES}"))).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use jiff::Timestamp;

        const SUMMER: &str = "2026-07-01T12:00:00Z";
        const WINTER: &str = "2026-01-01T12:00:00Z";

        /// Asks the C library itself, by way of date(1).
        fn date(tz: Option<&str>, tzdir: Option<&str>, at: &str) -> String {
            let mut date = std::process::Command::new("date");
            date.env_remove("TZ").env_remove("TZDIR").args(["-d", at, "+%Y-%m-%d %H:%M %z"]);
            date.envs(tz.map(|tz| ("TZ", tz))).envs(tzdir.map(|dir| ("TZDIR", dir)));
            String::from_utf8(date.output().unwrap().stdout).unwrap().trim().to_owned()
        }

        fn ours(tz: Option<&str>, tzdir: Option<&str>, at: &str) -> String {
            let zone = zone(tz.map(OsStr::new), tzdir.map(OsStr::new));
            at.parse::<Timestamp>().unwrap().to_zoned(zone).strftime("%Y-%m-%d %H:%M %z").to_string()
        }

        #[test]
        fn tz_variable_forms_match_the_c_library() {
            let forms = [
                "",
                ":",
                "Europe/Berlin",
                ":Europe/Berlin",
                "America/New_York",
                "Asia/Kolkata",
                "Australia/Lord_Howe",
                "/usr/share/zoneinfo/Asia/Tokyo",
                ":/usr/share/zoneinfo/Asia/Tokyo",
                "../zoneinfo/Asia/Tokyo",
                "UTC",
                "EST5EDT",
                "CET-1CEST,M3.5.0,M10.5.0/3",
                "CET-1CEST",
                "JST-9",
                "<+0545>-5:45",
                "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
                "AEST-10AEDT,J300,J60/3",
                "Mars/Olympus_Mons",
                "posix/Asia/Tokyo",
                "localtime",
                "Europe//Berlin",
                "./Europe/Berlin",
                "PST8PDT",
                "UTC+3",
                "GMT-5:30",
                "EST5EDT4,M3.2.0/2,M11.1.0/2",
                "<UTC>0",
                "europe/berlin",
                "AB3",
                "ABC",
                "CET-1CEST,60,300/3",
                "IST-1GMT0,M10.5.0,M3.5.0/1",
                "XXX3EDT4,0/0,J365/23",
                "EET-2EEST,M3.5.5/0,M10.5.5/0",
                ":CET-1CEST",
                "::Europe/Berlin",
                " Europe/Berlin",
                "EST+5EDT",
                "EST5EDT,M3.2.0",
                "EST 5",
                "nonsense",
                "/nowhere/zone",
                "/dev/zero",
                "/tmp",
            ];
            for tz in forms.map(Some).into_iter().chain([None]) {
                for at in [SUMMER, WINTER] {
                    assert_eq!(ours(tz, None, at), date(tz, None, at), "{tz:?} at {at}");
                }
            }
            assert!(ours(Some("Europe/Berlin"), None, SUMMER).ends_with("14:00 +0200"), "the test can tell");
        }

        #[test]
        fn tzdir_database_is_used_exclusively() {
            let dir = tempfile::tempdir().unwrap();
            std::fs::copy("/usr/share/zoneinfo/Asia/Tokyo", dir.path().join("Home")).unwrap();
            let tzdir = dir.path().to_str();
            for tz in ["Home", ":Home", "Europe/Berlin", "JST-9", "/usr/share/zoneinfo/Europe/Berlin"].map(Some) {
                assert_eq!(ours(tz, tzdir, SUMMER), date(tz, tzdir, SUMMER), "{tz:?}");
            }
            assert!(ours(Some("Home"), tzdir, SUMMER).ends_with("+0900"));
        }

        /// Hangs where a pipe is waited for.
        #[test]
        fn tz_file_that_is_a_fifo_falls_back_to_utc() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("pipe");
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            assert_eq!(zone(Some(path.as_os_str()), None), TimeZone::UTC);
        }
    }
}
