//! Attribution of readings: two organizations of one login, sessions of another person, a sign-in that is written in
//! two steps, one folder under several names.

use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::{Answer, App, Credential, eventually};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

const ANN: &str = "0b0c7f5e-0000-4000-8000-000000000001";
const BOB: &str = "0b0c7f5e-0000-4000-8000-0000000000b0";
const HOME: [&str; 2] = ["0b0c7f5e-0000-4000-8000-00000000ab00", "Ann's own"];
const ACME: [&str; 2] = ["0b0c7f5e-0000-4000-8000-00000000ac00", "Acme"];
const VERSION: &str = "2.1.332";

fn good(scene: &Scene) -> std::time::SystemTime {
    scene.fake.clock().now() + Duration::from_secs(400 * 3600)
}

fn seat(scene: &Scene, folder: &str, organization: [&str; 2]) -> Credential {
    scene.home.sign_in_seat(folder, [ANN, "ann@example.com"], organization, good(scene))
}

async fn accounts(scene: &Scene, what: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    eventually(SOON, what, async || {
        let accounts = scene.launch.status().await["accounts"].as_array()?.clone();
        wanted(&accounts).then_some(accounts)
    })
    .await
}

fn bearers(scene: &Scene) -> Vec<String> {
    scene.fake.usage_requests().iter().map(|request| request.bearer().unwrap_or_default().to_owned()).collect()
}

/// Laws 2 and 10 apply to the login; the reading belongs to the organization.
#[tokio::test(flavor = "multi_thread")]
async fn organizations_of_one_login_are_separate_accounts_with_one_cooldown() {
    let scene = Scene::new(120.0).await;
    scene.home.remove_credentials();
    let home = seat(&scene, ".claude-home", HOME);
    scene.settings_with(&[("claude_config_dirs", json!(["~/.claude-home", "~/.claude-acme"]))]);
    let token = home.access_token.clone();
    scene.fake.always(Answer::decide(move |request| {
        if request.bearer() == Some(&token) { Answer::ok() } else { Answer::rate_limited(Some("7200")) }
    }));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    // The other one follows; their order is not defined.
    accounts(&scene, "one is read", |all| all.len() == 1 && all[0]["reading"].is_object()).await;
    let acme = seat(&scene, ".claude-acme", ACME);
    let both = accounts(&scene, "both are shut", |all| {
        all.len() == 2 && all.iter().all(|account| gate(account) == "cooling_down")
    })
    .await;
    let labels: Vec<&str> = both.iter().map(|account| account["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["ann@example.com (Ann's own)", "ann@example.com (Acme)"]);
    assert_eq!(both[0]["id"], format!("anthropic:{ANN}/{}", HOME[0]));
    assert!(both[0]["reading"].is_object() && both[1]["reading"].is_null(), "what is read is the seat's own");
    assert_eq!(both[0]["gates"]["usage"]["until"], both[1]["gates"]["usage"]["until"]);
    tray.wait_for_tooltip(SOON, |text| labels.iter().all(|label| text.contains(label))).await;

    scene.pass(minutes(60)).await;
    let asked = bearers(&scene);
    assert_eq!(asked.iter().filter(|bearer| **bearer == acme.access_token).count(), 1, "{asked:?}");
    assert_eq!(asked.last(), Some(&acme.access_token), "the other seat waits too");
    assert!(asked.contains(&home.access_token));
    let gaps = holdoff_world::fake::gaps(&scene.fake.usage_requests(), scene.fake.clock());
    assert!(gaps.iter().all(|gap| *gap >= minutes(3)), "{gaps:?}");
    let said = scene.desktop.recorder().all();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].body.contains("ann@example.com (Acme)"), "{said:?}");
}

/// State that an earlier version saved under the login alone continues as the organization's.
#[tokio::test(flavor = "multi_thread")]
async fn login_state_migrates_to_its_first_organization() {
    let scene = Scene::new(60.0).await;
    let login = format!("anthropic:{ANN}");
    scene.settings_with(&[("accounts", json!({(login.clone()): {"label": "Work"}}))]);
    scene.fake.then(Answer::ok());
    scene.fake.always(Answer::rate_limited(Some("36000")));
    let mut app = scene.start();
    let before = scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    assert_eq!((&before["id"], &before["label"]), (&json!(login), &json!("Work")));
    app.terminate();
    app.wait_exit(SOON).await;

    let account = json!({"accountUuid": ANN, "emailAddress": "ann@example.com", "organizationUuid": ACME[0],
        "organizationName": "Ann's Organization"});
    let file = json!({"oauthAccount": account}).to_string();
    std::fs::write(scene.home.path().join(".claude.json"), file).unwrap();
    app = app.start_again();
    let id = format!("{login}/{}", ACME[0]);
    let after = scene.wait_for_account("its seat", |account| account["id"] == json!(id)).await;
    for key in ["label", "gates", "reading", "last_request"] {
        let strip = |account: &Value| {
            let mut value = account[key].clone();
            if key == "gates" {
                value = json!([account["gates"]["usage"]["state"], account["gates"]["usage"]["strikes"]]);
            }
            value
        };
        assert_eq!(strip(&after), strip(&before), "{key}");
    }
    assert_eq!(scene.launch.status().await["accounts"].as_array().unwrap().len(), 1);
    scene.pass(minutes(30)).await;
    assert_eq!(scene.fake.usage_requests().len(), 2, "no gate opened");
    eventually(SOON, "the history goes with it", async || {
        let names: Vec<Value> = scene.ledger().iter().map(|entry| entry["account"].clone()).collect();
        (!names.is_empty() && names.iter().all(|name| *name == json!(id))).then_some(())
    })
    .await;
    drop(app);
}

/// Ann is signed in and rate limited.
async fn limited() -> (Scene, App) {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    scene.wait_for_account("a shut gate", |account| gate(account) == "cooling_down").await;
    (scene, app)
}

fn seconds_ago(scene: &Scene, ago: u64) -> String {
    let now = scene.fake.clock().now().duration_since(UNIX_EPOCH).unwrap() - Duration::from_secs(ago);
    jiff::Timestamp::from_millisecond(i64::try_from(now.as_millis()).unwrap()).unwrap().to_string()
}

/// A session whose last response is `answered` seconds old; afterwards the user typed a local command.
fn session(scene: &Scene, name: &str, owner: Option<&str>, answered: u64) -> PathBuf {
    let line = |kind: &str, ago: u64| json!({"type": kind, "version": VERSION, "timestamp": seconds_ago(scene, ago)});
    let owner = owner.map(|account| json!({"type": "session-owner", "accountUuid": account, "sessionId": name}));
    let lines = [
        owner.clone(),
        Some(line("user", answered + 9)),
        Some(line("assistant", answered)),
        Some(line("user", 0)),
        owner,
    ];
    let dir = scene.home.claude_dir().join("projects").join(format!("p-{name}"));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{name}.jsonl"));
    let text: String = lines.iter().flatten().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, text).unwrap();
    path
}

fn told(scene: &Scene, used: f64, transcript: &std::path::Path) -> Vec<u8> {
    let now = scene.fake.clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({"session_id": "s", "version": VERSION, "transcript_path": transcript,
        "rate_limits": {"five_hour": {"used_percentage": used, "resets_at": now / 18_000 * 18_000 + 36_000}}})
    .to_string()
    .into_bytes()
}

fn used(account: &Value) -> Option<f64> {
    account["reading"]["windows"][0]["used_percent"].as_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn status_line_of_another_account_or_token_is_not_attributed() {
    let (scene, _app) = limited().await;
    let (bobs, anns) = (session(&scene, "bob", Some(BOB), 5), session(&scene, "ann", Some(ANN), 600));
    let own_token = session(&scene, "token", None, 5);
    for other in [&bobs, &own_token] {
        scene.launch.cli_told(&["statusline"], &told(&scene, 93.0, other)).await;
    }
    scene.launch.cli_told(&["statusline"], &told(&scene, 33.0, &anns)).await;
    let account = scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert_eq!(used(&account), Some(33.0));
    let at: jiff::Timestamp = account["reading"]["at"].as_str().unwrap().parse().unwrap();
    let now = scene.fake.clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let age = i64::try_from(now).unwrap() - at.as_second();
    assert!((600..660).contains(&age), "as old as the last answer: {age} s");
    for other in [&bobs, &own_token] {
        scene.launch.cli_told(&["statusline"], &told(&scene, 94.0, other)).await;
    }
    let newer = session(&scene, "newer", Some(ANN), 2);
    scene.launch.cli_told(&["statusline"], &told(&scene, 34.0, &newer)).await;
    let account = scene.wait_for_account("the next", |account| used(account) == Some(34.0)).await;
    assert_eq!(account["reading"]["windows"].as_array().unwrap().len(), 1);
    assert_eq!(scene.fake.usage_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_line_of_a_token_without_sign_in_becomes_its_own_account() {
    let scene = Scene::new(1.0).await;
    scene.home.remove_credentials();
    let app = scene.start();
    let tray = scene.tray(&app).await;
    scene.wait_until_up().await;
    let session = session(&scene, "token", None, 5);
    scene.launch.cli_told(&["statusline"], &told(&scene, 51.0, &session)).await;
    let looked = |account: &Value| account["reading"].is_object() && account["sign_in"]["reason"] != "not_looked_yet";
    let account = scene.wait_for_account("a reading", looked).await;
    assert_eq!(used(&account), Some(51.0));
    assert!(account["id"].as_str().unwrap().starts_with("anthropic:token-"), "{account}");
    assert_eq!(account["sign_in"]["reason"], "inference_only_token");
    tray.wait_for_tooltip(SOON, |text| text.contains("51 %")).await;
    assert_eq!(scene.launch.status().await["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(scene.launch.cli(&["refresh"]).await.code(), 75);
    assert!(scene.fake.usage_requests().is_empty(), "it is never asked for");

    // Once there is a sign-in, that is shown.
    let ann = scene.sign_in_again();
    scene.wait_for_account("Ann", |account| account["id"] == json!(format!("anthropic:{ANN}"))).await;
    scene.fake.wait_for_usage(1, SOON).await;
    assert_eq!(bearers(&scene), [ann.access_token]);
}

/// Versions of Claude Code that do not write the account beside its tokens.
#[tokio::test(flavor = "multi_thread")]
async fn sign_in_written_in_two_steps_is_attributed_only_when_complete() {
    for tokens_first in [true, false] {
        let scene = Scene::new(1.0).await;
        let (ann, bob) = (Credential::fresh(good(&scene)), Credential::fresh(good(&scene)));
        scene.home.claude_json(ANN, "ann@example.com", "Ann's");
        scene.home.credentials(&ann);
        let token = bob.access_token.clone();
        scene.fake.always(Answer::decide(move |request| match request.bearer() == Some(&token) {
            true => Answer::ok_at(91.0, 92.0, 93),
            false => Answer::ok_at(11.0, 12.0, 13),
        }));
        let _app = scene.start();
        scene.wait_for_account("Ann's reading", |account| account["reading"].is_object()).await;

        let name_bob = || scene.home.claude_json(BOB, "bob@example.com", "Bob's");
        if tokens_first {
            scene.home.credentials(&bob)
        } else {
            name_bob()
        }
        let half = session(&scene, "old", None, 0);
        for _ in 0..8 {
            scene.launch.cli(&["refresh"]).await;
            scene.launch.cli_told(&["statusline"], &told(&scene, 77.0, &half)).await;
            scene.pass(Duration::from_secs(1)).await;
            let all = scene.launch.status().await["accounts"].as_array().unwrap().clone();
            assert_eq!((all.len(), &all[0]["label"]), (1, &json!("ann@example.com")));
            assert_eq!(used(&all[0]), Some(11.0), "nothing of another's is shown");
        }
        assert_eq!(bearers(&scene), [ann.access_token.as_str()]);
        if tokens_first {
            name_bob()
        } else {
            scene.home.credentials(&bob)
        }
        let bobs = scene
            .wait_for_account("Bob's reading", |account| {
                account["reading"].is_object() && account["label"] == "bob@example.com"
            })
            .await;
        assert_eq!(used(&bobs), Some(91.0));
        assert_eq!(bearers(&scene), [ann.access_token, bob.access_token]);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn config_dir_under_another_path_is_the_same_account() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited(Some("3600")));
    scene.home.sign_in_at("work", BOB, "bob@example.com", good(&scene));
    std::os::unix::fs::symlink("work", scene.home.path().join("link")).unwrap();
    scene.settings_with(&[("claude_config_dirs", json!(["~/work"]))]);
    let app = scene.start();
    accounts(&scene, "both are shut", |all| all.len() == 2 && all.iter().all(|one| gate(one) == "cooling_down")).await;
    let tell = async |name: &str, used: f64| {
        let path = scene.home.path().join(name).display().to_string();
        let launch = scene.launch.clone().env("CLAUDE_CONFIG_DIR", path);
        let line = launch.cli_told(&["statusline"], &told(&scene, used, &session(&scene, "s", Some(BOB), 0))).await;
        assert!(line.stdout.contains(&format!("5h {used}%")), "{line:?}");
    };
    for (name, figure) in [("link", 41.0), ("link/../work", 42.0), ("./work/.", 43.0)] {
        tell(name, figure).await;
        accounts(&scene, "Bob's", |all| used(&all[1]) == Some(figure)).await;
    }
    // The same while no app runs.
    app.kill9().await;
    tell("link", 44.0).await;
    let app = app.start_again();
    let all = accounts(&scene, "Bob's", |all| used(&all[1]) == Some(44.0)).await;
    assert!(all[0]["reading"].is_null(), "and not Ann's");
    drop(app);
}
