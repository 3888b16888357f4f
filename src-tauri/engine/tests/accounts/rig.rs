//! A user's computer with an engine.

use holdoff_core::providers::Provider;
use holdoff_core::settings::AccountSettings;
use holdoff_core::state::RefreshOutcome;
use holdoff_core::{AccountId, Settings, State};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::storage::state_file::PlainFiles;
use holdoff_engine::tasks::start;
use holdoff_engine::tasks::start::{Engine, shut_down};
use holdoff_engine::tasks::supervisor::Command;
use holdoff_world::{Answer, ClockSpec, Credential, FakeAnthropic, Home, eventually};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;

pub const SOON: Duration = Duration::from_secs(20);
pub const ANN: &str = "0b0c7f5e-0000-4000-8000-000000000001";
pub const BOB: &str = "0b0c7f5e-0000-4000-8000-0000000000b0";
pub const CARL: &str = "0b0c7f5e-0000-4000-8000-0000000000ca";
pub const DAYS: Duration = Duration::from_secs(30 * 24 * 3600);

pub fn id(uuid: &str) -> AccountId {
    AccountId(format!("anthropic:{uuid}"))
}

/// A user's computer with an engine; Ann is signed in to the default folder.
pub struct Rig {
    pub home: Home,
    pub fake: FakeAnthropic,
    pub vars: BTreeMap<String, String>,
    pub settings: Settings,
    pub engine: Option<Engine>,
    pub ann: Credential,
}

impl Rig {
    pub async fn new(speed: f64) -> Self {
        let fake = FakeAnthropic::start_with(ClockSpec::from_now(speed)).await;
        let home = Home::at(fake.clock());
        let ann = home.sign_in(fake.clock().now() + DAYS);
        let mut vars = home.env();
        vars.insert("HOLDOFF_ANTHROPIC_API".into(), fake.api_base());
        vars.insert("HOLDOFF_ANTHROPIC_TOKEN".into(), fake.token_base());
        vars.insert("HOLDOFF_CLOCK".into(), fake.clock().to_env());
        Self { home, fake, vars, settings: Settings::default(), engine: None, ann }
    }

    /// Signs Bob in to a folder of his own, which the settings list.
    pub fn with_bob(&mut self) -> Credential {
        self.settings.config_dirs.entry(Provider::Anthropic).or_default().push("~/.claude-bob".into());
        self.sign_in_at(".claude-bob", BOB)
    }

    pub fn sign_in_at(&self, folder: &str, uuid: &str) -> Credential {
        self.home.sign_in_at(folder, uuid, &format!("{uuid}@example.com"), self.fake.clock().now() + DAYS)
    }

    pub async fn start(&mut self) {
        let environment = Environment::from_vars(|name| self.vars.get(name).map(Into::into)).unwrap();
        environment.prepare_data_dir().unwrap();
        self.engine = Some(start::start(&environment, PlainFiles, &self.settings).await);
    }

    pub async fn stop(&mut self) {
        shut_down(&self.engine().commands()).await;
        self.engine = None;
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    pub fn state(&self) -> State {
        self.engine().snapshots.borrow().state.clone()
    }

    pub async fn command(&self, command: Command) {
        self.engine().commands().send(command).await.unwrap();
    }

    pub async fn choose(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.command(Command::Settings(Box::new(self.settings.clone()))).await;
    }

    pub async fn switch(&mut self, uuid: &str, enabled: bool) {
        let chosen = AccountSettings { enabled: Some(enabled), ..AccountSettings::default() };
        self.choose(|settings| _ = settings.accounts.insert(id(uuid), chosen)).await;
    }

    pub async fn refresh(&self) -> Vec<(AccountId, RefreshOutcome)> {
        let (answer, asked) = oneshot::channel();
        self.command(Command::Refresh { account: None, answer }).await;
        asked.await.unwrap()
    }

    pub async fn wait<T>(&self, what: &str, look: impl Fn(&State) -> Option<T>) -> T {
        eventually(SOON, what, async || look(&self.state())).await
    }

    pub async fn wait_for_active(&self, uuids: &[&str]) {
        let expect: Vec<AccountId> = uuids.iter().map(|uuid| id(uuid)).collect();
        self.wait(&format!("{uuids:?} are polled"), |state| (state.active == expect).then_some(())).await;
    }

    pub async fn wait_for_reading(&self, uuid: &str) {
        self.wait("a reading", |state| state.accounts.get(&id(uuid))?.reading.as_ref().map(drop)).await;
    }

    /// The accounts that were requested, in order, by their tokens.
    pub fn asked(&self, who: &[(&str, &Credential)]) -> Vec<String> {
        let name = |bearer: &str| {
            let known = who.iter().find(|(_, credential)| credential.access_token == bearer);
            known.map_or("nobody", |(name, _)| *name).to_owned()
        };
        self.fake.usage_requests().iter().map(|request| name(request.bearer().unwrap())).collect()
    }

    /// Lets time pass while a test checks that something does not happen.
    pub async fn pass(&self, program: Duration) {
        let end = self.fake.clock().now() + program;
        let over = async || (self.fake.clock().now() >= end).then_some(());
        eventually(self.fake.clock().real_length(program) + SOON, "time goes by", over).await;
    }
}

pub fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// A 429 for these accounts, a reading for all others.
pub fn limited(those: &[&Credential]) -> Answer {
    let those: Vec<String> = those.iter().map(|credential| credential.access_token.clone()).collect();
    Answer::decide(move |request| {
        let is_one = those.iter().any(|token| request.bearer() == Some(token));
        if is_one { Answer::rate_limited(Some("3600")) } else { Answer::ok() }
    })
}
