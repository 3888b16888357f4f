//! A disk that is slower than the request timeout: a response that arrives meanwhile is not lost.

use crate::scene::{LONG, Scene};
use holdoff_core::account::Preferences;
use holdoff_core::providers::Provider;
use holdoff_core::providers::anthropic::status_line;
use holdoff_core::{AccountId, PassiveReading, Settings};
use holdoff_engine::claude_code::CredentialStore;
use holdoff_engine::credentials::CredentialSource;
use holdoff_engine::http::Http;
use holdoff_engine::metrics::Requests;
use holdoff_engine::platform::clock::Clock;
use holdoff_engine::platform::environment::Bases;
use holdoff_engine::platform::user_dir::UserDir;
use holdoff_engine::storage::history::{History, Limits};
use holdoff_engine::storage::state_file::{PlainFiles, SlotWriter, TwoSlots};
use holdoff_engine::storage::state_store::StateStore;
use holdoff_engine::tasks::runner::{Earlier, Runner, RunnerCommand, RunnerContext};
use holdoff_engine::tasks::start;
use holdoff_engine::tasks::start::Loaded;
use holdoff_world::{Mishap, eventually};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, watch};

/// The request timeout in this test.
const TIMEOUT: Duration = Duration::from_secs(6);

/// Writes block while the lock is held.
#[derive(Clone, Default)]
struct Disk {
    held: Arc<Mutex<()>>,
    waiting: Arc<watch::Sender<bool>>,
}

impl SlotWriter for Disk {
    fn write(&mut self, path: &Path, object: Map<String, Value>) -> Result<(), String> {
        self.waiting.send_replace(self.held.try_lock().is_err());
        drop(self.held.blocking_lock());
        PlainFiles.write(path, object)
    }
}

#[tokio::test]
async fn renewal_response_during_a_slow_save_is_kept() {
    let scene = Scene::due().await;
    let before = scene.pair();
    scene.grants.mishaps(|_| (Mishap::None, TIMEOUT / 2));
    let disk = Disk::default();
    let (orders, obeyed) = mpsc::unbounded_channel();
    let running = tokio::spawn(runner(&scene, disk.clone()).await.run(obeyed));
    scene.fake.wait_for_token(1, LONG).await;

    let held = disk.held.lock().await;
    let told =
        json!({"rate_limits": {"five_hour": {"used_percentage": 42.0, "resets_at": 4_000_000_000_u64}}}).to_string();
    let reading = status_line::read(told.as_bytes()).unwrap();
    let reading = reading.reading(Clock::real().now().wall).unwrap();
    let account = AccountId("anthropic:ann".to_owned());
    orders.send(RunnerCommand::Reading(PassiveReading { account, reading })).unwrap();
    let waiting = disk.waiting.subscribe().wait_for(|waiting| *waiting).await.map(|waiting| *waiting);
    assert!(waiting.unwrap(), "it is to be saved while the request is under way");
    // The request began earlier.
    tokio::time::sleep(TIMEOUT + Duration::from_secs(1)).await;
    drop(held);

    let renewed = async || (scene.pair() != before).then_some(());
    eventually(LONG, "the new tokens are where they belong", renewed).await;
    scene.working_pair();
    assert_eq!((scene.fake.token_requests().len(), scene.grants.violations().len()), (1, 0));
    orders.send(RunnerCommand::Finish).unwrap();
    running.await.unwrap();
}

async fn runner(scene: &Scene, disk: Disk) -> Runner {
    let data_dir = scene.home.data_dir();
    std::fs::create_dir_all(&data_dir).unwrap();
    let clock = Clock::real();
    let bases = Bases::new(
        Provider::Anthropic,
        scene.fake.api_base().parse().unwrap(),
        scene.fake.token_base().parse().unwrap(),
    );
    let Loaded { restored, history } = start::load(&data_dir, &clock.boot_id(), clock.now());
    let slots = TwoSlots::new(data_dir.clone(), disk, restored.generation);
    let settings = Settings { renewal: true, ..Settings::default() };
    let tools = RunnerContext {
        clock: clock.clone(),
        http: Arc::new(Http::with_timeout(&bases, TIMEOUT, clock.stopwatch())),
        network: Default::default(),
        state_store: StateStore::start(restored.state, slots, clock.clone()).0,
        history: History::start(data_dir.clone(), history, Limits::from(&settings), clock),
        requests: Requests::default(),
        user: UserDir::new(data_dir.join("user"), data_dir.clone(), data_dir.clone()),
        announcements: mpsc::channel(16).0,
        logins: holdoff_engine::tasks::login::Logins::default(),
        recovery: restored.recovery,
        elsewhere: watch::channel(BTreeSet::new()).0,
        zone: || TimeZone::UTC,
    };
    let source = CredentialSource::Owned(CredentialStore::from_env(scene.home.path(), None));
    let id = AccountId("anthropic:0b0c7f5e-0000-4000-8000-000000000001".into());
    Runner::new(tools, source, id, Earlier::default(), Preferences::from(&settings)).await
}
