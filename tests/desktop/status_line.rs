//! What Claude Code's status line reports is in the tray at once, even in a cooldown, without a request.

use crate::scene::{SOON, Scene, gate};
use holdoff_world::{Answer, App, Tray};
use serde_json::json;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The scene's clock and the real one are the same here.
fn told(scene: &Scene, used: f64) -> Vec<u8> {
    let now = scene.fake.clock().now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    json!({"session_id": "s", "rate_limits": {"five_hour": {"used_percentage": used, "resets_at": now + 3600}}})
        .to_string()
        .into_bytes()
}

async fn limited() -> (Scene, App, Tray) {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    (scene, app, tray)
}

#[tokio::test(flavor = "multi_thread")]
async fn status_line_in_cooldown_reaches_tray_in_a_second_without_request() {
    let (scene, _app, tray) = limited().await;
    let begun = Instant::now();
    let line = scene.launch.cli_told(&["statusline"], &told(&scene, 33.0)).await;
    assert!(line.stdout.starts_with("5h 33% · resets "), "{line:?}");
    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 33 %")).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(
        tooltip.contains("Anthropic is rate limiting usage checks"),
        "and the cooldown is said as before: {tooltip}"
    );
    let account = scene.wait_for_account("it is saved", |account| account["reading"].is_object()).await;
    assert_eq!(account["reading"]["source"], "status_line");
    assert_eq!((gate(&account), scene.fake.usage_requests().len()), ("cooling_down", 1));
    assert_eq!(scene.desktop.recorder().all().len(), 1, "and nothing is said again");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_line_is_not_delayed_by_a_frozen_app_and_delivered_later() {
    let (scene, app, tray) = limited().await;
    app.freeze();
    let heard = scene.launch.cli_told(&["statusline"], &told(&scene, 33.0)).await;
    // As many connections as the system queues: then nobody can connect any more.
    let socket = scene.home.data_dir().join("tray.sock");
    let waiting = fill(&socket);
    let unheard = scene.launch.cli_told(&["statusline"], &told(&scene, 34.0)).await;
    for line in [&heard, &unheard] {
        assert!(line.stdout.starts_with("5h 3") && line.elapsed < Duration::from_secs(1), "{line:?}");
    }
    drop(waiting);
    app.thaw();
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 34 %")).await;
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

/// Connects until the next connection would block.
fn fill(socket: &std::path::Path) -> Vec<UnixStream> {
    let (tell, told) = std::sync::mpsc::channel();
    let socket = socket.to_owned();
    std::thread::spawn(move || {
        while let Ok(stream) = UnixStream::connect(&socket) {
            if tell.send(stream).is_err() {
                return;
            }
        }
    });
    let mut waiting = Vec::new();
    // The thread blocks in the kernel once the queue is full.
    while let Ok(stream) = told.recv_timeout(Duration::from_secs(2)) {
        waiting.push(stream);
    }
    assert!(waiting.len() > 10, "{}", waiting.len());
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn cached_usage_of_claude_code_is_shown_as_stale_with_its_source() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    let path = scene.home.path().join(".claude.json");
    let mut file: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let now = scene.fake.clock().now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let two_hours_ago = u64::try_from(now.as_millis()).unwrap() - 7_200_000;
    let resets = now.as_secs() + 3600;
    file["cachedUsageUtilization"] = json!({"fetchedAtMs": two_hours_ago,
        "utilization": {"five_hour": {"utilization": 21.0, "resets_at": resets}}});
    std::fs::write(path.with_extension("new"), file.to_string()).unwrap();
    std::fs::rename(path.with_extension("new"), &path).unwrap();
    let account = scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert_eq!((&account["reading"]["source"], &account["reading"]["stale"]), (&json!("owner_cache"), &json!(true)));
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 21 %")).await;
    let text = scene.launch.cli(&["status"]).await.stdout;
    assert!(text.contains("Read 2 h ago from Claude Code's cache (stale)."), "{text}");
    assert_eq!(scene.fake.usage_requests().len(), 1);
}
