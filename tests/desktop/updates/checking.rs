//! When updates are checked, and how the response is announced.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::fake::gaps;
use holdoff_world::{Answer, App, Browser, FakeReleases, Launch, eventually};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// A day takes twelve seconds.
const SPEED: f64 = 7200.0;

/// A user with free readings only, so that nothing else happens during a day.
async fn scene(updates: Option<bool>) -> (Scene, FakeReleases, Launch) {
    let scene = Scene::new(SPEED).await;
    choose(&scene, updates);
    let releases = FakeReleases::start();
    let launch = scene.launch.clone().updated_from(&releases);
    (scene, releases, launch)
}

fn choose(scene: &Scene, updates: Option<bool>) {
    let mut settings = vec![("readings", json!("free_only"))];
    settings.extend(updates.map(|on| ("updates", json!(on))));
    scene.settings_with(&settings);
}

impl Scene {
    /// The ledger's entries about releases.
    fn releases(&self) -> Vec<Value> {
        self.ledger().into_iter().filter(|line| line["endpoint"] == "releases").collect()
    }

    async fn wait_for_doctor(&self, launch: &Launch, says: &str) -> String {
        eventually(SOON, format!("the doctor says {says:?}"), async || {
            let said = launch.cli(&["doctor"]).await.stdout;
            said.contains(says).then_some(said)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn update_check_needs_consent_which_is_asked_for_once() {
    let (scene, releases, launch) = scene(None).await;
    releases.publish("0.1.0", &[]);
    let app = launch.clone().argument("--panel").start();
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("check for updates once a day")).await;
    scene.pass(DAY).await;
    assert_eq!(releases.connections(), 0, "nobody has answered yet");
    panel.press("Do not check").await;
    let gone = async || (!panel.text().await.contains("check for updates")).then_some(());
    eventually(SOON, "the question is gone", gone).await;
    assert_eq!(scene.home.read_settings().unwrap()["updates"], false);
    drop(panel);
    app.kill9().await;
    let app = app.start_again();
    let panel = Browser::attach(&scene.inspector, SOON).await;
    scene.pass(DAY).await;
    assert!(!panel.text().await.contains("check for updates"), "it is not asked again");
    assert_eq!((releases.connections(), scene.releases().len()), (0, 0));
    drop((panel, app));
}

#[tokio::test(flavor = "multi_thread")]
async fn update_check_is_daily_across_restarts_and_recorded_in_the_ledger() {
    let (scene, releases, launch) = scene(Some(true)).await;
    releases.publish("0.1.0", &[]);
    let mut app = launch.start();
    releases.wait_for_list(1, SOON).await;
    scene.wait_for_doctor(&launch, "this is the newest version").await;
    for _ in 0..4 {
        app.kill9().await;
        app = app.start_again();
        scene.pass(4 * minutes(60)).await;
    }
    releases.answer("/updates.signed", Answer::rate_limited(Some("1")));
    let asked = releases.wait_for_list(4, 6 * SOON).await;
    let gaps = gaps(&asked, scene.fake.clock());
    assert!(gaps.iter().all(|gap| *gap >= DAY && *gap < DAY * 5 / 4), "{gaps:?}");
    for request in releases.requests() {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/updates.signed"));
        let mut said: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        said.sort_unstable();
        assert_eq!(said, ["accept", "host", "user-agent"], "nothing of anybody goes with it");
    }
    let lines = eventually(SOON, "an answer for each request", async || {
        Some(scene.releases()).filter(|lines| lines.len() >= 8)
    })
    .await;
    let sent = lines.iter().filter(|line| line["event"]["sent"]["why"] == "poll").count();
    assert_eq!((sent, lines.len()), (4, 8), "{lines:?}");
    let said = launch.cli(&["ledger", "--since", "10d"]).await.stdout;
    assert!(
        said.contains("releases: sent, scheduled") && said.contains("releases: this is the newest version"),
        "{said}"
    );
    assert!(!scene.fake.was_reached());
}

/// A terminal in a snap sets another `XDG_DATA_HOME`, so starting Holdoff there starts a second copy.
#[tokio::test(flavor = "multi_thread")]
async fn update_check_is_shared_by_two_data_dirs_of_one_user() {
    let (scene, releases, launch) = scene(Some(true)).await;
    releases.publish("0.2.0", &[]);
    let first = launch.start();
    releases.wait_for_list(1, SOON).await;
    scene.desktop.recorder().wait_for(1, SOON).await;
    let folder = scene.home.path().join("snap/editor/current/.local");
    let under = |name: &str| folder.join(name).display().to_string();
    let snap = launch.clone().env("XDG_DATA_HOME", under("share")).env("XDG_STATE_HOME", under("state"));
    let data_dir = folder.join("share").join(scene.home.data_dir().file_name().unwrap());
    std::fs::create_dir_all(&data_dir).unwrap();
    std::fs::copy(scene.home.data_dir().join("settings.json"), data_dir.join("settings.json")).unwrap();
    let second = snap.start();
    let tray = scene.tray(&second).await;
    tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| label == "Version 0.2.0 is available…")).await;
    let asked = releases.wait_for_list(4, 6 * SOON).await;
    let gaps = gaps(&asked, scene.fake.clock());
    assert!(gaps.iter().all(|gap| *gap >= DAY && *gap < DAY * 5 / 4), "{gaps:?}");
    assert_eq!(scene.desktop.recorder().all().len(), 1, "what one has announced the other does not");
    assert!(first.is_running() && second.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn update_is_announced_once_and_unmanaged_install_is_not_replaced() {
    let (scene, releases, launch) = scene(Some(true)).await;
    releases.publish("0.2.0", &[]);
    let app = launch.start();
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff 0.2.0 is available");
    let tray = scene.tray(&app).await;
    tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| label == "Version 0.2.0 is available…")).await;
    app.kill9().await;
    let app = app.start_again();
    releases.wait_for_list(3, 4 * SOON).await;
    assert_eq!(scene.desktop.recorder().all().len(), 1);
    // A click on the notification leads to the new version.
    let tray = scene.tray(&app).await;
    tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| label == "Version 0.2.0 is available…")).await;
    tray.click("Version 0.2.0 is available…").await;
    let settings = Browser::attach(&scene.inspector, SOON).await;
    let text = settings.wait_for_text(SOON, |text| text.contains("What is new in 0.2.0.")).await;
    assert!(text.contains("Update it the way you installed it."), "{text}");
    assert_eq!(releases.requests().len(), releases.list_requests().len(), "nothing else was fetched");
    settings.press("Skip this version").await;
    tray.wait_for_menu(SOON, |labels| labels.iter().all(|label| !label.contains("is available"))).await;
    releases.publish("0.3.0", &[]);
    let said = scene.desktop.recorder().wait_for(2, 2 * SOON).await;
    assert_eq!(said[1].summary, "Holdoff 0.3.0 is available");
}

#[tokio::test(flavor = "multi_thread")]
async fn release_list_invalid_is_reported_and_changes_nothing() {
    let (scene, releases, launch) = scene(Some(true)).await;
    let other = FakeReleases::start();
    let torn = format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{}", releases.signed("0.2.0", &[]));
    let long = releases.signed("0.2.0", &[]) + &" ".repeat(20_000);
    let cases = [
        (Answer::raw(200, &[], other.signed("9.9.9", &[])), "its signature is not valid for Holdoff's releases"),
        (Answer::raw(200, &[], releases.signed("0.2.0", &[]).replace("0.2.0", "0.2.1")), "its signature is not valid"),
        (Answer::raw(200, &[], releases.signed("0.0.9", &[])), "the newest release is 0.0.9, older than this version"),
        (Answer::html(200), "it is not a release list"),
        (Answer::bytes(torn), "the release list arrived incomplete"),
        (Answer::raw(200, &[], long), "it is larger than 16 KiB"),
        (Answer::redirect("http://127.0.0.2:9/updates.signed"), "refused the release list (HTTP 307)"),
        (Answer::status(404), "there is no release list (HTTP 404)"),
        (Answer::hang_up(), "the release server did not respond"),
        (Answer::rate_limited(Some("259200")), "the release server is rate limiting (HTTP 429, Retry-After 3 d)"),
    ];
    let mut app: Option<App> = None;
    for (count, (answer, says)) in cases.into_iter().enumerate() {
        if let Some(app) = app.take() {
            app.kill9().await;
            std::fs::remove_dir_all(scene.home.data_dir()).unwrap();
            // The time of the last request is shared by all data folders.
            std::fs::remove_file(scene.home.xdg_data_home().join("dev.holdoff.tray.user/updates.json")).unwrap();
            choose(&scene, Some(true));
        }
        releases.answer("/updates.signed", answer);
        app = Some(launch.start());
        releases.wait_for_list(count + 1, SOON).await;
        let said = scene.wait_for_doctor(&launch, says).await;
        assert!(said.contains("Holdoff does not update it"), "{said}");
    }
    // The last response asked for a wait of three days.
    releases.publish("0.2.0", &[]);
    let asked = releases.wait_for_list(11, 3 * SOON).await;
    let gap = gaps(&asked, scene.fake.clock())[9];
    assert!(gap >= 3 * DAY, "{gap:?}");
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff 0.2.0 is available", "and nothing before it");
}
