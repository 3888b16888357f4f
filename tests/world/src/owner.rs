//! A stand-in for the owner of a sign-in, Claude Code: it renews it a few minutes before its end, under the same locks, and
//! writes it as Claude Code does. In a process of its own.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::clock::{ClockSpec, millis};
use crate::fake::TOKEN_PATH;
use crate::grants::expiry_ms;
use crate::home::{Home, replace};

/// How it names itself to the token endpoint.
pub const USER_AGENT: &str = "claude-cli/2.1.80 (stand-in)";

/// A lock that was not touched for so long is dead, as Claude Code has it.
pub const STALE: Duration = Duration::from_secs(60);
const TOUCH_EVERY: Duration = Duration::from_secs(5);
const BEFORE_EXPIRY_MS: i64 = 300_000;

/// How the stand-in behaves.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The config folder.
    pub folder: PathBuf,
    /// The token endpoint's base URL, on loopback.
    pub token_base: String,
    /// The program's clock.
    pub clock: ClockSpec,
    /// What it draws its delays from.
    pub seed: u64,
    /// Writes the file in place, in two pieces, and not by a rename.
    pub in_place: bool,
    /// It renews up to that much earlier than five minutes before the end (real time).
    pub early: Duration,
    /// Or up to that much later.
    pub late: Duration,
    /// A lock that was not touched for so long is dead (real time).
    pub stale: Duration,
    /// It ends once this much is done; `None` is never.
    pub renewals: Option<usize>,
}

impl Owner {
    /// What it is told, as variables for a process that calls [`Owner::from_env`].
    pub fn env(&self) -> [(&'static str, String); 9] {
        [
            ("OWNER_FOLDER", self.folder.display().to_string()),
            ("OWNER_TOKEN_BASE", self.token_base.clone()),
            ("OWNER_CLOCK", self.clock.to_env()),
            ("OWNER_SEED", self.seed.to_string()),
            ("OWNER_IN_PLACE", u8::from(self.in_place).to_string()),
            ("OWNER_EARLY_MS", self.early.as_millis().to_string()),
            ("OWNER_LATE_MS", self.late.as_millis().to_string()),
            ("OWNER_STALE_MS", self.stale.as_millis().to_string()),
            ("OWNER_RENEWALS", self.renewals.map(|count| count.to_string()).unwrap_or_default()),
        ]
    }

    /// What the process was told.
    ///
    /// # Panics
    /// When it was not told all of it.
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let number = |name: &str| var(name).parse().unwrap_or_else(|_| panic!("{name} is no number"));
        let (epoch_s, speed) = var("OWNER_CLOCK")
            .split_once('x')
            .and_then(|(epoch, speed)| Some((epoch.parse().ok()?, speed.parse().ok()?)))
            .expect("OWNER_CLOCK is <epoch s>x<speed>");
        Self {
            folder: PathBuf::from(var("OWNER_FOLDER")),
            token_base: var("OWNER_TOKEN_BASE"),
            clock: ClockSpec { epoch_s, speed },
            seed: number("OWNER_SEED"),
            in_place: var("OWNER_IN_PLACE") == "1",
            early: Duration::from_millis(number("OWNER_EARLY_MS")),
            late: Duration::from_millis(number("OWNER_LATE_MS")),
            stale: Duration::from_millis(number("OWNER_STALE_MS")),
            renewals: Some(var("OWNER_RENEWALS"))
                .filter(|text| !text.is_empty())
                .map(|_| number("OWNER_RENEWALS") as usize),
        }
    }

    /// One that lives in `home`, and renews as its own self until it is ended.
    pub fn at_home(home: &Home, token_base: String, clock: ClockSpec, seed: u64) -> Self {
        let folder = home.claude_dir();
        let (early, late) = (Duration::ZERO, Duration::ZERO);
        Self { folder, token_base, clock, seed, in_place: false, early, late, stale: STALE, renewals: None }
    }

    /// Lives. Each thing it does is a line for `tell`: `renewed`, `adopted`, `busy`, `refused`, or `failed` and why.
    pub fn run(&self, tell: &mut dyn FnMut(&str)) {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut renewed = 0;
        while self.renewals.is_none_or(|enough| renewed < enough) {
            let program_ms = |real| i64::try_from(self.clock.program_length(real).as_millis()).unwrap_or(0);
            let off = random.i64(-program_ms(self.early)..=program_ms(self.late));
            if !self.wait_until_due(off) {
                continue;
            }
            match self.renew(&mut random, off) {
                Ok(said) => {
                    renewed += usize::from(said == "renewed");
                    tell(said);
                }
                Err(error) => tell(&format!("failed {error}")),
            }
        }
    }

    /// Sleeps until the stored sign-in is to be renewed; false if it is another by then, or none.
    fn wait_until_due(&self, off: i64) -> bool {
        let Some(stored) = self.stored() else {
            sleep(Duration::from_millis(5));
            return false;
        };
        let at = due_ms(&stored) + off;
        let left = u64::try_from(at - millis(self.clock.now())).unwrap_or(0);
        // In short stretches: another may renew it meanwhile.
        let left = self.clock.real_length(Duration::from_millis(left));
        sleep(left.min(Duration::from_millis(20)));
        left <= Duration::from_millis(20) && self.stored().is_some_and(|now| now == stored)
    }

    fn stored(&self) -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(self.credential()).ok()?).ok()
    }

    fn credential(&self) -> PathBuf {
        self.folder.join(".credentials.json")
    }

    fn renew(&self, random: &mut fastrand::Rng, off: i64) -> io::Result<&'static str> {
        let Some(_inner) = self.lock(&self.folder.join(".oauth_refresh.lock"), random)? else { return Ok("busy") };
        let mut beside = self.folder.clone().into_os_string();
        beside.push(".lock");
        let Some(_beside) = self.lock(Path::new(&beside), random)? else { return Ok("busy") };

        let text = fs::read_to_string(self.credential())?;
        let stored: Value = serde_json::from_str(&text)?;
        let oauth = &stored["claudeAiOauth"];
        if due_ms(&stored) + off > millis(self.clock.now()) {
            return Ok("adopted");
        }
        let Some(refresh_token) = oauth["refreshToken"].as_str().filter(|token| !token.is_empty()) else {
            return Ok("signed out");
        };
        let (status, answer) = self.ask(refresh_token)?;
        let old = |key: &str| oauth[key].to_string();
        if status != 200 {
            let refused = answer["error"] == "invalid_grant";
            if refused {
                self.write(&text.replace(&old("refreshToken"), "\"\""), random)?;
            }
            return Ok(if refused { "refused" } else { "failed" });
        }
        let expires_at = expiry_ms(self.clock, answer["expires_in"].as_u64().unwrap_or(0));
        let mut new = text.replace(&old("accessToken"), &answer["access_token"].to_string());
        if answer["refresh_token"].is_string() {
            new = new.replace(&old("refreshToken"), &answer["refresh_token"].to_string());
        }
        // The first one behind the sign-in's name: there are others, of others.
        let (before, oauth) = new.split_at(new.find("\"claudeAiOauth\"").unwrap_or(0));
        let expiry = |at: &str| format!("\"expiresAt\":{at}");
        let new = before.to_owned() + &oauth.replacen(&expiry(&old("expiresAt")), &expiry(&expires_at.to_string()), 1);
        self.write(&new, random)?;
        Ok("renewed")
    }

    fn lock(&self, path: &Path, random: &mut fastrand::Rng) -> io::Result<Option<Lock>> {
        Lock::take(path, self.stale, random)
    }

    fn write(&self, text: &str, random: &mut fastrand::Rng) -> io::Result<()> {
        if !self.in_place {
            replace(&self.credential(), text.as_bytes());
            return Ok(());
        }
        let mut file = fs::File::options().write(true).truncate(true).open(self.credential())?;
        let (first, rest) = text.as_bytes().split_at(random.usize(0..text.len()));
        file.write_all(first)?;
        sleep(Duration::from_micros(random.u64(0..3000)));
        file.write_all(rest)?;
        file.sync_all()
    }

    fn ask(&self, refresh_token: &str) -> io::Result<(u16, Value)> {
        let grant = json!({"grant_type": "refresh_token", "refresh_token": refresh_token,
            "client_id": "9d1c250a-e61b-44d9-88ed-5944d1962f5e"})
        .to_string();
        let host = self.token_base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let head = format!(
            "POST {TOKEN_PATH} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {USER_AGENT}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{grant}",
            grant.len()
        );
        stream.write_all(head.as_bytes())?;
        read_answer(&mut stream)
    }
}

/// When it is to be renewed, in milliseconds of program time.
fn due_ms(stored: &Value) -> i64 {
    stored["claudeAiOauth"]["expiresAt"].as_i64().unwrap_or(i64::MAX / 2) - BEFORE_EXPIRY_MS
}

fn read_answer(stream: &mut TcpStream) -> io::Result<(u16, Value)> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                return Ok((status, serde_json::from_str(body).unwrap_or_default()));
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => read.extend_from_slice(&chunk[..length]),
        }
    }
}

/// A lock as Claude Code has it, by way of the package `proper-lockfile`: a folder, touched while it is held. What is
/// stale is removed without a second look.
struct Lock {
    path: PathBuf,
    released: Arc<AtomicBool>,
}

impl Lock {
    /// `None` if it is held by another, all through some tries.
    fn take(path: &Path, stale: Duration, random: &mut fastrand::Rng) -> io::Result<Option<Self>> {
        for _ in 0..10 {
            match fs::create_dir(path) {
                Ok(()) => return Ok(Some(Self::held(path))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let is_stale = |at: SystemTime| at.elapsed().is_ok_and(|age| age > stale);
            if fs::metadata(path).and_then(|lock| lock.modified()).is_ok_and(is_stale) {
                let _taken_by_another = fs::remove_dir(path);
                continue;
            }
            sleep(Duration::from_micros(random.u64(500..20_000)));
        }
        Ok(None)
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
