//! The data folder: full, read-only, deleted, or with other things in place of its files.

use super::{Watched, scene};
use crate::scene::{SOON, gate, minutes};
use holdoff_world::{Answer, Apart, Browser, eventually, sandbox};
use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A reading with so many windows that it needs more disk space than the previous state.
fn large() -> Answer {
    let window = json!({"utilization": 1.0, "resets_at": null, "limit_dollars": null});
    let mut body: serde_json::Map<_, _> = (0..60).map(|n| (format!("window_{n}"), window.clone())).collect();
    body.insert("seven_day".to_owned(), json!({"utilization": 33.0, "resets_at": null}));
    Answer::usage(body.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_full_at_first_start_is_reported_and_no_request_sent() {
    let scene = scene(30.0).await;
    let apart = Apart::new().await;
    let folder = scene.home.data_dir();
    apart.mount_small(&folder, 256).await;
    let filler = sandbox::fill(&apart.seen(&folder));
    let launch = scene.launch.clone().within(&apart);
    let app = launch.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("cannot save its state (No space left on device")).await;
    tray.activate(1000, 10).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("State cannot be saved") && text.contains("Free some space")).await;
    let refused = launch.cli(&["refresh"]).await;
    assert_eq!(refused.code(), 75);
    assert!(refused.stderr.contains("No space left on device"), "{}", refused.stderr);
    let watched = Watched::new(&app);
    scene.pass(minutes(10)).await;
    watched.was_idle(&app, "with a full disk");
    assert!(scene.fake.requests().is_empty());

    fs::remove_file(filler).unwrap();
    scene.fake.wait_for_usage(1, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    let text = panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    assert!(!text.contains("State cannot be saved"), "{text}");
}

/// A response arrives when the disk is full. It stays in memory, no further request is sent, and it is saved once
/// there is space. A crash before that leaves the intent of the request, which closes the gate.
#[tokio::test(flavor = "multi_thread")]
async fn disk_full_when_response_arrives_keeps_it_and_stops_requests() {
    let scene = scene(30.0).await;
    let apart = Apart::new().await;
    let folder = scene.home.data_dir();
    apart.mount_small(&folder, 512).await;
    let launch = scene.launch.clone().within(&apart);
    let app = launch.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    scene.fake.always(large());
    let filler = sandbox::fill(&apart.seen(&folder));
    scene.fake.wait_for_usage(2, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("33 %") && tooltip.contains("cannot save its state")).await;
    scene.pass(minutes(12)).await;
    assert_eq!(scene.fake.usage_requests().len(), 2, "nothing is asked while the last answer is not on disk");

    fs::remove_file(&filler).unwrap();
    scene.fake.wait_for_usage(3, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| !tooltip.contains("cannot save")).await;
    let account = launch.status().await["accounts"][0].clone();
    assert!(account["reading"]["windows"].as_array().unwrap().len() >= 40, "{account}");

    // Again, with a crash while it cannot be saved. Vanished windows are believed once two responses agree.
    scene.fake.always(Answer::ok());
    scene.fake.wait_for_usage(5, minutes(1)).await;
    scene
        .wait_for_account_in(&launch, "a small state", |account| {
            account["reading"]["windows"].as_array().is_some_and(|windows| windows.len() < 10)
        })
        .await;
    scene.fake.always(large());
    let filler = sandbox::fill(&apart.seen(&folder));
    scene.fake.wait_for_usage(6, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("cannot save its state")).await;
    app.kill9().await;
    let app = launch.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("cannot save its state")).await;
    scene.pass(minutes(10)).await;
    assert_eq!(scene.fake.usage_requests().len(), 6, "nothing is asked while it cannot be saved");
    // The response is also in the user's own folder, which is not on that disk, so it is not lost.
    fs::remove_file(filler).unwrap();
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("33 %") && !tooltip.contains("cannot save")).await;
    assert!(app.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_turned_read_only_is_reported_and_recovers_by_itself() {
    let scene = scene(30.0).await;
    let apart = Apart::new().await;
    let folder = scene.home.data_dir();
    fs::create_dir_all(&folder).unwrap();
    let launch = scene.launch.clone().within(&apart);
    let app = launch.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    apart.make_read_only(&folder).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("cannot save its state (Read-only file system")).await;
    let refused = launch.cli(&["refresh"]).await;
    assert_eq!(refused.code(), 75);
    assert!(refused.stderr.contains("Read-only file system"), "{}", refused.stderr);
    let watched = Watched::new(&app);
    scene.pass(minutes(10)).await;
    watched.was_idle(&app, "with a read-only folder");
    assert_eq!(scene.fake.usage_requests().len(), 1);

    apart.unmount(&folder).await;
    scene.fake.wait_for_usage(2, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %") && !tooltip.contains("cannot save")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_read_only_at_startup_is_reported_and_exits() {
    let scene = scene(1.0).await;
    let apart = Apart::new().await;
    fs::create_dir_all(scene.home.data_dir()).unwrap();
    apart.make_read_only(&scene.home.data_dir()).await;
    let app = scene.launch.clone().within(&apart).start();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(73));
    assert!(app.stderr().contains("Read-only file system"), "{}", app.stderr());
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff cannot start");
    assert!(scene.fake.requests().is_empty());
}

/// Deletes the folder; retries if the app or its web engine has just written something to it.
async fn delete(folder: &Path) {
    eventually(SOON, "the folder is deleted", async || match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => None,
        Ok(()) | Err(_) => Some(()),
    })
    .await;
}

/// A user tidies up and deletes the folder of the running app.
#[tokio::test(flavor = "multi_thread")]
async fn data_dir_deleted_while_running_is_recreated_with_its_state() {
    let scene = scene(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let before = scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    scene.desktop.recorder().wait_for(1, SOON).await;
    for round in 1..=3 {
        delete(&scene.home.data_dir()).await;
        let account = scene.wait_for_account("the state is back", |account| gate(account) == "cooling_down").await;
        assert_eq!(account["gates"], before["gates"], "the cooldown is the same");
        assert_eq!(scene.fake.usage_requests().len(), 1);
        // The command finds the app, and a second copy does not become a second poller.
        scene.wait_until_up().await;
        eventually(SOON, "the folder is its owner's only", async || {
            let mode = fs::metadata(scene.home.data_dir()).ok()?.permissions().mode();
            (mode & 0o777 == 0o700).then_some(())
        })
        .await;
        assert_eq!(scene.launch.cli(&["refresh"]).await.code(), 75);
        if round == 2 {
            let second = scene.launch.clone().argument("--settings").start();
            assert_eq!(second.wait_exit(SOON).await.code(), Some(0));
            Browser::attach(&scene.inspector, SOON).await;
        }
    }
    assert!(app.is_running());
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("rate limiting usage checks")).await;
    app.kill9().await;
    let _again = app.start_again();
    scene.wait_until_up().await;
    let account = scene.launch.status().await["accounts"][0].clone();
    assert_eq!(account["gates"], before["gates"], "a crash afterwards forgets nothing either");
    assert_eq!(scene.fake.usage_requests().len(), 1);
    assert_eq!(scene.desktop.recorder().all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_dir_that_cannot_be_recreated_is_reported_until_it_can() {
    let scene = scene(30.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    let folder = scene.home.data_dir();
    fs::rename(&folder, scene.home.path().join("elsewhere")).unwrap();
    fs::write(&folder, "a file where the folder was").unwrap();
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("cannot save its state")).await;
    let watched = Watched::new(&app);
    scene.pass(minutes(12)).await;
    watched.was_idle(&app, "with a file in the place of the folder");
    assert_eq!(scene.fake.usage_requests().len(), 1);
    tray.wait_for_menu(SOON, |labels| !labels.iter().any(|label| label.contains("Another"))).await;

    fs::remove_file(&folder).unwrap();
    scene.fake.wait_for_usage(2, SOON).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %") && !tooltip.contains("cannot save")).await;
    scene.wait_until_up().await;
    assert!(app.is_running());
}
