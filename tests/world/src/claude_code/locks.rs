//! Claude Code's locks, as the package `proper-lockfile` implements them: folders that are touched while they are
//! held, and removed without a second check when they are stale. Also its record of the holder of the first two.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

/// A write lock that was not touched for this long is stale.
const WRITING_STALE: Duration = Duration::from_secs(15);
const WRITING_WAITS_MS: [u64; 10] = [100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000, 1000];
const TOUCH_EVERY: Duration = Duration::from_secs(5);

/// One lock, held until it is dropped.
pub(super) struct Lock {
    path: PathBuf,
    released: Arc<AtomicBool>,
}

impl Lock {
    /// `None` if another process holds it.
    pub(super) fn try_take(path: &Path, stale: Duration) -> io::Result<Option<Self>> {
        for _ in 0..2 {
            match fs::create_dir(path) {
                Ok(()) => return Ok(Some(Self::held(path))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let is_stale = |at: SystemTime| at.elapsed().is_ok_and(|age| age > stale);
            if !fs::metadata(path).and_then(|lock| lock.modified()).is_ok_and(is_stale) {
                return Ok(None);
            }
            let _taken_by_another = fs::remove_dir(path);
        }
        Ok(None)
    }

    /// The write lock, which every change of the credentials takes.
    ///
    /// # Errors
    /// Fails if another process holds it for as long as Claude Code waits.
    pub(super) fn for_writing(folder: &Path) -> io::Result<Self> {
        let path = folder.join(".storage-write.lock");
        for millis in WRITING_WAITS_MS {
            if let Some(lock) = Self::try_take(&path, WRITING_STALE)? {
                return Ok(lock);
            }
            sleep(Duration::from_millis(millis));
        }
        Self::try_take(&path, WRITING_STALE)?.ok_or_else(|| io::Error::other("the lock on writing is another's"))
    }

    fn held(path: &Path) -> Self {
        let lock = Self { path: path.to_owned(), released: Arc::default() };
        let (path, released) = (lock.path.clone(), Arc::clone(&lock.released));
        let touch = move || {
            sleep(TOUCH_EVERY);
            while !released.load(Ordering::Relaxed) {
                let now = fs::FileTimes::new().set_modified(SystemTime::now());
                let _gone = fs::File::open(&path).and_then(|folder| folder.set_times(now));
                sleep(TOUCH_EVERY);
            }
        };
        std::thread::spawn(touch);
        lock
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.released.store(true, Ordering::Relaxed);
        let _taken_by_another = fs::remove_dir(&self.path);
    }
}

/// The two renewal locks and the record. Released in the order of the fields.
pub(super) struct Renewing {
    record: PathBuf,
    older: Option<Lock>,
    _newer: Lock,
}

impl Renewing {
    /// `None` if another process holds one of them during several attempts.
    pub(super) fn take(folder: &Path, stale: Duration, random: &mut fastrand::Rng) -> io::Result<Option<Self>> {
        let Paths { newer: newer_path, older: older_path, record } = Paths::of(folder);
        let Some(newer) = patiently(&newer_path, stale, random)? else { return Ok(None) };
        let Some(older) = patiently(&older_path, stale, random)? else { return Ok(None) };
        let text = json!({"pid": std::process::id(), "procStart": started(std::process::id()),
            "pidDomain": domain(), "pidSpace": space(),
            "lockBirthtimeMs": born_ms(&newer_path), "legacyLockBirthtimeMs": born_ms(&older_path)});
        fs::write(&record, text.to_string())?;
        Ok(Some(Self { record, older: Some(older), _newer: newer }))
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        let _none = fs::remove_file(&self.record);
        drop(self.older.take());
    }
}

fn patiently(path: &Path, stale: Duration, random: &mut fastrand::Rng) -> io::Result<Option<Lock>> {
    for _ in 0..10 {
        if let Some(lock) = Lock::try_take(path, stale)? {
            return Ok(Some(lock));
        }
        sleep(Duration::from_micros(random.u64(500..20_000)));
    }
    Ok(None)
}

/// The newer lock of another process: its timestamp, and when that was first seen.
#[derive(Default)]
pub(super) struct Watch(Option<(SystemTime, Instant)>);

impl Watch {
    /// Removes the locks of a process that is gone, after watching them for `after`. Returns whether it did.
    pub(super) fn take_over(&mut self, folder: &Path, after: Duration) -> bool {
        let Ok(touched) = fs::metadata(Paths::of(folder).newer).and_then(|lock| lock.modified()) else {
            self.0 = None;
            return false;
        };
        match self.0 {
            Some((same, since)) if same == touched => since.elapsed() >= after && remove_dead(folder).is_some(),
            _ => {
                self.0 = Some((touched, Instant::now()));
                false
            }
        }
    }
}

/// `None` if it is not proven that the holder is gone.
fn remove_dead(folder: &Path) -> Option<()> {
    let Paths { newer, older, record } = Paths::of(folder);
    let holder: Value = serde_json::from_slice(&fs::read(&record).ok()?).ok()?;
    let known = holder["lockBirthtimeMs"].as_f64() == born_ms(&newer)
        && holder["pidDomain"] == domain()
        && holder["pidSpace"] == space();
    let pid = u32::try_from(holder["pid"].as_u64()?).ok()?;
    if !known || !is_gone(pid, holder["procStart"].as_str()) {
        return None;
    }
    if older.exists() {
        if holder["legacyLockBirthtimeMs"].as_f64() != born_ms(&older) {
            return None;
        }
        fs::remove_dir(older).ok()?;
    }
    fs::remove_dir(newer).ok()?;
    fs::remove_file(record).ok()
}

fn is_gone(pid: u32, start: Option<&str>) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let state = stat.as_deref().and_then(|stat| stat.rsplit_once(") ")?.1.chars().next());
    state.is_none_or(|state| state == 'Z') || start.is_some_and(|start| started(pid).as_deref() != Some(start))
}

fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

fn namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map(|name| name.display().to_string()).unwrap_or_default()
}

fn domain() -> String {
    let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    format!("linux:{}:{}", machine.trim(), namespace())
}

fn space() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}#{}", host.trim(), namespace())
}

/// Milliseconds with a fraction, as in Claude Code.
fn born_ms(path: &Path) -> Option<f64> {
    let born = fs::metadata(path).ok()?.created().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(born.as_secs() as f64 * 1000.0 + f64::from(born.subsec_nanos()) / 1e6)
}

struct Paths {
    newer: PathBuf,
    older: PathBuf,
    record: PathBuf,
}

impl Paths {
    fn of(folder: &Path) -> Self {
        let mut older = folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).into_os_string();
        older.push(".lock");
        Self {
            newer: folder.join(".oauth_refresh.lock"),
            older: older.into(),
            record: folder.join(".oauth_refresh.lock.owner"),
        }
    }
}
