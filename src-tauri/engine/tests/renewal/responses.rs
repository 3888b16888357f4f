//! A complete renewal, and the possible responses of the token endpoint.

use crate::scene::{HOUR, LONG, Scene};
use holdoff_core::Endpoint;
use holdoff_core::gate::{GateState, Pause};
use holdoff_core::notification::NoticeKind;
use holdoff_engine::tasks::supervisor::Command;
use holdoff_world::{Answer, Mishap, eventually};
use std::time::{Duration, Instant};

const READ: fn(&holdoff_core::AccountState) -> bool = |state| state.reading.is_some();

#[tokio::test]
async fn renewal_writes_the_new_pair_and_polls_with_it() {
    let scene = Scene::due().await;
    let old = scene.pair();
    let mut holdoff = scene.holdoff().await;
    holdoff.until("a reading", READ).await;
    let new = scene.working_pair();
    assert_ne!(new, old);
    let asked: Vec<_> = scene.fake.usage_requests().iter().filter_map(|r| r.bearer().map(str::to_owned)).collect();
    assert_eq!(asked, [new.access]);
    let sent = &scene.fake.token_requests()[0];
    assert_eq!(sent.json()["refresh_token"], old.refresh);
    assert_eq!((sent.authorization.as_ref(), holdoff.told.len()), (None, 0));
    holdoff.end().await;
    scene.assert_tidy();
}

/// Holdoff's own writes trigger its own watch.
#[tokio::test]
async fn renewal_write_does_not_trigger_its_own_watch() {
    let scene = Scene::due().await;
    let mut holdoff = scene.holdoff().await;
    holdoff.until("a reading", READ).await;
    holdoff.live(Duration::from_millis(300)).await;
    holdoff.engine.snapshots.mark_unchanged();
    let written = std::fs::metadata(scene.home.credentials_path()).unwrap().modified().unwrap();
    holdoff.live(Duration::from_millis(700)).await;
    assert!(!holdoff.engine.snapshots.has_changed().unwrap());
    assert_eq!(std::fs::metadata(scene.home.credentials_path()).unwrap().modified().unwrap(), written);
    assert_eq!((scene.fake.token_requests().len(), scene.fake.usage_requests().len()), (1, 1));
}

#[tokio::test]
async fn renewal_with_an_unrotated_refresh_token_keeps_it() {
    let scene = Scene::due().await;
    scene.grants.mishaps(|_| (Mishap::Unrotated, Duration::ZERO));
    let old = scene.pair();
    let mut holdoff = scene.holdoff().await;
    holdoff.until("a reading", READ).await;
    let new = scene.working_pair();
    assert!(new.refresh == old.refresh && new.access != old.access);
}

/// Another program was first: its pair is on disk by the time ours is refused.
#[tokio::test]
async fn renewal_refused_after_a_lost_race_uses_the_pair_on_disk() {
    for refusal in
        [Answer::invalid_grant(), Answer::json(404, &serde_json::json!({"error": {"type": "not_found_error"}}))]
    {
        let mut scene = Scene::due().await;
        let grants = scene.grants.clone();
        scene.sign_in(Duration::from_secs(60));
        let path = scene.home.credentials_path();
        let before = scene.pair();
        scene.fake.token_always(Answer::decide(move |_| {
            let text = std::fs::read_to_string(&path).unwrap();
            let other = grants.sign_in(8 * HOUR);
            let ends = text.split("\"expiresAt\":").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
            let text = text
                .replace(&before.access, &other.access_token)
                .replace(&before.refresh, other.refresh_token.as_deref().unwrap())
                .replace(&ends, &other.expires_at_ms.unwrap().to_string());
            std::fs::write(&path, text).unwrap();
            refusal.clone()
        }));
        let mut holdoff = scene.holdoff().await;
        holdoff.until("a reading", READ).await;
        assert_eq!((scene.fake.token_requests().len(), holdoff.told.len()), (1, 0));
        assert_eq!(holdoff.state().unwrap().gates[Endpoint::Token].state, GateState::Open);
        holdoff.end().await;
        scene.assert_tidy();
    }
}

#[tokio::test]
async fn renewal_refused_is_one_pause_and_one_notice_until_a_new_sign_in() {
    let mut scene = Scene::new(1.0, Duration::from_secs(2), 8 * HOUR).await;
    scene.fake.token_then(Answer::invalid_grant());
    let mut holdoff = scene.holdoff().await;
    holdoff
        .until("paused", |state| {
            matches!(state.gates[Endpoint::Token].state, GateState::Paused { cause: Pause::RefreshRefused, .. })
        })
        .await;
    holdoff.until_told(NoticeKind::SignInStopped).await;
    holdoff.live(Duration::from_millis(300)).await;
    assert_eq!((scene.fake.token_requests().len(), &holdoff.told[..]), (1, &[NoticeKind::SignInStopped][..]));
    scene.sign_in(Duration::from_secs(8 * 3600));
    holdoff.until("open again", |state| matches!(state.gates[Endpoint::Token].state, GateState::Open)).await;
    scene.working_pair();
}

/// If it is unknown whether the token was spent, the wait is at least ten minutes and there is no notification.
#[tokio::test]
async fn renewal_ambiguous_is_not_retried_for_ten_minutes() {
    let mishaps = [Mishap::Lost, Mishap::TroubleAfter(503), Mishap::TroubleAfter(500), Mishap::TroubleBefore(502)];
    for mishap in mishaps {
        let scene = Scene::due().await;
        scene.grants.mishaps(move |_| (mishap, Duration::ZERO));
        let old = scene.pair();
        let mut holdoff = scene.holdoff().await;
        let cooling = |state: &holdoff_core::AccountState| match &state.gates[Endpoint::Token].state {
            GateState::CoolingDown { since, until, .. } => until.since(*since) >= Duration::from_secs(600),
            _ => false,
        };
        holdoff.until("cooling down", cooling).await;
        holdoff.live(Duration::from_millis(200)).await;
        assert_eq!((scene.fake.token_requests().len(), holdoff.told.len()), (1, 0), "{mishap:?}");
        assert_eq!(scene.pair(), old, "{mishap:?}");
        holdoff.end().await;
        scene.assert_tidy();
    }
}

/// From a new sign-in on disk to a fresh reading, in real time.
#[tokio::test]
async fn new_sign_in_is_polled_within_three_seconds() {
    let mut scene = Scene::new(1.0, Duration::ZERO, 8 * HOUR).await;
    scene.fake.token_always(Answer::rate_limited(Some("86400")));
    let mut holdoff = scene.holdoff().await;
    holdoff.until("expired", |state| matches!(state.gates[Endpoint::Token].state, GateState::CoolingDown { .. })).await;
    assert!(holdoff.state().unwrap().reading.is_none());
    scene.sign_in_by_name(8 * HOUR);
    let began = Instant::now();
    holdoff.until("a reading", READ).await;
    let took = began.elapsed();
    println!("from a new sign-in on disk to its reading: {took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// While a lock is held by another program, and while the token endpoint does not respond.
#[tokio::test]
async fn renewal_under_way_does_not_block_commands() {
    let scene = Scene::due().await;
    scene.grants.mishaps(|_| (Mishap::None, Duration::from_secs(6)));
    let [inner, _] = scene.lock_folders();
    std::fs::create_dir(&inner).unwrap();
    let mut holdoff = scene.holdoff().await;
    let asked = async |within: Duration| {
        let (answer, answered) = tokio::sync::oneshot::channel();
        holdoff.engine.commands().send(Command::Refresh { account: None, answer }).await.unwrap();
        assert!(tokio::time::timeout(within, answered).await.is_ok());
    };
    for _ in 0..5 {
        asked(Duration::from_secs(3)).await;
    }
    std::fs::remove_dir(&inner).unwrap();
    scene.fake.wait_for_token(1, LONG).await;
    asked(Duration::from_secs(3)).await;
    assert!(scene.fake.usage_requests().is_empty(), "the answer is still to come");
    holdoff.until("a reading", READ).await;
}

/// The program waits for the response before it ends: the response cannot be requested again.
#[tokio::test]
async fn shutdown_waits_for_a_renewal_under_way() {
    let scene = Scene::due().await;
    scene.grants.mishaps(|_| (Mishap::None, Duration::from_secs(4)));
    let old = scene.pair();
    let holdoff = scene.holdoff().await;
    scene.fake.wait_for_token(1, LONG).await;
    holdoff.end().await;
    assert_ne!(scene.working_pair(), old);
    scene.assert_tidy();
    let mut holdoff = scene.holdoff().await;
    holdoff.until("a reading", READ).await;
    assert_eq!((scene.fake.token_requests().len(), holdoff.told.len()), (1, 0));
}

#[tokio::test]
async fn shutdown_while_waiting_for_a_lock_takes_none() {
    let scene = Scene::due().await;
    let [_, beside] = scene.lock_folders();
    std::fs::create_dir(&beside).unwrap();
    let began = Instant::now();
    let holdoff = scene.holdoff().await;
    eventually(LONG, "it waits for the lock", async || {
        std::fs::read_dir(scene.home.xdg_data_home().join("dev.holdoff.tray.user/locks"))
            .ok()?
            .find(|name| name.as_ref().unwrap().file_name().to_string_lossy().starts_with("renewal-"))
    })
    .await
    .unwrap();
    holdoff.end().await;
    assert!(began.elapsed() < Duration::from_secs(10));
    std::fs::remove_dir(&beside).unwrap();
    scene.assert_tidy();
    assert!(scene.fake.token_requests().is_empty());
}
