//! New tokens that cannot be written: kept, announced once, and never requested again.

use crate::scene::{LONG, Scene};
use holdoff_core::Endpoint;
use holdoff_core::gate::{GateState, Pause};
use holdoff_core::notification::NoticeKind;
use holdoff_world::Answer;
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// From the first token request on, the file cannot be written.
async fn guarded() -> Scene {
    let scene = Scene::due().await;
    let (path, book) = (scene.home.credentials_path(), scene.grants.clone());
    scene.fake.token_always(Answer::decide(move |request| {
        set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        book.answer(request)
    }));
    scene
}

#[tokio::test]
async fn unsaved_tokens_are_kept_reported_once_and_written_when_possible() {
    let scene = guarded().await;
    let before = scene.pair();
    let mut holdoff = scene.holdoff().await;
    scene.fake.wait_for_token(1, LONG).await;
    holdoff.until_told(NoticeKind::RenewalUnsaved).await;
    // Retried after 1 s and 2 s.
    holdoff.live(Duration::from_millis(3500)).await;
    assert_eq!((&holdoff.told[..], scene.pair()), (&[NoticeKind::RenewalUnsaved][..], before));
    set_permissions(scene.home.credentials_path(), Permissions::from_mode(0o600)).unwrap();
    holdoff.until("a reading", |state| state.reading.is_some()).await;
    scene.working_pair();
    assert_eq!((holdoff.told.len(), scene.fake.token_requests().len()), (1, 1));
    holdoff.end().await;
    scene.assert_tidy();
}

#[tokio::test]
async fn unsaved_tokens_lost_at_shutdown_are_one_pause_and_no_loop() {
    let scene = guarded().await;
    let mut holdoff = scene.holdoff().await;
    holdoff.until_told(NoticeKind::RenewalUnsaved).await;
    holdoff.end().await;
    set_permissions(scene.home.credentials_path(), Permissions::from_mode(0o600)).unwrap();
    for first in [true, false] {
        let mut holdoff = scene.holdoff().await;
        let cut_off = |state: &holdoff_core::AccountState| {
            matches!(state.gates[Endpoint::Token].state, GateState::Paused { cause: Pause::RenewalCutOff, .. })
        };
        holdoff.until("paused", cut_off).await;
        if first {
            holdoff.until_told(NoticeKind::SignInStopped).await;
        }
        holdoff.live(Duration::from_millis(300)).await;
        assert_eq!(holdoff.told.len(), usize::from(first));
        holdoff.end().await;
    }
    assert_eq!((scene.fake.token_requests().len(), scene.grants.violations().len()), (1, 0));
    scene.assert_tidy();
}

#[tokio::test]
async fn unsaved_tokens_are_tried_once_more_at_shutdown() {
    let scene = guarded().await;
    let before = scene.pair();
    let mut holdoff = scene.holdoff().await;
    holdoff.until_told(NoticeKind::RenewalUnsaved).await;
    set_permissions(scene.home.credentials_path(), Permissions::from_mode(0o600)).unwrap();
    holdoff.end().await;
    assert_ne!(scene.working_pair(), before);
    scene.assert_tidy();
}
