//! Copies of Holdoff with separate data folders, as in a snap's terminal: one user, one account, one poller.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use holdoff_core::{AccountId, AccountState, Endpoint, GateState, Settings};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::user_dir::UserDir;
use holdoff_engine::storage::state_file::PlainFiles;
use holdoff_engine::tasks::start;
use holdoff_engine::tasks::start::{Engine, shut_down};
use holdoff_world::{Answer, ClockSpec, FakeAnthropic, Home, eventually, fake};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// A copy that waits for another one's lock retries every 30 s.
const ITS_TURN: Duration = Duration::from_secs(60);
const ANN: &str = "anthropic:0b0c7f5e-0000-4000-8000-000000000001";
const SPEED: f64 = 600.0;

struct Person {
    home: Home,
    fake: FakeAnthropic,
}

struct Copy {
    engine: Engine,
    environment: Environment,
}

impl Person {
    async fn new() -> Self {
        let fake = FakeAnthropic::start_with(ClockSpec::from_now(SPEED)).await;
        let home = Home::at(fake.clock());
        home.sign_in(fake.clock().now() + Duration::from_secs(30 * 86_400));
        Self { home, fake }
    }

    fn environment(&self, data_home: &str) -> Environment {
        let mut vars = self.home.env();
        vars.insert("XDG_DATA_HOME".into(), self.home.path().join(data_home).display().to_string());
        vars.insert("HOLDOFF_ANTHROPIC_API".into(), self.fake.api_base());
        vars.insert("HOLDOFF_ANTHROPIC_TOKEN".into(), self.fake.token_base());
        vars.insert("HOLDOFF_CLOCK".into(), self.fake.clock().to_env());
        Environment::from_vars(|name| vars.get(name).map(Into::into)).unwrap()
    }

    async fn start(&self, data_home: &str) -> Copy {
        let environment = self.environment(data_home);
        environment.prepare_data_dir().unwrap();
        let engine = start::start(&environment, PlainFiles, &Settings::default()).await;
        Copy { engine, environment }
    }

    async fn pass(&self, minutes: u64) {
        let end = self.fake.clock().now() + Duration::from_secs(minutes * 60);
        let over = async || (self.fake.clock().now() >= end).then_some(());
        eventually(self.fake.clock().real_length(Duration::from_secs(minutes * 60)) + SOON, "time goes by", over).await;
    }

    fn asked(&self) -> usize {
        self.fake.usage_requests().len()
    }

    fn gap(&self) -> Duration {
        fake::gaps(&self.fake.usage_requests(), self.fake.clock())[0]
    }
}

impl Copy {
    fn account(&self) -> Option<AccountState> {
        self.engine.snapshots.borrow().state.accounts.get(&AccountId(ANN.into())).cloned()
    }

    async fn limited(&self) {
        let limited = async || {
            let gate = self.account()?.gates[Endpoint::Usage].state.clone();
            matches!(gate, GateState::CoolingDown { .. }).then_some(())
        };
        eventually(SOON, "a cooldown", limited).await;
    }

    async fn stop(self) -> Environment {
        shut_down(&self.engine.commands()).await;
        self.environment
    }
}

/// Laws 2 and 10.
#[tokio::test(flavor = "multi_thread")]
async fn second_instance_sends_nothing_and_inherits_the_cooldown() {
    let person = Person::new().await;
    person.fake.then(Answer::rate_limited(Some("86400")));
    let first = person.start("share").await;
    first.limited().await;
    let second = person.start("snap/share").await;
    let mut elsewhere = second.engine.elsewhere.clone();
    elsewhere.wait_for(|ids| ids.contains(&AccountId(ANN.into()))).await.unwrap();
    first.stop().await;
    elsewhere.changed().await.unwrap();
    assert!(elsewhere.borrow().is_empty(), "it is its turn");
    second.limited().await;
    person.pass(30).await;
    assert_eq!(person.asked(), 1, "it is inside the cooldown of the first");
    assert_eq!(second.account().unwrap().gates[Endpoint::Usage].strikes, 1);
    assert!(second.engine.findings.iter().any(|found| found.contains("another data folder")), "and that is said");
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_started_after_another_keeps_its_cooldown() {
    let person = Person::new().await;
    person.fake.then(Answer::rate_limited(Some("3600")));
    let first = person.start("share").await;
    first.limited().await;
    first.stop().await;
    let second = person.start("snap/share").await;
    second.limited().await;
    assert_eq!(second.account().unwrap().gates[Endpoint::Usage].strikes, 1, "its strikes are the account's");
    person.fake.wait_for_usage(2, SOON).await;
    assert!(person.gap() >= Duration::from_secs(3600), "{:?}", person.gap());
    // And back again, although the first copy has its own saved state.
    person.fake.always(Answer::rate_limited(Some("7200")));
    let twice = async || (second.account()?.gates[Endpoint::Usage].strikes >= 1 && person.asked() == 3).then_some(());
    eventually(ITS_TURN, "another 429", twice).await;
    second.limited().await;
    second.stop().await;
    let first = person.start("share").await;
    first.limited().await;
    person.pass(60).await;
    assert_eq!(person.asked(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_taking_turns_keep_three_minutes_between_requests() {
    let person = Person::new().await;
    let first = person.start("share").await;
    let read = async || first.account()?.reading.map(drop);
    eventually(SOON, "a reading", read).await;
    first.stop().await;
    let second = person.start("snap/share").await;
    person.fake.wait_for_usage(2, ITS_TURN).await;
    assert!(person.gap() >= Duration::from_secs(180), "{:?}", person.gap());
    second.stop().await;
}

/// The copy was killed after it wrote the ledger entry and before it saved anything else.
#[tokio::test(flavor = "multi_thread")]
async fn instance_killed_before_saving_is_recovered_from_its_ledger() {
    let person = Person::new().await;
    person.fake.then(Answer::rate_limited(Some("7200")));
    let first = person.start("share").await;
    first.limited().await;
    let mut account = first.account().unwrap();
    let environment = first.stop().await;
    account.gates[Endpoint::Usage].state = GateState::Open;
    account.gates[Endpoint::Usage].strikes = 0;
    account.gates[Endpoint::Usage].intent = account.gates[Endpoint::Usage].last_request.take();
    account.gates[Endpoint::Usage].ledger_watermark = None;
    account.saves += 100;
    UserDir::of(&environment).write(&AccountId(ANN.into()), &account, &environment.clock).unwrap();
    let _second = person.start("snap/share").await;
    person.pass(90).await;
    assert_eq!(person.asked(), 1);
}
