//! Counts the copies of a token in the memory of a running engine. The process is read as a debugger of the same user
//! would read it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test ends where it fails")]

use holdoff_engine::platform::environment::Environment;
use holdoff_engine::storage::settings_file;
use holdoff_engine::storage::state_file::PlainFiles;
use holdoff_engine::tasks::start::{shut_down, start};
use holdoff_world::spawn::Spawned;
use holdoff_world::{ClockSpec, Credential, FakeAnthropic, Grants, Home, eventually};
use serde_json::json;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

const ROLE: &str = "MEMORY_TEST_ROLE";
const SOON: Duration = Duration::from_secs(30);
const DAYS: Duration = Duration::from_secs(30 * 24 * 3600);
/// The copies of an access token in use: the stored one, and one in a buffer of the HTTP library.
const ACCESS_MAX: usize = 2;

/// As in the resident program.
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// A user with an engine in its own process.
struct Scene {
    home: Home,
    fake: FakeAnthropic,
    engine: Option<Spawned>,
}

impl Scene {
    async fn new(speed: f64, renewal: bool) -> Self {
        let fake = FakeAnthropic::start_with(ClockSpec::from_now(speed)).await;
        let home = Home::at(fake.clock());
        home.claude_json("0b0c7f5e-0000-4000-8000-000000000001", "ann@example.com", "Ann's Organization");
        home.settings(&json!({"version": 1, "renewal": renewal, "polling_interval_s": 300}));
        Self { home, fake, engine: None }
    }

    fn start(&mut self) {
        let mut command = self.home.command(std::env::current_exe().unwrap());
        command.args(["--exact", "as_engine", "--ignored", "--nocapture", "--test-threads=1"]).env(ROLE, "engine");
        command.env("HOLDOFF_ANTHROPIC_API", self.fake.api_base());
        command.env("HOLDOFF_ANTHROPIC_TOKEN", self.fake.token_base());
        command.env("HOLDOFF_CLOCK", self.fake.clock().to_env());
        self.engine = Some(Spawned::start("engine", &mut command));
    }

    fn sign_in(&self) -> Credential {
        let credential = Credential::fresh(self.fake.clock().now() + DAYS);
        self.home.credentials(&credential);
        credential
    }

    /// Waits until two requests were sent with this token, so that everything that follows a response has happened once.
    async fn asked_with(&self, access_token: &str) {
        eventually(SOON, "two requests with the token", async || {
            let asked = self.fake.usage_requests().iter().filter(|r| r.bearer() == Some(access_token)).count();
            (asked >= 2).then_some(())
        })
        .await;
    }

    /// How often each token is present: the minimum of several reads, because one may coincide with a request. Reads
    /// until no count exceeds `most`, up to a deadline.
    async fn at_rest<const N: usize>(&self, tokens: [&str; N], most: [usize; N]) -> [usize; N] {
        // Only the random part: the program itself contains the prefix.
        let needles = tokens.map(|token| &token[token.len() - 40..]);
        let mut least = [usize::MAX; N];
        let (mut looks, deadline) = (0, Instant::now() + SOON);
        while looks < 4 || least.iter().zip(most).any(|(least, most)| *least > most) && Instant::now() < deadline {
            let found = copies(self.engine.as_ref().unwrap().pid(), needles);
            least = std::array::from_fn(|n| least[n].min(found[n]));
            looks += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        least
    }
}

/// How often each of `needles` occurs in the memory that the process can read and write.
fn copies<const N: usize>(pid: u32, needles: [&str; N]) -> [usize; N] {
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut found = [0; N];
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // A page may be gone by now, or be unreadable.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            let here = holdoff_world::secrets::count(&bytes, needles);
            found = std::array::from_fn(|n| found[n] + here[n]);
        }
    }
    found
}

#[tokio::test]
async fn memory_with_renewal_off_has_no_refresh_or_earlier_token() {
    let mut scene = Scene::new(300.0, false).await;
    let first = scene.sign_in();
    scene.start();
    scene.asked_with(&first.access_token).await;
    let [access, refresh, _] = first.secrets()[..] else { panic!("{first:?}") };
    let [in_use, kept] = scene.at_rest([access, refresh], [ACCESS_MAX, 0]).await;
    println!("in use: {in_use} of the access token, {kept} of the refresh token");

    let second = scene.sign_in();
    scene.asked_with(&second.access_token).await;
    let [new_access, new_refresh, others] = second.secrets()[..] else { panic!("{second:?}") };
    let counts = scene.at_rest([access, refresh, new_access, new_refresh, others], [0, 0, ACCESS_MAX, 0, 0]).await;
    println!("after a new sign-in, of the old pair, the new one, and another program's token beside it: {counts:?}");
    assert!((1..=ACCESS_MAX).contains(&in_use) && counts[2] <= ACCESS_MAX, "{in_use} {counts:?}");
    assert_eq!((kept, counts[3], counts[4]), (0, 0, 0), "refresh tokens, and what belongs to others");
    assert_eq!(counts[..2], [0, 0], "of the earlier sign-in");
}

#[tokio::test]
async fn memory_after_renewal_has_no_spent_pair_or_refresh_token() {
    let mut scene = Scene::new(60.0, true).await;
    let grants = Grants::serve(&scene.fake, DAYS);
    let spent = grants.sign_in(Duration::from_secs(60));
    scene.home.credentials(&spent);
    scene.start();
    let (access, refresh) = eventually(SOON, "a renewed sign-in", async || {
        let stored = std::fs::read_to_string(scene.home.credentials_path()).ok()?;
        let oauth = &serde_json::from_str::<serde_json::Value>(&stored).ok()?["claudeAiOauth"];
        let token = |key: &str| Some(oauth[key].as_str()?.to_owned());
        let pair = (token("accessToken")?, token("refreshToken")?);
        (pair.0 != spent.access_token).then_some(pair)
    })
    .await;
    scene.asked_with(&access).await;
    let [spent_access, spent_refresh, ..] = spent.secrets()[..] else { panic!("{spent:?}") };
    let counts = scene.at_rest([spent_access, spent_refresh, &access, &refresh], [0, 0, ACCESS_MAX, 0]).await;
    println!("spent access, spent refresh, new access, new refresh: {counts:?}");
    assert!(counts[0] == 0 && counts[1] == 0 && counts[3] == 0, "{counts:?}");
    assert!((1..=ACCESS_MAX).contains(&counts[2]), "{counts:?}");
}

#[test]
#[ignore = "a process that the other tests start"]
fn as_engine() {
    if std::env::var_os(ROLE).is_some() {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(live());
    }
}

async fn live() {
    let mut ends = signal(SignalKind::terminate()).unwrap();
    let environment = Environment::from_process().unwrap();
    environment.prepare_data_dir().unwrap();
    let settings = settings_file::read(&environment.data_dir).settings;
    let engine = start(&environment, PlainFiles, &settings).await;
    let _ = ends.recv().await;
    shut_down(&engine.commands()).await;
}
