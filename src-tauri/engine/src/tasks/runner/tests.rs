//! A runner, taken step by step on a machine that sleeps in between.

use super::*;
use crate::http::Http;
use crate::metrics::Requests;
use crate::owners::CredentialStore;
use crate::platform::clock::ClockSpec;
use crate::platform::environment::Bases;
use crate::platform::user_dir::UserDir;
use crate::storage::history::History;
use crate::storage::history::Limits;
use crate::storage::state_file::{PlainFiles, TwoSlots};
use crate::storage::state_store::StateStore;
use crate::tasks::login::Logins;
use crate::tasks::start;
use crate::tasks::start::Loaded;
use holdoff_core::Settings;
use holdoff_core::providers::Provider;
use holdoff_world::{FakeAnthropic, Home, eventually};
use std::collections::BTreeSet;
use std::time::SystemTime;
use tokio::sync::watch;

/// The least pause of law 12.
const PAUSE: Duration = Duration::from_secs(5);
const NIGHT: Duration = Duration::from_secs(8 * 3600);
/// Slow enough for a busy machine to send at once what is sent at once.
const SPEED: f64 = 4.0;

/// Law 12: a lid is closed between the permit and its request.
#[tokio::test]
async fn request_delayed_by_suspend_waits_as_after_any_resume() {
    let fake = FakeAnthropic::start_with(holdoff_world::ClockSpec::from_now(SPEED)).await;
    let home = Home::new();
    home.sign_in(fake.clock().now() + 10 * NIGHT);
    let clock = Clock::with(fake.clock().to_env().parse::<ClockSpec>().unwrap());
    let data = tempfile::tempdir().unwrap();
    let mut runner = runner(&fake, &home, &clock, data.path()).await;
    assert!(runner.has_lock().await);
    runner.act().await;
    assert!(runner.under_way.is_some(), "it is about to be asked for");

    clock.sleep_through(NIGHT);
    let woke = SystemTime::now();
    let (_orders, obeyed) = mpsc::unbounded_channel();
    let running = tokio::spawn(runner.run(obeyed));
    let asked = async || fake.usage_requests().first().map(|request| request.at_real);
    let at = eventually(Duration::from_secs(20), "it is asked after all", asked).await;
    let waited = at.duration_since(woke).unwrap().mul_f64(SPEED);
    assert!(waited >= PAUSE, "it was asked {waited:?} after waking");
    running.abort();
}

async fn runner(fake: &FakeAnthropic, home: &Home, clock: &Clock, dir: &std::path::Path) -> Runner {
    let bases = Bases::new(Provider::Anthropic, fake.api_base().parse().unwrap(), fake.token_base().parse().unwrap());
    let Loaded { restored, history } = start::load(dir, &clock.boot_id(), clock.now());
    let slots = TwoSlots::new(dir.to_owned(), PlainFiles, restored.generation);
    let tools = RunnerContext {
        clock: clock.clone(),
        http: Arc::new(Http::new(&bases, clock.stopwatch())),
        network: Default::default(),
        state_store: StateStore::start(restored.state, slots, clock.clone()).0,
        history: History::start(dir.to_owned(), history, Limits::from(&Settings::default()), clock.clone()),
        requests: Requests::default(),
        user: UserDir::new(dir.join("user"), dir.to_owned(), dir.to_owned()),
        announcements: mpsc::channel(16).0,
        logins: Logins::default(),
        recovery: restored.recovery,
        elsewhere: watch::channel(BTreeSet::new()).0,
        zone: || TimeZone::UTC,
    };
    let source = CredentialSource::Owned(CredentialStore::from_env(home.path(), None));
    let id = AccountId("anthropic:0b0c7f5e-0000-4000-8000-000000000001".into());
    Runner::new(tools, source, id, Earlier::default(), Preferences::from(&Settings::default())).await
}
