//! A stand-in for Claude Code, the owner of a sign-in. It renews a few minutes before expiry and stores other secrets
//! in the same file, under the locks that Claude Code 2.1.332 takes and with its record. Runs in a process of its own.

mod locks;

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{ClockSpec, millis};
use crate::fake::TOKEN_PATH;
use crate::home::{Home, replace};
use locks::{Lock, Renewing, Watch};

/// Its `User-Agent` at the token endpoint.
pub const USER_AGENT: &str = "claude-cli/2.1.332 (stand-in)";

/// A lock that was not touched for this long is stale, as in Claude Code.
pub const STALE: Duration = Duration::from_secs(60);
/// How long it watches the locks of a process that is gone before it takes them over, as in Claude Code.
pub const TAKES_OVER: Duration = Duration::from_millis(7500);
const CLIENT_ID: &str = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";
const SCOPE: &str =
    "user:profile user:inference user:sessions:claude_code user:mcp_servers user:file_upload user:plugins";
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
    /// The seed of its random delays.
    pub seed: u64,
    /// Writes the file in place, in two pieces, instead of by rename.
    pub in_place: bool,
    /// It renews up to this much earlier than five minutes before expiry (real time).
    pub early: Duration,
    /// Or up to this much later.
    pub late: Duration,
    /// A lock that was not touched for this long is stale (real time).
    pub stale: Duration,
    /// How long it watches the locks of a process that is gone (real time).
    pub takes_over: Duration,
    /// It only stores secrets, and waits this long between its read and its write each time (real time).
    pub secrets: Option<Duration>,
    /// It ends after this many; `None` means never.
    pub renewals: Option<usize>,
}

impl Owner {
    /// Its configuration as variables for a process that calls [`Owner::from_env`].
    pub fn env(&self) -> [(&'static str, String); 11] {
        [
            ("OWNER_FOLDER", self.folder.display().to_string()),
            ("OWNER_TOKEN_BASE", self.token_base.clone()),
            ("OWNER_CLOCK", self.clock.to_env()),
            ("OWNER_SEED", self.seed.to_string()),
            ("OWNER_IN_PLACE", u8::from(self.in_place).to_string()),
            ("OWNER_EARLY_MS", self.early.as_millis().to_string()),
            ("OWNER_LATE_MS", self.late.as_millis().to_string()),
            ("OWNER_STALE_MS", self.stale.as_millis().to_string()),
            ("OWNER_TAKES_OVER_MS", self.takes_over.as_millis().to_string()),
            ("OWNER_SECRETS_MS", self.secrets.map(|slow| slow.as_millis().to_string()).unwrap_or_default()),
            ("OWNER_RENEWALS", self.renewals.map(|count| count.to_string()).unwrap_or_default()),
        ]
    }

    /// The configuration that the process was given.
    ///
    /// # Panics
    /// If a variable is missing.
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let number = |name: &str| -> u64 { var(name).parse().unwrap_or_else(|_| panic!("{name} is no number")) };
        let maybe = |name: &str| Some(name).filter(|name| !var(name).is_empty()).map(number);
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
            takes_over: Duration::from_millis(number("OWNER_TAKES_OVER_MS")),
            secrets: maybe("OWNER_SECRETS_MS").map(Duration::from_millis),
            renewals: maybe("OWNER_RENEWALS").map(|count| count as usize),
        }
    }

    /// A stand-in that lives in `home` and renews until it is stopped.
    pub fn at_home(home: &Home, token_base: String, clock: ClockSpec, seed: u64) -> Self {
        let folder = home.claude_dir();
        let (early, late) = (Duration::ZERO, Duration::ZERO);
        let (stale, takes_over) = (STALE, TAKES_OVER);
        Self {
            folder,
            token_base,
            clock,
            seed,
            in_place: false,
            early,
            late,
            stale,
            takes_over,
            secrets: None,
            renewals: None,
        }
    }

    /// Runs. Reports each step to `tell` as a line: `renewed`, `adopted`, `busy`, `took over`, `refused`, `stored`
    /// with the count, or `failed` with the reason.
    pub fn run(&self, tell: &mut dyn FnMut(&str)) {
        let mut random = fastrand::Rng::with_seed(self.seed);
        while let Some(slow) = self.secrets {
            match self.store_secret(slow) {
                Ok(count) => tell(&format!("stored {count}")),
                Err(error) => tell(&format!("failed {error}")),
            }
            sleep(slow);
        }
        let (mut renewed, mut watch) = (0, Watch::default());
        while self.renewals.is_none_or(|enough| renewed < enough) {
            let program_ms = |real| i64::try_from(self.clock.program_length(real).as_millis()).unwrap_or(0);
            let off = random.i64(-program_ms(self.early)..=program_ms(self.late));
            if !self.wait_until_due(off) {
                continue;
            }
            match self.renew(&mut random, off, &mut watch) {
                Ok(said) => {
                    renewed += usize::from(said == "renewed");
                    tell(said);
                }
                Err(error) => tell(&format!("failed {error}")),
            }
        }
    }

    /// Sleeps until the stored sign-in is due for renewal; false if it is another one by then, or none.
    fn wait_until_due(&self, off: i64) -> bool {
        let Some(stored) = self.stored() else {
            sleep(Duration::from_millis(5));
            return false;
        };
        let at = due_ms(&stored) + off;
        let left = u64::try_from(at - millis(self.clock.now())).unwrap_or(0);
        // In short steps: another program may renew it meanwhile.
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

    fn renew(&self, random: &mut fastrand::Rng, off: i64, watch: &mut Watch) -> io::Result<&'static str> {
        let Some(_locks) = Renewing::take(&self.folder, self.stale, random)? else {
            return Ok(if watch.take_over(&self.folder, self.takes_over) { "took over" } else { "busy" });
        };
        let text = fs::read_to_string(self.credential())?;
        let stored: Value = serde_json::from_str(&text)?;
        let oauth = &stored["claudeAiOauth"];
        if due_ms(&stored) + off > millis(self.clock.now()) {
            return Ok("adopted");
        }
        let Some(refresh_token) = oauth["refreshToken"].as_str().filter(|token| !token.is_empty()) else {
            return Ok("signed out");
        };
        let (status, answer) = self.ask(refresh_token, oauth["clientId"].as_str())?;
        if status != 200 {
            let refused = answer["error"] == "invalid_grant";
            if refused {
                self.change(refresh_token, &json!({"access_token": "", "refresh_token": ""}), 0, random)?;
            }
            return Ok(if refused { "refused" } else { "failed" });
        }
        let expires_at = expiry_ms(self.clock, answer["expires_in"].as_u64().unwrap_or(0));
        Ok(if self.change(refresh_token, &answer, expires_at, random)? { "renewed" } else { "adopted" })
    }

    /// Replaces the tokens that were stored with `refresh_token`, if they are still there, and leaves everything else
    /// as it is. Holds the write lock from the read to the rename.
    fn change(
        &self,
        refresh_token: &str,
        new: &Value,
        expires_at: i64,
        random: &mut fastrand::Rng,
    ) -> io::Result<bool> {
        let _lock = Lock::for_writing(&self.folder)?;
        let text = fs::read_to_string(self.credential())?;
        let stored: Value = serde_json::from_str(&text)?;
        let oauth = &stored["claudeAiOauth"];
        if oauth["refreshToken"] != refresh_token {
            return Ok(false);
        }
        let old = |key: &str| oauth[key].to_string();
        let mut text = text.replace(&old("accessToken"), &new["access_token"].to_string());
        if new["refresh_token"].is_string() {
            text = text.replace(&old("refreshToken"), &new["refresh_token"].to_string());
        }
        // The first one after the sign-in's key: others belong to other programs.
        let (before, oauth) = text.split_at(text.find("\"claudeAiOauth\"").unwrap_or(0));
        let expiry = |at: &str| format!("\"expiresAt\":{at}");
        let text = before.to_owned() + &oauth.replacen(&expiry(&old("expiresAt")), &expiry(&expires_at.to_string()), 1);
        self.write(&text, random)?;
        Ok(true)
    }

    /// Increments a sibling key of the sign-in, as Claude Code stores the secret of an MCP server: under the write
    /// lock, with a delay of `slow` between its read and its write.
    ///
    /// # Errors
    /// Fails if another process holds the lock for as long as Claude Code waits, or if the file has an unexpected form.
    pub fn store_secret(&self, slow: Duration) -> io::Result<u64> {
        let _lock = Lock::for_writing(&self.folder)?;
        let mut stored: Value = serde_json::from_str(&fs::read_to_string(self.credential())?)?;
        let count = stored["mcpOAuthClientConfig"]["count"].as_u64().unwrap_or(0) + 1;
        stored["mcpOAuthClientConfig"] = json!({"count": count});
        sleep(slow);
        replace(&self.credential(), stored.to_string().as_bytes());
        Ok(count)
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

    fn ask(&self, refresh_token: &str, client: Option<&str>) -> io::Result<(u16, Value)> {
        let grant = json!({"grant_type": "refresh_token", "refresh_token": refresh_token,
            "client_id": client.unwrap_or(CLIENT_ID), "scope": SCOPE})
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

/// When it is due for renewal, in milliseconds of program time.
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

/// Epoch milliseconds of an expiry `lifetime_s` from now, as Claude Code calculates it.
fn expiry_ms(clock: ClockSpec, lifetime_s: u64) -> i64 {
    millis(clock.now() + Duration::from_secs(lifetime_s))
}
