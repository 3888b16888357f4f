//! Installs and removes Claude Code's status line in the settings window.

use crate::scene::{SOON, Scene};
use holdoff_world::{Browser, eventually};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

/// A user's own status line, with its padding and hand-made formatting.
const OWN: &str = r#"{
    "model": "opus",
  "statusLine": { "type": "command", "padding": 2, "command": "cat > $HOME/heard; echo my line" },
      "env": {"A_KEY": "sk-ant-secret"}
}
"#;

impl Scene {
    fn claude_settings(&self) -> PathBuf {
        self.home.claude_dir().join("settings.json")
    }

    fn claude_says(&self) -> String {
        std::fs::read_to_string(self.claude_settings()).unwrap()
    }

    async fn settings_window(&self) -> Browser {
        let window = Browser::attach(&self.inspector, SOON).await;
        window.wait_for_text(SOON, |text| text.contains("~/.claude/settings.json")).await;
        window
    }

    /// Runs the command as Claude Code does.
    fn draw(&self, command: &str, told: &str) -> String {
        let mut shell = self.home.command("/bin/sh");
        shell.args(["-c", command]).envs(self.launch.environment());
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
        String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_line_install_previews_change_and_removal_restores_original() {
    let scene = Scene::new(1.0).await;
    std::fs::write(scene.claude_settings(), OWN).unwrap();
    let app = scene.launch.clone().argument("--settings").start();
    let tray = scene.tray(&app).await;
    let window = scene.settings_window().await;
    window.wait_for_text(SOON, |text| text.contains("does not call Holdoff.")).await;
    window.press("Install…").await;
    let text = window.wait_for_text(SOON, |text| text.contains("Apply this change")).await;
    assert!(text.contains("- ") && text.contains("my line") && text.contains("+ "), "{text}");
    assert!(!text.contains("sk-ant-secret"), "keys of others are not shown");
    assert_eq!(scene.claude_says(), OWN, "looking changes nothing");
    // The command shows the same change.
    let command = scene.launch.cli(&["statusline", "install"]).await;
    for line in command.stdout.lines().filter(|line| line.starts_with("+ ") || line.starts_with("- ")) {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain(&text).contains(&plain(line)), "{line} in {text}");
    }

    window.press("Apply this change").await;
    window.wait_for_text(SOON, |text| text.contains("Claude Code's status line now calls Holdoff.")).await;
    window.wait_for_text(SOON, |text| text.contains("The status line calls Holdoff, then your own")).await;
    let settings: Value = serde_json::from_str(&scene.claude_says()).unwrap();
    let mut expect: Value = serde_json::from_str(OWN).unwrap();
    let command = settings["statusLine"]["command"].as_str().unwrap().to_owned();
    expect["statusLine"]["command"] = json!(command);
    assert!(command.ends_with("holdoff statusline"), "{command}");
    assert_eq!(settings, expect, "every other key is kept, the padding too");

    let told = scene.session_says(57.0).await;
    assert_eq!(scene.draw(&command, &told), "my line\n", "the person sees their own line and nothing more");
    let heard = std::fs::read_to_string(scene.home.path().join("heard")).unwrap();
    assert_eq!(heard, told, "and it was told the same");
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 57 %")).await;

    window.press("Remove…").await;
    window.wait_for_text(SOON, |text| text.contains("Apply this change")).await;
    window.press("Apply this change").await;
    window.wait_for_text(SOON, |text| text.contains("is your own command again: cat > $HOME/heard")).await;
    assert_eq!(scene.claude_says(), OWN, "byte for byte");
}

/// Only the previewed change is made, and nothing that the user removed is restored.
#[tokio::test(flavor = "multi_thread")]
async fn status_line_install_applies_only_the_preview_and_never_reinstalls() {
    let scene = Scene::new(1.0).await;
    std::fs::write(scene.claude_settings(), OWN).unwrap();
    let app = scene.launch.clone().argument("--settings").start();
    let window = scene.settings_window().await;
    window.press("Install…").await;
    window.wait_for_text(SOON, |text| text.contains("Apply this change")).await;
    let meanwhile = OWN.replace("opus", "sonnet");
    std::fs::write(scene.claude_settings(), &meanwhile).unwrap();
    window.press("Apply this change").await;
    window.wait_for_text(SOON, |text| text.contains("have changed in the meantime")).await;
    assert_eq!(scene.claude_says(), meanwhile);

    window.press("Install…").await;
    window.wait_for_text(SOON, |text| text.contains("Apply this change")).await;
    window.press("Apply this change").await;
    window.wait_for_text(SOON, |text| text.contains("now calls Holdoff. Your own command")).await;
    std::fs::write(scene.claude_settings(), "{}").unwrap();
    drop(window);
    app.terminate();
    app.wait_exit(SOON).await;
    let _app = app.start_again();
    let window = scene.settings_window().await;
    window.wait_for_text(SOON, |text| text.contains("Claude Code has no status line")).await;
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert_eq!(scene.claude_says(), "{}");
    window.press("Install…").await;
    window.wait_for_text(SOON, |text| text.contains("Apply this change")).await;
    window.press("Cancel").await;
    let left = async || (!window.text().await.contains("Apply this change")).then_some(());
    eventually(SOON, "the change is put away", left).await;
    assert_eq!(scene.claude_says(), "{}");
}
