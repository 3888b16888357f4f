//! Changed settings take effect at once.

use crate::passive_readings::push;
use crate::scene::{SOON, Scene, minutes};
use holdoff_world::webdriver::fantoccini::Locator;
use holdoff_world::{Answer, Browser, eventually};
use serde_json::json;

async fn click(window: &Browser, test_id: &str) {
    let selector = format!("[data-testid={test_id}]");
    window.find(Locator::Css(&selector)).await.unwrap().click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn percent_left_setting_applies_at_once_and_is_saved() {
    let scene = Scene::new(1.0).await;
    let app = scene.launch.clone().argument("--settings").start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 42 %,")).await;
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("Percent left")).await;
    click(&settings, "percent-left").await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 58 % left")).await;
    assert_eq!(scene.home.read_settings().unwrap()["percent"], "left");
}

#[tokio::test(flavor = "multi_thread")]
async fn start_at_login_is_off_until_it_is_chosen() {
    let scene = Scene::new(1.0).await;
    let folder = scene.home.path().join(".config/autostart");
    let entries = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
    let entry = folder.join("dev.holdoff.tray.desktop");
    let _app = scene.launch.clone().argument("--settings").start();
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("Start at login")).await;
    assert_eq!(entries(), 0);
    click(&settings, "start-at-login").await;
    eventually(SOON, "an autostart entry", async || (entries() == 1 && entry.is_file()).then_some(())).await;
    let program = holdoff_world::app::program_folder().join("holdoff-tray");
    assert!(std::fs::read_to_string(&entry).unwrap().contains(&format!("\nExec={}\n", program.display())));
    let saved = async || (scene.home.read_settings()?["start_at_login"] == json!(true)).then_some(());
    eventually(SOON, "the choice is kept", saved).await;
    click(&settings, "start-at-login").await;
    eventually(SOON, "no autostart entry", async || (entries() == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_switched_off_is_not_shown() {
    let scene = Scene::new(60.0).await;
    scene.home.settings(&json!({"version": 1, "notify_rate_limit": false}));
    scene.fake.always(Answer::rate_limited(Some("36000")));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("rate limiting usage checks")).await;
    // A notification that is on comes later.
    push(&scene, 85.0);
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 85 %")).await;
    scene.pass(minutes(3)).await;
    push(&scene, 86.0);
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "5-hour limit: 86 % used", "and nothing before it");
}
