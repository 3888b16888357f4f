//! External names with markup, terminal escapes and bidirectional control characters.

use crate::scene::{SOON, Scene};
use holdoff_core::text::is_hidden;
use holdoff_world::{Answer, Credential};
use serde_json::json;
use std::time::Duration;

const ANN: &str = "0b0c7f5e-0000-4000-8000-000000000001";
const BOB: &str = "0b0c7f5e-0000-4000-8000-0000000000b0";
const TITLE: &str = "\u{1b}]0;pwned\u{7}";

/// No control, invisible or bidirectional characters except line ends.
#[track_caller]
fn assert_visible(what: &str, text: &str) {
    let hidden: Vec<char> = text.chars().filter(|c| is_hidden(*c) && *c != '\n').collect();
    assert!(hidden.is_empty() && !text.is_empty(), "{what} has {hidden:?}: {text:?}");
}

/// Valid markup for Pango and GTK: no foreign tags, and every ampersand starts an entity.
#[track_caller]
fn assert_markup(what: &str, text: &str) {
    assert!(!text.contains('<') && !text.contains('>'), "{what}: {text:?}");
    let entities = ["amp;", "lt;", "gt;", "quot;", "apos;"];
    let whole = |rest: &str| entities.iter().any(|entity| rest.starts_with(entity));
    assert!(text.split('&').skip(1).all(whole), "{what}: {text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_account_names_are_escaped_in_every_output() {
    let scene = Scene::new(1.0).await;
    let expires = scene.fake.clock().now() + Duration::from_secs(400 * 3600);
    let hostile = Credential {
        subscription_type: Some(format!("ma{TITLE}x\u{202e}\n<i>")),
        rate_limit_tier: Some(format!("{TITLE}\u{9b}31m")),
        ..Credential::fresh(expires)
    };
    scene.home.credentials(&hostile);
    scene.home.claude_json(ANN, &format!("ann{TITLE}@example.com\u{202e}"), &format!("Ann & <b>Co{TITLE}</b>\r\n"));
    // The account has no known address and is named by its organization.
    scene.home.sign_in_at(".claude-bob", BOB, "", expires);
    let bob = json!({"oauthAccount": {"accountUuid": BOB, "organizationName": format!("Bob <u>&{TITLE} Co\u{2066}")}});
    std::fs::write(scene.home.path().join(".claude-bob/.claude.json"), bob.to_string()).unwrap();
    let account = format!("anthropic:{ANN}");
    scene.settings_with(&[
        ("claude_config_dirs", json!(["~/.claude-bob"])),
        ("accounts", json!({account: {"label": "R&D_A \u{202e}<b>x</b>\u{2067}"}})),
    ]);
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let both = |text: &str| text.contains("R&amp;D_A &lt;b&gt;x&lt;/b&gt;\n") && text.contains("Bob &lt;u&gt;&amp;");
    let tooltip = tray.wait_for_tooltip(SOON, both).await;
    assert_visible("the tooltip", &tooltip);
    assert_markup("the tooltip", &tooltip);

    let labels = tray.labels().await;
    assert!(
        labels.iter().any(|label| label == "R&D_A <b>x</b>"),
        "a menu reads no markup, and a letter is no access key: {labels:?}"
    );
    labels.iter().for_each(|label| assert_visible("the menu", label));
    assert!(labels.iter().all(|label| !label.contains('\n')), "{labels:?}");

    let said = scene.desktop.recorder().wait_for(2, SOON).await;
    for said in &said {
        assert_visible("a notification", &said.summary);
        assert_visible("a notification", &said.body);
        assert_markup("a notification", &said.body);
    }
    assert!(said.iter().any(|said| said.body.contains("R&amp;D_A &lt;b&gt;x&lt;/b&gt;")), "{said:?}");

    for arguments in [&["status"][..], &["status", "--json"], &["ledger"], &["doctor"]] {
        let printed = scene.launch.cli(arguments).await;
        assert_visible(&format!("{arguments:?}"), &printed.stdout);
        let complaints = printed.stderr.chars().filter(|c| is_hidden(*c) && *c != '\n').count();
        assert_eq!(complaints, 0, "{:?}", printed.stderr);
    }
    let status = scene.launch.cli(&["status"]).await.stdout;
    assert!(status.contains("R&D_A <b>x</b> (ma]0;pwnedx <i>)"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn multiline_label_is_rejected_with_a_single_line_error() {
    let scene = Scene::new(1.0).await;
    let account = format!("anthropic:{ANN}");
    scene.settings_with(&[("accounts", json!({account: {"label": format!("one\ntwo{TITLE}\u{202e}")}}))]);
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let menu = tray.wait_for_menu(SOON, |labels| labels.iter().any(|label| label == "ann@example.com")).await;
    menu.iter().for_each(|label| assert_visible("the menu", label));
    let status = scene.launch.cli(&["status"]).await;
    assert_visible("the complaint", &status.stderr);
    assert!(status.stderr.contains("A label must be a single line."), "{}", status.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_names_are_truncated_and_valid_unicode_is_kept() {
    let scene = Scene::new(1.0).await;
    let endless = "👩\u{200d}💻 <span>&amp;\u{202b}\n".repeat(100_000);
    let credential = Credential {
        subscription_type: Some(endless.clone()),
        ..Credential::fresh(scene.fake.clock().now() + Duration::from_secs(400 * 3600))
    };
    assert!(endless.len() > 2 << 20);
    scene.home.credentials(&credential);
    scene.home.claude_json(ANN, "ann@example.com", &endless);
    let account = format!("anthropic:{ANN}");
    scene.settings_with(&[("accounts", json!({account: {"label": "👩\u{200d}💻 R&D עברית \u{200f}<span>"}}))]);
    scene.fake.always(Answer::rate_limited(Some("3600")));
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("429")).await;
    assert!(tooltip.len() < 2000, "{} bytes", tooltip.len());
    assert_markup("the tooltip", &tooltip);
    let label = "👩\u{200d}💻 R&D עברית <span>";
    let labels = tray.labels().await;
    assert_eq!(labels[0], label, "{labels:?}");
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert!(said[0].body.contains("R&amp;D עברית &lt;span&gt;") && said[0].body.len() < 2000, "{said:?}");
    let shown = scene.wait_for_account("its plan", |account| account["plan"].is_string()).await;
    let plan = shown["plan"].as_str().unwrap();
    assert!(plan.starts_with("👩\u{200d}💻 <span>&amp; 👩") && plan.chars().count() <= 48, "{plan:?}");
    let status = scene.launch.cli(&["status"]).await.stdout;
    assert!(status.contains(label) && status.len() < 4000, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn startup_error_notification_escapes_markup_in_data_dir_name() {
    let scene = Scene::new(1.0).await;
    let folder = scene.home.path().join("R&D <b>");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("settings.json"), json!({"version": 2}).to_string()).unwrap();
    let app = scene.launch.clone().env("HOLDOFF_DATA_DIR", folder.display().to_string()).start();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(65), "{}", app.stderr());
    let said = scene.desktop.recorder().wait_for(1, SOON).await.remove(0);
    assert!(said.body.contains("R&amp;D &lt;b&gt;"), "{said:?}");
    assert_markup("the last words", &said.body);
}
