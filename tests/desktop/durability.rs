//! Saved state survives damage to its files.

use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::{Answer, Damage, Slot, Target, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn state_file_damage_never_opens_a_gate_early() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let mut app = scene.start();
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    scene.desktop.recorder().wait_for(1, SOON).await;
    // A kill in the middle of a save would tear a file by itself.
    let told = |slot| Some(scene.home.read_slot(slot)?.to_string().contains(r#""told":"shown""#));
    let saved = async || (told(Slot::A)? && told(Slot::B)?).then_some(());
    eventually(SOON, "both files know that it was said", saved).await;
    for target in [Target::Newest, Target::Oldest, Target::Both] {
        for damage in Damage::ALL {
            app.kill9().await;
            scene.home.damage(target, damage);
            let before = scene.home.unreadable_files().len();
            app = app.start_again();
            scene.wait_until_up().await;
            scene.wait_for_account("the gate is shut", |account| gate(account) == "cooling_down").await;
            let kept = scene.home.unreadable_files().len() - before;
            let expect = match (target, damage) {
                (_, Damage::Missing) => 0,
                (Target::Both, _) => 2,
                (Target::Newest | Target::Oldest, _) => 1,
            };
            assert_eq!(kept, expect, "unreadable files are kept aside: {target:?} {damage:?}");
            assert_eq!(scene.fake.usage_requests().len(), 1, "{target:?} {damage:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_survives_kills() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::missing_scope("user:profile"));
    let mut app = scene.start();
    scene.wait_for_account("a pause", |account| gate(account) == "paused").await;
    scene.desktop.recorder().wait_for(1, SOON).await;
    for _ in 0..3 {
        app.kill9().await;
        app = app.start_again();
        scene.wait_until_up().await;
        assert_eq!(gate(&scene.launch.status().await["accounts"][0]), "paused");
    }
    assert_eq!(scene.fake.usage_requests().len(), 1);
    assert_eq!(scene.desktop.recorder().all().len(), 1);
}

/// A file that cannot be written, as on a full disk: without a record, no request.
#[tokio::test(flavor = "multi_thread")]
async fn state_save_failure_is_reported_and_stops_requests() {
    let scene = Scene::new(30.0).await;
    scene.home.remove_credentials();
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("no sign-in", |account| account["sign_in"]["state"] == "absent").await;
    for slot in Slot::BOTH {
        // A save may happen in between.
        while std::fs::create_dir(scene.home.slot_path(slot)).is_err() {
            let _gone_already = std::fs::remove_file(scene.home.slot_path(slot));
        }
    }
    scene.sign_in_again();
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("cannot save its state")).await;
    let refused = scene.launch.cli(&["refresh"]).await;
    assert_eq!(refused.code(), 75);
    assert!(refused.stderr.contains("cannot save its state"), "{}", refused.stderr);
    scene.pass(minutes(10)).await;
    assert!(scene.fake.requests().is_empty());
    for slot in Slot::BOTH {
        std::fs::remove_dir(scene.home.slot_path(slot)).unwrap();
    }
    scene.fake.wait_for_usage(1, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
}

/// The content of a lost response is unknown: it may have asked to wait.
#[tokio::test(flavor = "multi_thread")]
async fn kill_during_a_request_starts_a_cooldown() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::hang());
    let app = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    app.kill9().await;
    scene.fake.always(Answer::ok());
    let _app = app.start_again();
    let account = scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    assert_eq!(account["gates"]["usage"]["cause"], "unanswered_request");
    assert_eq!(scene.launch.cli(&["refresh"]).await.code(), 75);
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

/// The ledger has the outcome of every request, and the reason for each one withheld.
#[tokio::test(flavor = "multi_thread")]
async fn ledger_records_every_request_sent_and_withheld() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let _app = scene.start();
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    assert_eq!(scene.launch.cli(&["refresh"]).await.code(), 75);
    let lines =
        holdoff_world::eventually(SOON, "three lines", async || Some(scene.ledger()).filter(|lines| lines.len() == 3))
            .await;
    assert_eq!(lines[0]["event"]["sent"]["why"], "poll");
    assert_eq!(lines[1]["event"]["came"]["outcome"], "rate_limited");
    assert_eq!(lines[2]["event"]["withheld"]["because"], "cooling_down");
    assert!(lines.iter().all(|line| line["next_at"].is_i64() && line["account"].is_string()), "{lines:?}");
}
