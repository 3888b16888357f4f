//! Several sign-ins in the real app: shown together, and independent of each other.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::webdriver::fantoccini::Locator;
use holdoff_world::{Answer, Browser, Credential, eventually};
use serde_json::{Value, json};
use std::time::Duration;

const BOB: &str = "0b0c7f5e-0000-4000-8000-0000000000b0";

fn sign_in_bob(scene: &Scene) -> Credential {
    let expires = scene.fake.clock().now() + Duration::from_secs(400 * 3600);
    scene.home.sign_in_at(".claude-bob", BOB, "bob@example.com", expires)
}

/// Bob has a folder of his own, which the settings list.
async fn with_bob(speed: f64) -> (Scene, Credential) {
    let scene = Scene::new(speed).await;
    let bob = sign_in_bob(&scene);
    scene.settings_with(&[("claude_config_dirs", json!(["~/.claude-bob"]))]);
    (scene, bob)
}

fn limit(scene: &Scene, who: &Credential) {
    let token = who.access_token.clone();
    scene.fake.always(Answer::decide(move |request| {
        if request.bearer() == Some(&token) { Answer::rate_limited(Some("3600")) } else { Answer::ok() }
    }));
}

/// All accounts of `holdoff status --json`, once `wanted` accepts them.
async fn wait_for_accounts(scene: &Scene, what: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    eventually(SOON, what, async || {
        let accounts = scene.launch.status().await["accounts"].as_array()?.clone();
        wanted(&accounts).then_some(accounts)
    })
    .await
}

async fn click(window: &Browser, selector: &str) {
    window.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limited_account_does_not_delay_another_and_both_are_shown() {
    let (scene, bob) = with_bob(120.0).await;
    limit(&scene, &bob);
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let accounts = wait_for_accounts(&scene, "one reading, one limit", |accounts| {
        accounts.len() == 2
            && accounts[0]["reading"].is_object()
            && accounts[1]["gates"]["usage"]["state"] == "cooling_down"
    })
    .await;
    assert_eq!((&accounts[0]["label"], &accounts[1]["label"]), (&json!("ann@example.com"), &json!("bob@example.com")));
    let place = json!([{"place": "~/.claude-bob/.credentials.json", "used": true}]);
    assert_eq!((&accounts[0]["gates"]["usage"]["state"], &accounts[1]["places"]), (&json!("open"), &place));

    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert!(said[0].body.contains("bob@example.com") && !said[0].body.contains("ann@"), "{said:?}");
    let limited = |text: &str| text.contains("bob@example.com") && text.contains("rate limiting usage checks");
    let tooltip = tray.wait_for_tooltip(SOON, limited).await;
    assert!(tooltip.contains("ann@example.com") && tooltip.contains("42 %"), "{tooltip}");
    let menu = tray
        .wait_for_menu(SOON, |labels| labels.iter().any(|label| label.contains("rate limiting usage checks")))
        .await;
    let at = |name: &str| menu.iter().position(|label| label.contains(name)).unwrap();
    assert!(at("ann@example.com") < at("42 %") && at("42 %") < at("bob@example.com"), "{menu:?}");
    assert!(at("bob@example.com") < at("rate limiting usage checks"), "{menu:?}");

    tray.activate(1000, 10).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    let text = panel.wait_for_text(SOON, |text| limited(text) && text.contains("42 %")).await;
    assert!(text.contains("ann@example.com"), "{text}");

    scene.pass(minutes(25)).await;
    let asked = scene.fake.usage_requests();
    let bobs = asked.iter().filter(|request| request.bearer() == Some(&bob.access_token)).count();
    assert_eq!(bobs, 1);
    assert!(asked.len() - bobs >= 5, "the other one is asked for every five minutes: {}", asked.len() - bobs);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_in_two_config_dirs_is_listed_and_polled_once() {
    let scene = Scene::new(1.0).await;
    let expires = scene.fake.clock().now() + Duration::from_secs(400 * 3600);
    scene.home.sign_in_at(".claude-too", "0b0c7f5e-0000-4000-8000-000000000001", "ann@example.com", expires);
    scene.settings_with(&[("claude_config_dirs", json!(["~/.claude-too"]))]);
    let _app = scene.start();
    let accounts =
        wait_for_accounts(&scene, "a reading", |all| all.first().is_some_and(|a| a["reading"].is_object())).await;
    assert_eq!(accounts.len(), 1);
    let places = json!([
        {"place": "~/.claude/.credentials.json", "used": true},
        {"place": "~/.claude-too/.credentials.json", "used": false},
    ]);
    assert_eq!(accounts[0]["places"], places);
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_refused_for_all_accounts_reports_each_reason() {
    let (scene, bob) = with_bob(1.0).await;
    limit(&scene, &bob);
    let _app = scene.start();
    wait_for_accounts(&scene, "both were asked", |accounts| {
        accounts.len() == 2 && accounts.iter().all(|account| account["last_request"]["outcome"].is_string())
    })
    .await;
    let refused = scene.launch.cli(&["refresh"]).await;
    assert_eq!(refused.code(), 75);
    let lines: Vec<&str> = refused.stderr.lines().collect();
    assert!(lines[0].contains("ann@example.com: Refresh available at "), "the earliest first: {lines:?}");
    assert!(lines[1].contains("bob@example.com: Refresh available at ") && lines[1].contains("429"), "{lines:?}");
    assert_eq!(scene.fake.usage_requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn config_dir_added_labelled_and_disabled_in_settings_without_restart() {
    let scene = Scene::new(1.0).await;
    sign_in_bob(&scene);
    let app = scene.launch.clone().argument("--settings").start();
    let tray = scene.tray(&app).await;
    let settings = Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("Another sign-in")).await;

    let field = settings.find(Locator::Css("[data-testid=folder]")).await.unwrap();
    field.send_keys("~/nowhere").await.unwrap();
    click(&settings, "[data-testid=add-folder]").await;
    settings.wait_for_text(SOON, |text| text.contains("There is no folder ~/nowhere")).await;
    field.clear().await.unwrap();
    field.send_keys("~/.claude-bob").await.unwrap();
    click(&settings, "[data-testid=add-folder]").await;
    settings.wait_for_text(SOON, |text| text.contains("Added ~/.claude-bob with the sign-in of bob@example.com")).await;
    wait_for_accounts(&scene, "Bob is asked for", |all| all.len() == 2 && all[1]["reading"].is_object()).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("bob@example.com")).await;

    let bobs = "[data-testid=account-choices]:has([placeholder=\"bob@example.com\"])";
    let label = settings.find(Locator::Css(&format!("{bobs} [data-testid=account-label]"))).await.unwrap();
    label.send_keys("The office\u{E007}").await.unwrap();
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("The office")).await;
    wait_for_accounts(&scene, "the label", |all| all.len() == 2 && all[1]["label"] == "The office").await;

    click(&settings, &format!("{bobs} [data-testid=account-enabled]")).await;
    wait_for_accounts(&scene, "only Ann is asked for", |all| all.len() == 1 && all[0]["label"] == "ann@example.com")
        .await;
    tray.wait_for_tooltip(SOON, |tooltip| !tooltip.contains("The office")).await;
    let said = scene.launch.cli(&["status"]).await.stdout;
    assert!(said.contains("Switched off in the settings: The office."), "{said}");
    let kept = scene.home.read_settings().unwrap()["accounts"][format!("anthropic:{BOB}")].clone();
    assert_eq!(kept, json!({"label": "The office", "enabled": false}));

    click(&settings, &format!("{bobs} [data-testid=account-enabled]")).await;
    wait_for_accounts(&scene, "both again", |all| all.len() == 2 && all[1]["label"] == "The office").await;
    assert_eq!(scene.fake.usage_requests().len(), 2, "and nobody is asked too early");
}

#[tokio::test(flavor = "multi_thread")]
async fn inference_only_token_is_explained_and_never_sent() {
    let scene = Scene::new(60.0).await;
    scene.home.remove_credentials();
    let token = holdoff_world::home::random_token("sk-ant-oat01-");
    let launch = scene.launch.clone().env("CLAUDE_CODE_OAUTH_TOKEN", &token);
    let app = launch.start();
    let tray = scene.tray(&app).await;
    let explained = |text: &str| text.contains("CLAUDE_CODE_OAUTH_TOKEN cannot read usage");
    tray.wait_for_tooltip(SOON, explained).await;
    let account = scene.wait_for_account("it is noticed", |account| account["sign_in"]["state"] == "absent").await;
    assert_eq!(account["sign_in"]["reason"], "inference_only_token");
    assert!(explained(&launch.cli(&["status"]).await.stdout));
    tray.activate(1000, 10).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, explained).await;
    panel.click_away("[data-testid=sign-in-help]").await;
    scene.desktop.wait_for_window(app.pid(), SOON, |window| window.title == "Holdoff settings").await;
    scene.pass(minutes(30)).await;
    assert!(scene.fake.requests().is_empty());
    assert_eq!(scene.home.find_secret(&[&token]), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn config_dirs_unusable_are_reported_and_cause_no_request() {
    let scene = Scene::new(1.0).await;
    let home = scene.home.path();
    std::fs::write(home.join("file"), "").unwrap();
    std::os::unix::fs::symlink(home.join(".claude"), home.join("link")).unwrap();
    let dirs = json!(["work", "~/gone", "~/file", "~/link", "~/.claude", "~/gone", 7]);
    scene.settings_with(&[("claude_config_dirs", dirs)]);
    let app = scene.launch.clone().argument("--settings").start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    assert_eq!(scene.launch.status().await["accounts"].as_array().unwrap().len(), 1);
    let settings = Browser::attach(&scene.inspector, SOON).await;
    let text = settings.wait_for_text(SOON, |text| text.contains("~/gone")).await;
    assert!(text.contains("\"claude_config_dirs\" lists \"work\", which is ignored"), "{text}");
    assert!(text.contains("its parent folder is a file"), "{text}");
    assert!(text.contains("the same folder as another one"), "{text}");
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_hidden_from_the_menu_are_hidden_everywhere_at_once() {
    let (scene, bob) = with_bob(120.0).await;
    limit(&scene, &bob);
    let app = scene.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("ann@example.com") && tooltip.contains("bob@")).await;
    let first = scene.desktop.recorder().wait_for(1, SOON).await;
    assert!(first[0].summary.contains("bob@example.com") || first[0].body.contains("bob@example.com"), "{first:?}");

    tray.click("Hide names").await;
    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("Account 1")).await;
    let menu = tray.labels().await.join("\n");
    let status = scene.launch.cli(&["status"]).await.stdout;
    let report = scene.launch.cli(&["status", "--json"]).await.stdout;
    let doctor = scene.launch.cli(&["doctor"]).await.stdout;
    tray.activate(1000, 10).await;
    let page = Browser::attach(&scene.inspector, SOON).await;
    let shown = page.wait_for_text(SOON, |text| text.contains("Account 2")).await;
    for (place, text) in [
        ("tooltip", tooltip),
        ("menu", menu),
        ("status", status),
        ("report", report),
        ("doctor", doctor),
        ("panel", shown),
    ] {
        assert!(!text.contains("example.com"), "{place}: {text}");
    }
    let found = scene.launch.cli(&["status", "--account", "Account 2"]).await;
    assert!(found.stdout.contains("Account 2"), "{} {}", found.stdout, found.stderr);

    tray.click("Show names").await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("ann@example.com")).await;
}
