//! A user's computer with Holdoff on it.

use holdoff_core::Wall;
use holdoff_core::record::history::WindowRecord;
use holdoff_engine::storage::history;
use holdoff_world::desktop::Builder;
use holdoff_world::{
    App, ClockSpec, Credential, Desktop, FakeAnthropic, Home, Inspector, Launch, Notifications, Session, Tray,
};
use serde_json::Value;
use std::ops::ControlFlow;
use std::time::Duration;

/// The time limit for anything that should happen at once, on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

pub struct Scene<D = Desktop> {
    pub desktop: D,
    pub fake: FakeAnthropic,
    pub home: Home,
    pub credential: Credential,
    pub launch: Launch,
    pub inspector: Inspector,
}

impl Scene {
    /// A desktop with a panel, a recorder for notifications, a user who is signed in, and a clock that runs `speed`
    /// times as fast.
    pub async fn new(speed: f64) -> Self {
        Self::on(Desktop::builder().panel(true).notifications(Notifications::Recorder), speed).await
    }

    pub async fn on(desktop: Builder, speed: f64) -> Self {
        Self::in_session(desktop.start().await, speed).await
    }
}

impl<D: Session> Scene<D> {
    pub async fn in_session(desktop: D, speed: f64) -> Self {
        let clock = ClockSpec::from_now(speed);
        let fake = FakeAnthropic::start_with(clock).await;
        let home = Home::new();
        choose(&home, &[]);
        let credential = home.sign_in(clock.now() + Duration::from_secs(400 * 3600));
        let inspector = Inspector::new();
        let launch = Launch::new(&home, &desktop, &fake).inspected_by(&inspector);
        Self { desktop, fake, home, credential, launch, inspector }
    }

    /// Writes the settings before the app starts.
    pub fn settings_with(&self, settings: &[(&str, Value)]) {
        choose(&self.home, settings);
    }

    pub fn start(&self) -> App {
        self.launch.start()
    }

    pub async fn tray(&self, app: &App) -> Tray {
        Tray::wait_for(&self.desktop, app.pid(), SOON).await
    }

    /// Another sign-in of the same user, as Claude Code would store it.
    pub fn sign_in_again(&self) -> Credential {
        self.home.sign_in(self.fake.clock().now() + Duration::from_secs(400 * 3600))
    }

    /// The first account of `holdoff status --json`, once `wanted` accepts it.
    pub async fn wait_for_account(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_for_account_in(&self.launch, what, wanted).await
    }

    /// The same for a program that was started in another way.
    pub async fn wait_for_account_in(&self, launch: &Launch, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        holdoff_world::eventually(SOON, what, async || {
            let account = launch.status().await["accounts"][0].clone();
            wanted(&account).then_some(account)
        })
        .await
    }

    /// The ledger, entry by entry.
    pub fn ledger(&self) -> Vec<Value> {
        let entries = history::ledger(&self.home.data_dir(), Wall(0)).unwrap();
        entries.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect()
    }

    /// The changes of the windows: id and percentage used.
    pub fn windows(&self) -> Vec<(String, Option<f64>)> {
        let mut windows = Vec::new();
        if let Some(reader) = history::Reader::open(&self.home.data_dir()).unwrap() {
            let mut each = |record: WindowRecord| {
                windows.push((record.window, record.used_percent));
                ControlFlow::Continue(())
            };
            reader.windows(Wall(0), &mut each).unwrap();
        }
        windows
    }

    /// Claude Code's input for its status line, for the 5-hour window that was read.
    pub async fn session_says(&self, used: f64) -> String {
        let read = |account: &Value| account["reading"]["windows"][0]["id"] == "five_hour";
        let account = self.wait_for_account("a reading", read).await;
        let resets = account["reading"]["windows"][0]["resets_at"].as_str().unwrap();
        let resets = resets.parse::<jiff::Timestamp>().unwrap().as_second();
        serde_json::json!({"rate_limits": {"five_hour": {"used_percentage": used, "resets_at": resets}}}).to_string()
    }

    /// The outcome of each request, once there are this many.
    pub async fn wait_for_outcomes(&self, count: usize) -> Vec<String> {
        holdoff_world::eventually(SOON, format!("{count} outcomes"), async || {
            let outcomes: Vec<String> = self
                .ledger()
                .iter()
                .filter_map(|line| Some(line["event"]["came"]["outcome"].as_str()?.to_owned()))
                .collect();
            (outcomes.len() >= count).then_some(outcomes)
        })
        .await
    }

    /// Waits until the app is up and responds, whatever the state of its accounts.
    pub async fn wait_until_up(&self) {
        holdoff_world::eventually(SOON, "the app answers", async || {
            (self.launch.cli(&["refresh"]).await.code() != 69).then_some(())
        })
        .await;
    }

    /// The real duration of `program`.
    pub fn real(&self, program: Duration) -> Duration {
        self.fake.clock().real_length(program)
    }

    /// Lets this much program time pass while a test checks that something does not happen.
    pub async fn pass(&self, program: Duration) {
        let end = self.fake.clock().now() + program;
        holdoff_world::eventually(self.real(program) + SOON, "time goes by", async || {
            (self.fake.clock().now() >= end).then_some(())
        })
        .await;
    }
}

/// Window notifications of made-up usage depend on the time of day; they have their own tests.
fn choose(home: &Home, settings: &[(&str, Value)]) {
    let mut all = serde_json::json!({"version": 1, "notify_forecast": false, "notify_thresholds": []});
    settings.iter().for_each(|(key, value)| all[*key] = value.clone());
    home.settings(&all);
}

/// State of the usage gate in `status --json`.
pub fn gate(account: &Value) -> &str {
    account["gates"]["usage"]["state"].as_str().unwrap_or_default()
}

pub fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}
