//! Token responses other than a complete pair: each is distinguished, and the token is spent once.

use crate::scene::{HOUR, Holdoff, LONG, Scene};
use holdoff_core::AccountState;
use holdoff_core::Endpoint;
use holdoff_core::gate::{GateState, Pause};
use holdoff_core::notification::NoticeKind;
use holdoff_world::{Answer, Credential};
use serde_json::{Value, json};
use std::time::Duration;

/// A sign-in that is due, a valid new pair, and Holdoff, which gets `body` as the response.
async fn answered(body: impl FnOnce(&Credential) -> Value) -> (Scene, Credential, Holdoff) {
    let scene = Scene::due().await;
    let new = scene.grants.sign_in(8 * HOUR);
    scene.fake.token_always(Answer::json(200, &body(&new)));
    let holdoff = scene.holdoff().await;
    scene.fake.wait_for_token(1, LONG).await;
    (scene, new, holdoff)
}

fn stored(scene: &Scene) -> Value {
    // Checks that the file is complete and otherwise unchanged.
    scene.pair();
    serde_json::from_str::<Value>(&scene.text()).unwrap()["claudeAiOauth"].clone()
}

async fn live_on(scene: &Scene, holdoff: &mut Holdoff) {
    holdoff.live(Duration::from_millis(300)).await;
    assert_eq!(scene.fake.token_requests().len(), 1, "the token is spent once");
}

const READ: fn(&AccountState) -> bool = |state| state.reading.is_some();

#[tokio::test]
async fn token_response_nulls_and_unknown_fields_are_ignored() {
    let (scene, new, mut holdoff) = answered(|new| {
        json!({"access_token": new.access_token, "refresh_token": new.refresh_token, "expires_in": 28800,
            "token_type": null, "scope": null, "refresh_token_expires_in": null, "organization": null, "account": null,
            "id_token": "another-secret", "limits": [{"kind": "session"}], "": {"": []}})
    })
    .await;
    holdoff.until("a reading", READ).await;
    live_on(&scene, &mut holdoff).await;
    assert_eq!(stored(&scene)["refreshToken"], new.refresh_token.unwrap());
    assert!(!scene.text().contains("another-secret"), "what was not there before is not put there");
    holdoff.end().await;
    scene.assert_tidy();
}

/// A token without an expiry is used until it is refused, and never renewed on suspicion.
#[tokio::test]
async fn token_response_without_an_expiry_is_used_until_refused() {
    for ends in [Value::Null, json!(0), json!(-1), json!("soon"), json!(1e300)] {
        let (scene, new, mut holdoff) = answered(
            |new| json!({"access_token": new.access_token, "refresh_token": new.refresh_token, "expires_in": ends}),
        )
        .await;
        holdoff.until("a reading", READ).await;
        live_on(&scene, &mut holdoff).await;
        assert_eq!(
            (&stored(&scene)["accessToken"], &stored(&scene)["expiresAt"]),
            (&json!(new.access_token), &Value::Null)
        );
    }
}

/// The old one is kept, although it may be spent: only Anthropic knows.
#[tokio::test]
async fn token_response_without_a_refresh_token_keeps_the_old_one() {
    for none in [json!(null), json!(""), json!(7)] {
        let old = std::cell::OnceCell::new();
        let (scene, new, mut holdoff) =
            answered(|new| json!({"access_token": new.access_token, "refresh_token": none, "expires_in": 28800})).await;
        old.get_or_init(|| scene.fake.token_requests()[0].json()["refresh_token"].clone());
        holdoff.until("a reading", READ).await;
        live_on(&scene, &mut holdoff).await;
        let stored = stored(&scene);
        assert_eq!(
            (stored["accessToken"].as_str(), Some(&stored["refreshToken"])),
            (Some(&*new.access_token), old.get())
        );
    }
}

/// The token was probably spent for nothing: one pause, announced once, and the file is unchanged.
#[tokio::test]
async fn token_response_without_an_access_token_is_one_pause() {
    for none in [json!(null), json!(""), json!(7), json!("two words")] {
        let (scene, _, mut holdoff) =
            answered(|new| json!({"access_token": none, "refresh_token": new.refresh_token, "expires_in": 28800}))
                .await;
        let wasted = |state: &AccountState| {
            matches!(state.gates[Endpoint::Token].state, GateState::Paused { cause: Pause::RenewalWasted, .. })
        };
        holdoff.until("paused", wasted).await;
        holdoff.until_told(NoticeKind::SignInStopped).await;
        live_on(&scene, &mut holdoff).await;
        assert_eq!(holdoff.told, [NoticeKind::SignInStopped]);
        assert_eq!(stored(&scene)["refreshToken"], scene.fake.token_requests()[0].json()["refresh_token"]);
        holdoff.end().await;
        scene.assert_tidy();
    }
}

/// It is stored, because no other copy exists; its readings are not shown as this account's.
#[tokio::test]
async fn token_response_for_another_account_is_written_and_not_used() {
    let (scene, new, mut holdoff) = answered(|new| {
        json!({"access_token": new.access_token, "refresh_token": new.refresh_token, "expires_in": 28800,
            "account": {"uuid": "0b0c7f5e-0000-4000-8000-00000000000b", "email_address": "bob@example.com"}})
    })
    .await;
    let other = |state: &AccountState| {
        matches!(state.gates[Endpoint::Usage].state, GateState::Paused { cause: Pause::OtherAccount, .. })
    };
    holdoff.until("paused", other).await;
    holdoff.until_told(NoticeKind::SignInStopped).await;
    live_on(&scene, &mut holdoff).await;
    assert_eq!(holdoff.told, [NoticeKind::SignInStopped]);
    assert_eq!(stored(&scene)["refreshToken"], new.refresh_token.unwrap());
    assert!(scene.fake.usage_requests().is_empty());
    holdoff.end().await;
    let mut holdoff = scene.holdoff().await;
    holdoff.live(Duration::from_millis(500)).await;
    assert!(scene.fake.usage_requests().is_empty() && holdoff.told.is_empty(), "nor after a restart");
}
