//! Files as people have them: with a byte order mark, far too long, and on disks that cannot be written.

use crate::scene::{SOON, Scene};
use holdoff_world::{Apart, Browser, eventually, process};
use serde_json::json;
use std::io::Write;

const BOM: &str = "\u{feff}";

#[tokio::test(flavor = "multi_thread")]
async fn byte_order_mark_in_json_files_is_ignored() {
    let scene = Scene::new(1.0).await;
    scene.home.settings(&json!({"version": 1, "percent": "left", "notify_thresholds": []}));
    let claude = scene.home.path().join(".claude.json");
    for path in [scene.home.credentials_path(), claude, scene.home.data_dir().join("settings.json")] {
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{BOM}{text}")).unwrap();
    }
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("58 % left")).await;
    let account = scene.wait_for_account("whose it is", |account| account["label"] == "ann@example.com").await;
    assert_eq!(account["sign_in"]["state"], "ok");
    assert!(scene.home.unreadable_files().is_empty());
}

/// Ten thousand projects with everything that was ever pasted into them.
#[tokio::test(flavor = "multi_thread")]
async fn claude_json_of_70_mb_is_streamed_and_its_account_found() {
    let scene = Scene::new(1.0).await;
    let path = scene.home.path().join(".claude.json");
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let pasted = "\\\"}{ \\n".repeat(1000);
    write!(file, r#"{{"projects":{{"/":{{}}"#).unwrap();
    for n in 0..10_000 {
        write!(file, r#","/p/{n}":{{"history":["{pasted}"]}}"#).unwrap();
    }
    write!(file, r#"}},"oauthAccount":{}}}"#, told["oauthAccount"]).unwrap();
    file.flush().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 70_000_000);
    let app = scene.start();
    scene.wait_for_account("whose it is", |account| account["label"] == "ann@example.com").await;
    let peak = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let peak =
        peak.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).unwrap().to_owned();
    assert!(peak.parse::<u64>().unwrap() < 64 * 1024, "{peak} KiB at most: it is not held");
    scene.fake.wait_for_usage(1, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn home_read_only_is_reported_by_doctor_and_app_exits() {
    let scene = Scene::new(1.0).await;
    let apart = Apart::new().await;
    apart.make_read_only(scene.home.path()).await;
    let launch = scene.launch.clone().within(&apart);
    let doctor = launch.cli(&["doctor"]).await;
    assert_eq!(doctor.code(), 1, "{}", doctor.stdout);
    for said in [
        "cannot write to the data folder ~/.local/share/dev.holdoff.tray: its file system is read-only",
        "Holdoff cannot save state, settings or history there, so it sends no requests.",
        "cannot write to the log folder",
    ] {
        assert!(doctor.stdout.contains(said), "{said} in {}", doctor.stdout);
    }
    let app = launch.start();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(73));
    assert!(scene.fake.requests().is_empty());
}

/// So that they open sooner, use less memory, and are never blank with NVIDIA's driver.
#[tokio::test(flavor = "multi_thread")]
async fn webview_disables_gpu_and_jit_unless_set_in_the_environment() {
    let scene = Scene::new(1.0).await;
    let (drawing, compiling) = ("WEBKIT_DISABLE_DMABUF_RENDERER", "JSC_useJIT");
    let plain = scene.launch.clone().without(drawing).argument("--panel");
    let chosen = plain.clone().env(drawing, "0").env(compiling, "1");
    for (launch, expect) in [(chosen, [Some("0"), Some("1")]), (plain, [Some("1"), Some("0")])] {
        let app = launch.start();
        let panel = Browser::attach(&scene.inspector, SOON).await;
        panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
        let set = eventually(SOON, "the windows' process", async || {
            let windows = app.children().into_iter().find(|(_, name)| name == "holdoff-window")?;
            Some(process::environment(windows.0))
        });
        let set = set.await;
        let value = |name| set.iter().find_map(|set| set.strip_prefix(&format!("{name}=")));
        assert_eq!([drawing, compiling].map(value), expect);
        drop(panel);
        app.kill9().await;
    }
}
