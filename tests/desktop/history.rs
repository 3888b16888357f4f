//! The history in the settings window, and window notifications as the user configures them.

use crate::passive_readings::push;
use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::webdriver::fantoccini::Locator;
use holdoff_world::{Answer, Browser, eventually};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

async fn settings(scene: &Scene) -> Browser {
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("Quiet hours")).await;
    settings
}

/// Replaces the text of a field and moves on to the next field.
async fn write(window: &Browser, field: &str, text: &str) {
    const END: char = '\u{e010}';
    const BACKSPACE: &str = "\u{e003}";
    const TAB: char = '\u{e004}';
    let selector = format!("[data-testid={field}]");
    let element = window.find(Locator::Css(&selector)).await.unwrap();
    element.send_keys(&format!("{END}{}{text}{TAB}", BACKSPACE.repeat(20))).await.unwrap();
}

fn exported(folder: &Path, beginning: &str) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut named = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(beginning));
    let file = named.next().unwrap_or_else(|| panic!("no {beginning} in {}", folder.display()));
    assert!(named.next().is_none(), "one file for each table");
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_exported_and_deleted_from_settings() {
    let scene = Scene::new(1.0).await;
    let downloads = scene.home.path().join("Downloads");
    std::fs::create_dir_all(&downloads).unwrap();
    std::fs::create_dir_all(scene.home.xdg_config_home()).unwrap();
    let folders = "XDG_DOWNLOAD_DIR=\"$HOME/Downloads\"\n";
    std::fs::write(scene.home.xdg_config_home().join("user-dirs.dirs"), folders).unwrap();
    let _app = scene.launch.clone().argument("--settings").start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    let settings = settings(&scene).await;

    settings.press("Export as CSV").await;
    settings.wait_for_text(SOON, |text| text.contains("Written to") && text.contains("holdoff-episodes-")).await;
    let windows = exported(&downloads, "holdoff-windows-");
    assert!(windows.contains(",five_hour,5-hour,42.0,"), "{windows}");
    let money = exported(&downloads, "holdoff-money-");
    assert!(money.contains(",extra_usage,Extra usage,12.34,USD,100.0,USD,"), "{money}");
    assert!(exported(&downloads, "holdoff-requests-").contains(",usage,came,"), "the ledger is in it");
    settings.press("Export as JSON").await;
    settings.wait_for_text(SOON, |text| text.contains("holdoff-history-")).await;
    let json: Value = serde_json::from_str(&exported(&downloads, "holdoff-history-")).unwrap();
    assert!(json["windows"].as_array().unwrap().iter().any(|line| line["window"] == "five_hour"), "{json}");
    assert_eq!(json["money"][0]["used"], 12.34, "{json}");
    for secret in scene.credential.secrets() {
        assert!(!json.to_string().contains(secret) && !windows.contains(secret));
    }

    settings.press("Delete all…").await;
    assert!(!scene.windows().is_empty(), "one word deletes nothing");
    settings.press("Delete everything").await;
    settings.wait_for_text(SOON, |text| text.contains("History deleted.")).await;
    assert_eq!((scene.windows(), scene.ledger()), (vec![], vec![]));
    let line = scene.launch.cli_told(&["statusline"], scene.session_says(61.0).await.as_bytes()).await;
    assert!(line.status.success(), "{line:?}");
    eventually(SOON, "a new one has begun", async || {
        scene.windows().contains(&("five_hour".to_owned(), Some(61.0))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_retention_is_changed_in_settings() {
    let scene = Scene::new(1.0).await;
    let _app = scene.launch.clone().argument("--settings").start();
    let settings = settings(&scene).await;
    write(&settings, "history-days", "30").await;
    let kept = async || (scene.home.read_settings()?["history_days"] == 30).then_some(());
    eventually(SOON, "30 days are kept", kept).await;
    write(&settings, "history-mb", "9999").await;
    settings.wait_for_text(SOON, |text| text.contains("The history size must be 1 to 4096 MB.")).await;
    assert_eq!(scene.home.read_settings().unwrap()["history_mb"], Value::Null);
}

/// The window reaches 80 %: the notification waits until the quiet hours end.
#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_defer_notifications_until_they_end() {
    let scene = Scene::new(60.0).await;
    scene.home.settings(&json!({"version": 1, "notify_forecast": false, "notify_rate_limit": false}));
    scene.fake.always(Answer::rate_limited(Some("36000")));
    let app = scene.launch.clone().argument("--settings").start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    let settings = settings(&scene).await;
    let now = scene.fake.clock().now().duration_since(UNIX_EPOCH).unwrap();
    let hour = |ahead: u64| (now + Duration::from_secs(ahead * 3600)).as_secs() / 3600 % 24;
    let around = format!("{:02}:00-{:02}:00", hour(23), hour(2));
    write(&settings, "quiet-hours", &around).await;
    let kept = async || (scene.home.read_settings()?["quiet_hours"] == around.as_str()).then_some(());
    eventually(SOON, "quiet hours", kept).await;
    for used in [85.0, 86.0] {
        push(&scene, used);
        tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains(&format!("5-hour {used} %"))).await;
        scene.pass(minutes(3)).await;
    }
    // The saved state is newer than the notification would be.
    let shown = |account: &Value| account["reading"]["windows"][0]["used_percent"] == 86.0;
    scene.wait_for_account("it is saved", shown).await;
    assert!(scene.desktop.recorder().all().is_empty(), "it is quiet");
    write(&settings, "quiet-hours", "").await;
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "5-hour limit: 86 % used");
    assert_eq!(scene.home.read_settings().unwrap()["quiet_hours"], Value::Null);
}
