//! A travelling user: quiet hours follow the local time zone.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use holdoff_core::account::Preferences;
use holdoff_core::providers::Provider;
use holdoff_core::{AccountId, Endpoint, Settings};
use holdoff_engine::claude_code::CredentialStore;
use holdoff_engine::credentials::CredentialSource;
use holdoff_engine::http::Http;
use holdoff_engine::metrics::Requests;
use holdoff_engine::platform::clock::Clock;
use holdoff_engine::platform::environment::Bases;
use holdoff_engine::platform::user_dir::UserDir;
use holdoff_engine::storage::history::{History, Limits};
use holdoff_engine::storage::state_file::{PlainFiles, TwoSlots};
use holdoff_engine::storage::state_store::StateStore;
use holdoff_engine::tasks::runner::{Earlier, Runner, RunnerCommand, RunnerContext};
use holdoff_engine::tasks::start;
use holdoff_engine::tasks::start::Loaded;
use holdoff_world::{Answer, FakeAnthropic, Home};
use jiff::tz::{Offset, TimeZone};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);
/// Much longer than it takes to show a notification.
const A_WHILE: Duration = Duration::from_millis(500);

/// The offset of local time from UTC, in seconds.
static AHEAD: AtomicI32 = AtomicI32::new(0);

fn zone() -> TimeZone {
    TimeZone::fixed(Offset::from_seconds(AHEAD.load(Ordering::SeqCst)).unwrap())
}

/// Moves the user to where it is this hour now.
fn travel_to(hour: i32) {
    let of_day = jiff::Timestamp::now().as_second().rem_euclid(86_400);
    AHEAD.store(hour * 3600 - i32::try_from(of_day).unwrap(), Ordering::SeqCst);
}

#[tokio::test]
async fn quiet_hours_end_when_the_time_zone_changes_to_daytime() {
    let (fake, home) = (FakeAnthropic::start().await, Home::new());
    fake.always(Answer::rate_limited(Some("3600")));
    home.sign_in(SystemTime::now() + 1000 * LONG);
    travel_to(3);
    let settings = Settings { quiet_hours: Some("01:00-05:00".parse().unwrap()), ..Settings::default() };
    let data_dir = home.data_dir();
    std::fs::create_dir_all(&data_dir).unwrap();
    let clock = Clock::real();
    let bases = Bases::new(Provider::Anthropic, fake.api_base().parse().unwrap(), fake.token_base().parse().unwrap());
    let Loaded { restored, history } = start::load(&data_dir, &clock.boot_id(), clock.now());
    let slots = TwoSlots::new(data_dir.clone(), PlainFiles, restored.generation);
    let (state_store, mut snapshots) = StateStore::start(restored.state, slots, clock.clone());
    let (announce, mut announcements) = mpsc::channel(16);
    let tools = RunnerContext {
        clock: clock.clone(),
        http: Arc::new(Http::new(&bases, clock.stopwatch())),
        network: Default::default(),
        state_store,
        history: History::start(data_dir.clone(), history, Limits::from(&settings), clock),
        requests: Requests::default(),
        user: UserDir::new(data_dir.join("user"), data_dir.clone(), data_dir.clone()),
        announcements: announce,
        logins: holdoff_engine::tasks::login::Logins::default(),
        recovery: restored.recovery,
        elsewhere: watch::channel(BTreeSet::new()).0,
        zone,
    };
    let source = CredentialSource::Owned(CredentialStore::from_env(home.path(), None));
    let id = AccountId("anthropic:0b0c7f5e-0000-4000-8000-000000000001".into());
    let runner = Runner::new(tools, source, id.clone(), Earlier::default(), Preferences::from(&settings)).await;
    let (orders, obeyed) = mpsc::unbounded_channel();
    orders.send(RunnerCommand::NoticeService(true)).unwrap();
    let running = tokio::spawn(runner.run(obeyed));

    let limited = snapshots.wait_for(|snapshot| {
        snapshot.state.accounts.get(&id).is_some_and(|account| account.gates[Endpoint::Usage].strikes == 1)
    });
    drop(timeout(LONG, limited).await.unwrap().unwrap());
    assert!(timeout(A_WHILE, announcements.recv()).await.is_err(), "it is night");
    travel_to(12);
    orders.send(RunnerCommand::FolderMade).unwrap();
    assert_eq!(timeout(LONG, announcements.recv()).await.unwrap().unwrap().account, id);
    orders.send(RunnerCommand::Finish).unwrap();
    running.await.unwrap();
}
