//! Implausible responses do not change what is shown and announced.

use crate::scene::{SOON, Scene};
use holdoff_world::Answer;
use serde_json::json;

/// A window that drops to zero and returns: no reset, no second threshold notification.
#[tokio::test(flavor = "multi_thread")]
async fn reading_briefly_at_zero_is_ignored_and_not_notified() {
    let scene = Scene::new(300.0).await;
    let flap = json!({
        "five_hour": {"utilization": 0.0, "resets_at": null},
        "seven_day": {"utilization": 0.0, "resets_at": null},
    });
    for _ in 0..4 {
        scene.fake.then(Answer::ok_at(86.0, 26.0, 10));
        scene.fake.then(Answer::usage(flap.clone()));
    }
    scene.fake.always(Answer::ok_at(86.0, 26.0, 10));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_outcomes(9).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 86 %")).await;
    // Eight changes could cause eight threshold or reset notifications.
    let said = scene.desktop.recorder().all();
    assert!(said.len() <= 1 && said.iter().all(|one| one.body.contains("86 %")), "{said:?}");
    let status = scene.launch.cli(&["status"]).await.stdout;
    assert!(status.contains("5-hour 86 %") && status.contains("weekly 26 %"), "{status}");
}

/// An invalid field affects only that field, and only its new value is ignored.
#[tokio::test(flavor = "multi_thread")]
async fn reading_with_an_invalid_field_keeps_its_last_value() {
    let scene = Scene::new(300.0).await;
    scene.fake.then(Answer::ok_at(42.0, 26.0, 10));
    scene.fake.then(Answer::nan());
    scene.fake.then(Answer::beyond_numbers());
    scene.fake.always(Answer::usage(json!({
        "five_hour": {"utilization": 1_779_124_800, "resets_at": "2199-01-01T00:00:00Z"},
        "seven_day": {"utilization": -5, "resets_at": null},
    })));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let outcomes = scene.wait_for_outcomes(5).await;
    assert!(outcomes.iter().all(|outcome| outcome == "reading"), "{outcomes:?}");
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 42 %")).await;
    let status = scene.launch.cli(&["status"]).await.stdout;
    assert!(status.contains("5-hour 42 %") && !status.contains("2199") && !status.contains("1779124800"), "{status}");
    assert_eq!(scene.desktop.recorder().all().len(), 0);
    assert!(app.is_running());
}
