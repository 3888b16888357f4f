//! One user, two data folders: a terminal in a snap sets its own `XDG_DATA_HOME`, so starting Holdoff there starts
//! another copy.

use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::fake::gaps;
use holdoff_world::{Answer, Browser, Launch, eventually};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// How the same user starts it in such a terminal.
fn in_a_snap(scene: &Scene) -> Launch {
    let folder = scene.home.path().join("snap/editor/current/.local");
    let under = |name: &str| folder.join(name).display().to_string();
    scene.launch.clone().env("XDG_DATA_HOME", under("share")).env("XDG_STATE_HOME", under("state"))
}

#[tokio::test(flavor = "multi_thread")]
async fn second_data_dir_stays_idle_and_takes_over_with_the_cooldown() {
    let scene = Scene::new(60.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let first = scene.start();
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    let snap = in_a_snap(&scene);
    let second = snap.start();
    let tray = scene.tray(&second).await;
    let wished = eventually(SOON, "it says who asks", async || {
        let wished = snap.cli(&["refresh"]).await;
        wished.stderr.contains("Another copy of Holdoff is running").then_some(wished)
    });
    assert_eq!(wished.await.code(), 75);
    let polls = |text: &str| text.contains("Another copy of Holdoff is running, so this one sends no requests");
    tray.wait_for_tooltip(SOON, polls).await;
    tray.activate(0, 0).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("Another copy of Holdoff is running")).await;
    panel.wait_for_text(SOON, |text| text.contains("Another copy checks ann@example.com, so this one does not.")).await;
    drop(panel);
    let status = snap.cli(&["status"]).await.stdout;
    assert!(status.contains("There is another data folder of Holdoff"), "{status}");
    let (here, there) = (snap.cli(&["doctor"]).await, scene.launch.cli(&["doctor"]).await);
    let other = "There is another data folder of Holdoff, ~/";
    assert!(here.stdout.contains(&format!("{other}.local/share/dev.holdoff.tray:")), "{}", here.stdout);
    assert!(there.stdout.contains(&format!("{other}snap/editor/current/.local/share/dev.holdoff.tray:")), "{there:?}");
    assert_eq!(scene.fake.usage_requests().len(), 1, "the second one asked beside the first");

    first.kill9().await;
    let taken_over = |account: &serde_json::Value| gate(account) == "cooling_down";
    eventually(2 * SOON, "it takes over, with the cooldown of the first", async || {
        taken_over(&snap.status().await["accounts"][0]).then_some(())
    })
    .await;
    let wished = snap.cli(&["refresh"]).await;
    assert!(wished.code() == 75 && wished.stderr.contains("rate limiting usage checks"), "{wished:?}");
    let asked = scene.fake.wait_for_usage(2, scene.real(HOUR) + SOON).await;
    let gap = gaps(&asked, scene.fake.clock())[0];
    assert!(gap >= HOUR && gap < HOUR + minutes(20), "{gap:?} after a refusal for an hour");
    assert!(second.is_running());
}
