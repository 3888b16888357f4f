use super::*;
use holdoff_core::{QuotaWindow, Source, Wall};
use std::time::{Duration, Instant};

const PLACE: &str = "~/.claude/.credentials.json";
/// Far more than it takes, and far less than anything that waits would take.
const AT_ONCE: Duration = Duration::from_secs(2);

fn reading(used: f64) -> Reading {
    let window = QuotaWindow {
        id: "five_hour".into(),
        kind: holdoff_core::providers::anthropic::window_kind("five_hour", None),
        label: "5-hour".into(),
        used_percent: Some(used),
        resets_at: Some(Wall(1_789_400_000_000)),
        duration_s: Some(18_000),
        binding: false,
        origin: None,
        locked: None,
    };
    Reading::new(Source::StatusLine, Wall(1_789_390_000_000), vec![window], vec![])
}

fn session() -> Session {
    Session { transcript: Some("/home/ann/s.jsonl".into()), ..Session::default() }
}

fn hand(dir: &Path, used: f64) -> Handed {
    let address = dir.join("tray.sock");
    let handover = Handover { data_dir: &dir.join("data"), address: &address, config_dir: None, place: PLACE };
    let started = Instant::now();
    let handed = hand_over(handover, &reading(used), &session());
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    handed
}

#[test]
fn spool_without_an_app_keeps_the_last_reading() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(read(&dir.path().join("data"), PLACE), None);
    assert_eq!(hand(dir.path(), 1.0), Handed::Spooled);
    assert_eq!(hand(dir.path(), 2.0), Handed::Spooled);
    assert_eq!(read(&dir.path().join("data"), PLACE), Some((reading(2.0), session())));
    assert_eq!(read(&dir.path().join("data"), "~/.claude-work/.credentials.json"), None);
    assert_eq!(std::fs::read_dir(dir.path().join("data/pushed")).unwrap().count(), 1);
}

#[test]
fn spool_ignores_invalid_readings_and_those_of_another_location() {
    let dir = tempfile::tempdir().unwrap();
    let file = path(dir.path(), PLACE);
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    let good = serde_json::json!({"version": 1, "place": PLACE, "reading": reading(1.0)});
    for bad in [
        "".to_owned(),
        good.to_string()[..40].to_owned(),
        good.to_string().replace("\"version\":1", "\"version\":2"),
        good.to_string().replace(".claude/", ".other/"),
        format!("{good}{}", " ".repeat(70_000)),
    ] {
        std::fs::write(&file, &bad).unwrap();
        assert_eq!(read(dir.path(), PLACE), None, "{bad}");
    }
    std::fs::write(&file, good.to_string()).unwrap();
    assert!(read(dir.path(), PLACE).is_some());
}

#[test]
fn spool_unwritable_drops_the_reading_silently() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("data"), "a file where the folder should be").unwrap();
    assert_eq!(hand(dir.path(), 1.0), Handed::Lost);
}

#[test]
fn spool_removes_old_temporary_files_of_killed_sessions() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(hand(dir.path(), 1.0), Handed::Spooled);
    let data = dir.path().join("data");
    let old = std::time::SystemTime::now() - Duration::from_secs(7200);
    for (name, at) in [("a.123", Some(old)), ("b.124", None)] {
        let file = std::fs::File::create(data.join("pushed").join(name)).unwrap();
        file.set_modified(at.unwrap_or_else(std::time::SystemTime::now)).unwrap();
    }
    std::fs::File::options().write(true).open(path(&data, PLACE)).unwrap().set_modified(old).unwrap();
    clean(&data);
    assert_eq!(std::fs::read_dir(data.join("pushed")).unwrap().count(), 2);
    assert!(read(&data, PLACE).is_some());
    clean(&data.join("nowhere"));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::io::BufRead;
    use std::os::unix::net::UnixListener;

    #[test]
    fn spool_sends_the_reading_to_a_running_app() {
        let dir = tempfile::tempdir().unwrap();
        let app = UnixListener::bind(dir.path().join("tray.sock")).unwrap();
        assert_eq!(hand(dir.path(), 3.0), Handed::ToTheApp);
        let mut line = String::new();
        std::io::BufReader::new(app.accept().unwrap().0).read_line(&mut line).unwrap();
        let told: ipc::ToApp = serde_json::from_str(&line).unwrap();
        assert_eq!(told.call, Call::Reading { config_dir: None, reading: reading(3.0), session: session() });
        assert!(!dir.path().join("data").exists());
    }

    /// The app cannot know what it is relative to.
    #[test]
    fn spool_sends_a_relative_config_dir_as_an_absolute_one() {
        let dir = tempfile::tempdir().unwrap();
        let address = dir.path().join("tray.sock");
        let app = UnixListener::bind(&address).unwrap();
        for (named, expect) in [("../x", std::env::current_dir().unwrap().join("../x")), ("", PathBuf::new())] {
            let config_dir = Some(Path::new(named));
            let handover = Handover { data_dir: dir.path(), address: &address, config_dir, place: PLACE };
            assert_eq!(hand_over(handover, &reading(3.0), &session()), Handed::ToTheApp);
            let mut line = String::new();
            std::io::BufReader::new(app.accept().unwrap().0).read_line(&mut line).unwrap();
            let told: ipc::ToApp = serde_json::from_str(&line).unwrap();
            let Call::Reading { config_dir, .. } = told.call else { panic!("{line}") };
            assert_eq!(config_dir, Some(expect), "{named}");
        }
    }

    /// As one that is stopped: the system still takes connections for it, until there are too many.
    #[test]
    fn spool_does_not_wait_for_an_unresponsive_app() {
        let dir = tempfile::tempdir().unwrap();
        let app = UnixListener::bind(dir.path().join("tray.sock")).unwrap();
        let handed: Vec<Handed> =
            (0..5000).map(|n| hand(dir.path(), f64::from(n))).take_while(|h| *h == Handed::ToTheApp).collect();
        assert!(handed.len() < 5000, "the queue has an end");
        assert_eq!(hand(dir.path(), 7.0), Handed::Spooled);
        drop(app);
        assert_eq!(hand(dir.path(), 8.0), Handed::Spooled, "a socket that a dead app left behind");
        assert_eq!(read(&dir.path().join("data"), PLACE), Some((reading(8.0), session())));
    }
}
