//! 200 kills: at random moments, when a request arrives, just after its response, in the middle of a save.
//!
//! Eight accounts, each with its own home and 25 kills in some hours of program time. A seeded server rate-limits,
//! rejects, fails, hangs and recovers; the user signs in again when asked and refreshes too often. What the laws allow
//! is computed from the server's side: from its responses and the arrival of the next request, on the program's clock.
//! Only whether a response was on disk at the kill is read from the disk.

use super::script::{Given, Script, TOLERANCE, check_requests, episodes};
use crate::scene::{SOON, gate};
use fastrand::Rng;
use holdoff_world::{App, ClockSpec, Desktop, FakeAnthropic, Home, Launch, Notifications, Saves};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const ACCOUNTS: u64 = 8;
const KILLS: usize = 25;
/// One hour in six seconds.
const SPEED: f64 = 600.0;
/// The maximum length of a run without another end, once the app is up, which takes about 0.25 s.
const LIFE: Duration = Duration::from_millis(900);

/// What ends a run.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// This time after the start.
    Young(Duration),
    /// This time after the app is up.
    After(Duration),
    /// The arrival of a request, before its response.
    AtArrival,
    /// A response that is on its way, being processed, or being saved.
    AfterAnswer(Duration),
    /// This many writes to the data folder.
    AtWrite(u32),
}

impl Death {
    fn draw(rng: &mut Rng, kill: usize) -> Self {
        // A request that is cut off closes the gate for an hour, so there are few of those.
        let most = if kill % 8 == 7 { 10 } else { 8 };
        match rng.u32(0..most) {
            0..1 => Self::Young(LIFE.mul_f64(rng.f64())),
            1..4 => Self::After(LIFE.mul_f64(rng.f64())),
            4..6 => Self::AfterAnswer(Duration::from_micros(rng.u64(0..40_000))),
            6..8 => Self::AtWrite(rng.u32(1..24)),
            _ => Self::AtArrival,
        }
    }
}

/// The hours of one account.
struct Storm {
    home: Home,
    fake: FakeAnthropic,
    launch: Launch,
    script: Arc<Script>,
    rng: Rng,
    /// When the current sign-in expires.
    expires: jiff::Timestamp,
    before: Option<Seen>,
    tally: Tally,
}

/// What was on disk after a kill.
struct Seen {
    account: Value,
    /// The program knows the current sign-in.
    knows: bool,
    requests: usize,
    sign_ins: usize,
}

#[derive(Debug, Default)]
struct Tally {
    minutes: usize,
    kills: usize,
    in_a_request: usize,
    torn: usize,
    requests: usize,
    limited: usize,
    rejected: usize,
    pauses: usize,
    sign_ins: usize,
    refused_wishes: usize,
    notices: usize,
    episodes: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_open_no_gate_early_lose_no_pause_repeat_no_notification() {
    let seed: u64 = std::env::var("HOLDOFF_SEED").map_or(1, |seed| seed.parse().expect("HOLDOFF_SEED is a number"));
    eprintln!("seed {seed} (another: HOLDOFF_SEED)");
    let begun = std::time::Instant::now();
    let half = |first: u64| async move {
        let desktop = Desktop::builder().panel(true).notifications(Notifications::Recorder).start().await;
        let mut tallies = Vec::new();
        for n in (first..ACCOUNTS).step_by(2) {
            tallies.push(Storm::begin(&desktop, seed.wrapping_add(n)).await.run(&desktop).await);
        }
        tallies
    };
    // One for each processor.
    let (one, other) = tokio::join!(half(0), half(1));
    let all: Vec<Tally> = one.into_iter().chain(other).collect();
    let sum = |of: fn(&Tally) -> usize| all.iter().map(of).sum::<usize>();
    let figures = format!(
        "{} kills in {:.0?}, {} minutes of program time: {} in a request, {} left a torn state file; {} requests, {} answered \
         with 429, {} with 401 or 403, {} pauses, {} sign-ins, {} wishes refused; {} episodes, {} notices",
        sum(|t| t.kills),
        begun.elapsed(),
        sum(|t| t.minutes),
        sum(|t| t.in_a_request),
        sum(|t| t.torn),
        sum(|t| t.requests),
        sum(|t| t.limited),
        sum(|t| t.rejected),
        sum(|t| t.pauses),
        sum(|t| t.sign_ins),
        sum(|t| t.refused_wishes),
        sum(|t| t.episodes),
        sum(|t| t.notices),
    );
    eprintln!("{figures}");
    assert_eq!(sum(|t| t.kills), 200);
    assert!(sum(|t| t.notices) <= sum(|t| t.episodes) + 1, "{figures}");
    // A kill may lose a few notifications, but no more.
    assert!(sum(|t| t.notices) * 2 >= sum(|t| t.episodes), "{figures}");
    // A run without any events would prove nothing.
    assert!(sum(|t| t.requests) >= 24 && sum(|t| t.limited) >= 4 && sum(|t| t.minutes) >= 60, "{figures}");
}

impl Storm {
    async fn begin(desktop: &Desktop, seed: u64) -> Self {
        let clock = ClockSpec::from_now(SPEED);
        let fake = FakeAnthropic::start_with(clock).await;
        let script = Arc::new(Script::new(seed));
        fake.always(script.answers());
        let home = Home::new();
        home.settings(&json!({"version": 1, "polling_interval_s": 180, "notify_thresholds": [],
            "notify_forecast": false, "notify_reset": false}));
        let launch = Launch::new(&home, desktop, &fake);
        let (rng, expires, tally) = (Rng::with_seed(seed), jiff::Timestamp::UNIX_EPOCH, Tally::default());
        let mut storm = Self { home, fake, launch, script, rng, expires, before: None, tally };
        storm.sign_in();
        storm
    }

    async fn run(mut self, desktop: &Desktop) -> Tally {
        let begun = self.fake.clock().now();
        let said_before = desktop.recorder().all().len();
        for kill in 0..KILLS {
            let app = self.launch.start();
            let death = Death::draw(&mut self.rng, kill);
            if kill == 0 {
                // A kill during the very first save leaves only half a state, and law 13 then closes the gates for a day.
                self.answered_once().await;
            }
            self.live(&app, death).await;
            app.kill9().await;
            self.tally.kills += 1;
            self.look(death).await;
        }
        self.last_life().await;
        let given = self.script.given();
        check_requests(&given, self.fake.clock());
        self.check_notices(&given, desktop, said_before);
        let took = self.fake.clock().now().duration_since(begun).unwrap_or_default();
        self.tally.minutes = usize::try_from(took.as_secs() / 60).unwrap_or(usize::MAX);
        self.tally.requests = given.len();
        self.tally.limited = given.iter().filter(|given| given.is_limit()).count();
        self.tally.rejected = given.iter().filter(|given| given.is_rejection()).count();
        self.tally
    }

    async fn answered_once(&self) {
        holdoff_world::eventually(SOON * 2, "a first answer is kept", async || {
            let account = self.launch.status().await["accounts"][0].clone();
            account["last_request"]["outcome"].is_string().then_some(())
        })
        .await;
    }

    /// Runs until the kill is due.
    async fn live(&mut self, app: &App, death: Death) {
        let asked = self.fake.usage_requests().len();
        self.script.hold(matches!(death, Death::AtArrival));
        let wish = self.rng.u32(0..4) == 0;
        let refused = std::cell::Cell::new(false);
        let wish = async {
            if wish {
                self.up().await;
                tokio::time::sleep(LIFE / 3).await;
                refused.set(app.cli(&["refresh"]).await.code() == 75);
            }
            std::future::pending().await
        };
        // A refresh that is not answered by then is abandoned.
        tokio::select! {
            () = self.wait(death, asked) => {}
            () = wish => {}
        }
        self.tally.refused_wishes += usize::from(refused.get());
    }

    async fn wait(&self, death: Death, asked: usize) {
        match death {
            Death::Young(time) => tokio::time::sleep(time).await,
            Death::After(time) => {
                self.up().await;
                tokio::time::sleep(time).await;
            }
            Death::AtArrival => {
                self.up().await;
                self.fake.arrived(asked + 1, LIFE).await;
            }
            Death::AfterAnswer(time) => {
                self.up().await;
                self.fake.arrived(asked + 1, LIFE).await;
                tokio::time::sleep(time).await;
            }
            Death::AtWrite(count) => Saves::watch(&self.home.data_dir()).after(count, LIFE * 2).await,
        }
    }

    async fn up(&self) {
        let socket = self.home.data_dir().join("tray.sock");
        holdoff_world::eventually(SOON * 2, "the app is up", async || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok().then_some(())
        })
        .await;
    }

    /// Checks that nothing is lost on disk.
    async fn look(&mut self, death: Death) {
        let output = self.launch.cli(&["status", "--json"]).await;
        assert!(output.status.success(), "after {death:?}: {output:?}");
        self.tally.torn += usize::from(output.stderr.contains("cannot be used"));
        let account = output.json()["accounts"][0].clone();
        let noted = account["last_request"]["at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let answered = account["last_request"]["outcome"].is_string();
        let lost = self.script.died(noted.map(|at| (at.into(), answered)), self.fake.clock());
        self.tally.in_a_request += usize::from(lost);
        if !account.is_null() {
            let strikes =
                account["gates"]["usage"]["strikes"].as_u64().and_then(|strikes| usize::try_from(strikes).ok());
            let allowed = self.script.strikes();
            assert!(
                strikes.is_some_and(|strikes| allowed.contains(&strikes)),
                "{allowed:?} after {death:?}: {account}"
            );
        }
        let expires = account["sign_in"]["expires_at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let knows = expires.is_some_and(|at| at.duration_since(self.expires).abs().as_secs() < 2);
        let (requests, sign_ins) = (self.fake.usage_requests().len(), self.tally.sign_ins);
        let seen = Seen { account, knows, requests, sign_ins };
        if let Some(before) = &self.before {
            check_seen(before, &seen, death);
        }
        let paused = gate(&seen.account) == "paused";
        let newly = paused && self.before.as_ref().is_none_or(|before| gate(&before.account) != "paused");
        self.tally.pauses += usize::from(newly);
        if paused && self.rng.u32(0..3) == 0 {
            self.sign_in();
        }
        self.before = Some(seen);
    }

    fn sign_in(&mut self) {
        let expires = self.fake.clock().now() + Duration::from_secs(400 * 3600);
        self.home.sign_in(expires);
        self.expires = expires.try_into().expect("a time");
        self.tally.sign_ins += 1;
    }

    /// A run without a kill, in which the pending notifications are shown.
    async fn last_life(&mut self) {
        self.script.hold(false);
        let app = self.launch.start();
        holdoff_world::eventually(SOON, "nothing waits to be told", async || {
            let newest = self.home.read_slot(self.home.newest_slot()?)?;
            let accounts = newest["state"]["accounts"].as_object()?;
            let told = |account: &Value| account["notices"]["queue"].as_array().is_some_and(Vec::is_empty);
            accounts.values().all(told).then_some(())
        })
        .await;
        app.terminate();
        app.wait_exit(SOON).await;
    }

    fn check_notices(&mut self, given: &[Given], desktop: &Desktop, before: usize) {
        let said: Vec<String> = desktop.recorder().all().drain(before..).map(|said| said.summary).collect();
        let count = |start: &str| said.iter().filter(|summary| summary.starts_with(start)).count();
        let (limits, rejections) = episodes(given);
        let (limited, needed, back) =
            (count("Rate limited: next check at "), count("Sign-in needed"), count("Readings are back"));
        assert_eq!(limited + needed + back, said.len(), "nothing else is said: {said:?}");
        let (told, episodes) = (limited + needed, limits + rejections);
        assert!(told <= episodes + 1, "{told} notices for {episodes} episodes: {said:?}\n{given:#?}");
        // A notification counts as shown just before it is. A kill in between loses it, but its end may still be announced.
        assert!(back <= episodes, "{back} ends of {episodes} episodes: {said:?}\n{given:#?}");
        (self.tally.notices, self.tally.episodes) = (told, episodes);
    }
}

fn check_seen(before: &Seen, after: &Seen, death: Death) {
    let told = || format!("after {death:?}\nbefore: {}\nafter: {}", before.account, after.account);
    if before.account.is_null() {
        return;
    }
    assert!(!after.account.is_null(), "the account is forgotten {}", told());
    let at = |seen: &Seen, path: &str| seen.account.pointer(path).and_then(Value::as_str).map(str::to_owned);
    assert!(at(after, "/reading/at") >= at(before, "/reading/at"), "a reading is lost {}", told());
    if gate(&before.account) == "paused" && before.knows && before.sign_ins == after.sign_ins {
        assert_eq!(gate(&after.account), "paused", "a pause is lost {}", told());
        assert_eq!(before.requests, after.requests, "a pause was asked over {}", told());
    }
    let untouched = before.requests == after.requests && before.sign_ins == after.sign_ins;
    // Two processes read two clocks at slightly different times.
    let answer_known = before.account["gates"]["usage"]["cause"] != "unanswered_request";
    if untouched && answer_known && gate(&before.account) == "cooling_down" && gate(&after.account) == "cooling_down" {
        let until = |seen: &Seen| at(seen, "/gates/usage/until").and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let (Some(was), Some(is)) = (until(before), until(after)) else { panic!("no end {}", told()) };
        let shorter = was.duration_since(is).as_secs_f64() / SPEED;
        assert!(shorter <= TOLERANCE.as_secs_f64(), "a cooldown became shorter {}", told());
    }
}
