//! A machine that sleeps, simulated by stopping the program and continuing it later: its timers stand still while the
//! clocks advance.

use super::scene;
use super::server::{Names, failures};
use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::Answer;
use serde_json::json;
use std::time::{Duration, SystemTime};

/// Law 12: the pause after waking, and the tolerance for observing it here.
const WAKE_PAUSE: std::ops::Range<f64> = 5.0..15.0;
/// In real time: for a busy machine.
const LATE: Duration = Duration::from_secs(3);

/// Stops the program and continues it when its clock is `past` beyond the time at which a request was due. Returns
/// when it continued, in real time.
async fn sleep_past(scene: &Scene, app: &holdoff_world::App, due: Duration, past: Duration) -> SystemTime {
    app.freeze();
    scene.pass(due + past).await;
    let woke = SystemTime::now();
    app.thaw();
    woke
}

fn seconds(scene: &Scene, from: SystemTime, to: SystemTime) -> f64 {
    scene.fake.clock().program_length(to.duration_since(from).unwrap()).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn sleep_past_cooldown_end_sends_one_request_after_the_wake_delay() {
    let scene = scene(20.0).await;
    scene.fake.then(Answer::rate_limited(None));
    let app = scene.start();
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    let woke = sleep_past(&scene, &app, minutes(5), minutes(2)).await;
    let requests = scene.fake.wait_for_usage(2, SOON).await;
    let after = seconds(&scene, woke, requests[1].at_real);
    let late = scene.fake.clock().program_length(LATE).as_secs_f64();
    assert!(after >= WAKE_PAUSE.start && after <= WAKE_PAUSE.end + late, "{after}");
    scene.pass(minutes(2)).await;
    assert_eq!(scene.fake.usage_requests().len(), 2, "once");
    let account = scene.launch.status().await["accounts"][0].clone();
    assert_eq!(account["gates"]["usage"]["strikes"], 0);
}

/// The network needs a moment: the first failure does not count, and later ones are counted from one.
#[tokio::test(flavor = "multi_thread")]
async fn dns_failure_right_after_wake_is_not_counted() {
    let scene = scene(20.0).await;
    scene.settings_with(&[("polling_interval_s", json!(180)), ("notify_reset", json!(false))]);
    let names = Names::new(&scene).await;
    names.known(true);
    let app = scene.launch.clone().within(&names.apart).env("HOLDOFF_ANTHROPIC_API", names.base(&scene)).start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    app.freeze();
    names.known(false);
    scene.pass(minutes(3) + minutes(2)).await;
    app.thaw();
    let all =
        holdoff_world::eventually(SOON, "three failures", async || Some(failures(&scene)).filter(|all| all.len() == 3))
            .await;
    for (failure, base) in all.iter().zip([30.0, 30.0, 60.0]) {
        assert!((base..=base * 1.1 + 0.1).contains(&failure.wait), "{all:?}");
    }
    names.known(true);
    scene.fake.wait_for_usage(2, SOON).await;
    assert!(scene.desktop.recorder().all().is_empty());
}
