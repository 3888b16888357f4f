//! Bad input is reported where the user looks, with an exit code for scripts, and loses no data.

use crate::scene::{SOON, Scene};
use holdoff_world::webdriver::fantoccini::Locator;
use holdoff_world::{Browser, eventually};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn credentials_unusable_report_distinct_reasons_and_cause_no_request() {
    let scene = Scene::new(1.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    let cases: [(&[u8], &str); 6] = [
        (b"", "unreadable"),
        (br#"{"claudeAiOauth":{"accessToken":"sk-ant"#, "unreadable"),
        (b"[1,2]", "unreadable"),
        (br#"{"mcpOAuth":{}}"#, "not_signed_in"),
        (br#"{"claudeAiOauth":{"accessToken":""}}"#, "empty_token"),
        (b"\xff\xfe\x00noise", "unreadable"),
    ];
    for (bytes, reason) in cases {
        scene.home.raw_credentials(bytes);
        scene
            .wait_for_account(reason, |account| {
                account["sign_in"]["state"] == "absent"
                    && account["sign_in"]["reason"].as_str().is_some_and(|why| why.starts_with(reason))
            })
            .await;
        assert_eq!(std::fs::read(scene.home.credentials_path()).unwrap(), bytes, "the owner's file is left as it is");
    }
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("No usable Claude Code sign-in")).await;
    scene.sign_in_again();
    let account = scene.wait_for_account("signed in", |account| account["sign_in"]["state"] == "ok").await;
    assert!(account["reading"].is_object(), "the last reading is still there");
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn credential_without_expiry_is_used_and_expiry_is_unknown() {
    let scene = Scene::new(1.0).await;
    let token = &scene.credential.access_token;
    let file = json!({"claudeAiOauth": {"accessToken": token}});
    scene.home.raw_credentials(file.to_string().as_bytes());
    let _app = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    let account = scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert!(account["sign_in"]["expires_at"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_with_invalid_values_are_reported_and_unknown_keys_kept() {
    let scene = Scene::new(1.0).await;
    scene.home.settings(&json!({"polling_interval_s": 5, "percent": "all", "mine": [1]}));
    let _app = scene.launch.clone().argument("--settings").start();
    let window = Browser::attach(&scene.inspector, SOON).await;
    let text = window.wait_for_text(SOON, |text| text.contains("polling_interval_s")).await;
    assert!(text.contains("\"percent\""), "{text}");
    let status = scene.launch.cli(&["status"]).await;
    assert!(status.stderr.contains("polling_interval_s"), "{}", status.stderr);
    assert_eq!(scene.home.read_settings().unwrap()["mine"], json!([1]));
    window.find(Locator::Css("[data-testid=notify-recovery]")).await.unwrap().click().await.unwrap();
    eventually(SOON, "the switch is saved", async || {
        (scene.home.read_settings()?["notify_recovery"] == json!(false)).then_some(())
    })
    .await;
    assert_eq!(scene.home.read_settings().unwrap()["mine"], json!([1]), "what Holdoff does not know is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_file_unreadable_is_set_aside() {
    let scene = Scene::new(1.0).await;
    std::fs::create_dir_all(scene.home.data_dir()).unwrap();
    std::fs::write(scene.home.data_dir().join("settings.json"), "{\"polling").unwrap();
    let _app = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    let kept = &scene.home.unreadable_files()[0];
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "{\"polling");
}

#[tokio::test(flavor = "multi_thread")]
async fn env_overrides_invalid_base_url_or_clock_exit_with_config_error() {
    let scene = Scene::new(1.0).await;
    let cases = [
        ("HOLDOFF_ANTHROPIC_API", "https://api.evil.example", "not an address of this computer"),
        ("HOLDOFF_ANTHROPIC_TOKEN", "http://10.0.0.1", "not an address of this computer"),
        ("HOLDOFF_ANTHROPIC_API", "nonsense", "it is not a URL"),
        ("HOLDOFF_CLOCK", "yesterday", "HOLDOFF_CLOCK"),
    ];
    for (name, value, why) in cases {
        let launch = scene.launch.clone().env(name, value);
        let app = launch.start();
        assert_eq!(app.wait_exit(SOON).await.code(), Some(78), "{name}={value}");
        assert!(app.stderr().contains(name) && app.stderr().contains(why), "{}", app.stderr());
        assert_eq!(launch.cli(&["status"]).await.code(), 78);
    }
    let launch = scene.launch.clone().without("HOLDOFF_ANTHROPIC_API").without("HOLDOFF_ANTHROPIC_TOKEN");
    assert_eq!(launch.cli(&["status"]).await.code(), 78, "a clock without loopback bases");
    assert!(scene.fake.requests().is_empty());
    let said = scene.desktop.recorder().wait_for(cases.len(), SOON).await;
    assert!(said.iter().all(|said| said.summary == "Holdoff cannot start"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_dir_unavailable_exits_without_a_request() {
    let scene = Scene::new(1.0).await;
    let file = scene.home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let app = scene.launch.clone().env("XDG_DATA_HOME", file.display().to_string()).start();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(73));
    assert!(app.stderr().contains("cannot keep its state"), "{}", app.stderr());
    let homeless = scene.launch.clone().without("HOME").without("XDG_DATA_HOME").start();
    assert_eq!(homeless.wait_exit(SOON).await.code(), Some(73));
    assert!(scene.fake.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_dir_of_another_user_is_refused_at_startup() {
    let scene = Scene::new(1.0).await;
    let dir = scene.home.data_dir();
    std::fs::create_dir_all(&dir).unwrap();
    if std::os::unix::fs::chown(&dir, Some(4242), Some(4242)).is_err() {
        // Only root may give a folder away; everyone else uses one of root's.
        std::fs::remove_dir(&dir).unwrap();
        std::os::unix::fs::symlink("/usr/share", &dir).unwrap();
    }
    let app = scene.start();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(77));
    assert!(app.stderr().contains("belongs to another user"), "{}", app.stderr());
    assert!(scene.fake.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn cli_usage_error_names_the_argument_and_shows_usage() {
    let scene = Scene::new(1.0).await;
    for args in [&["frobnicate"][..], &["status", "--yaml"], &["refresh", "now"], &["--nonsense"]] {
        let output = scene.launch.cli(args).await;
        assert_eq!(output.code(), 64, "{args:?}");
        let said = &output.stderr;
        assert!(said.contains("Usage: holdoff") && said.contains("try '--help'"), "{said}");
        assert!(args.iter().any(|arg| said.contains(&format!("'{arg}'"))), "what is wrong is named: {said}");
    }
}
