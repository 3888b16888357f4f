//! What a session does to its programs in the middle of a renewal: a token was spent, and the new one is on its way.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::{App, Desktop, Grants, Mishap, Session, eventually};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use std::time::Duration;

/// The delay of the renewal's response: what happens to the program happens before it.
const UNDER_WAY: Duration = Duration::from_secs(3);

pub struct Renewing<D = Desktop> {
    pub scene: Scene<D>,
    grants: Grants,
    pub app: App,
    spent: String,
}

/// A program whose refresh token has just reached the provider.
async fn renewing() -> Renewing {
    renewing_in(Scene::new(1.0).await).await
}

pub async fn renewing_in<D: Session>(scene: Scene<D>) -> Renewing<D> {
    let grants = Grants::serve(&scene.fake, minutes(8 * 60));
    grants.mishaps(|_| (Mishap::None, UNDER_WAY));
    let credential = grants.sign_in(minutes(1));
    scene.home.raw_credentials(credential.to_json().to_string().as_bytes());
    scene.home.settings(&json!({"version": 1, "renewal": true}));
    // The test runner itself may ignore SIGHUP.
    let app = by_shell(&scene, "exec env --default-signal=HUP");
    scene.fake.wait_for_token(1, SOON).await;
    Renewing { scene, grants, app, spent: credential.refresh_token.unwrap() }
}

/// Starts the app through this shell line.
fn by_shell<D: Session>(scene: &Scene<D>, line: &str) -> App {
    let script = scene.home.path().join("start");
    let program = holdoff_world::app::program_folder().join("holdoff");
    fs::write(&script, format!("#!/bin/sh\n{line} '{}'\n", program.display())).unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    scene.launch.clone().programs(scene.home.path()).program("start").start()
}

impl<D: Session> Renewing<D> {
    fn send(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.app.pid().to_string()]).status().unwrap().success());
    }

    fn stored(&self) -> String {
        let text = fs::read_to_string(self.scene.home.credentials_path()).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        file["claudeAiOauth"]["refreshToken"].as_str().unwrap().to_owned()
    }

    /// The token is spent, and the new one is not on disk yet.
    pub fn is_under_way(&self) -> bool {
        self.stored() == self.spent
    }

    /// The new token is stored, the locks are gone, and no token was presented twice.
    pub async fn comes_to_its_end(&self) {
        let renewed = async || (!self.is_under_way()).then_some(());
        eventually(SOON, "the new pair is where Claude Code looks for it", renewed).await;
        assert!(self.grants.is_current(&self.stored()));
        let folder = self.scene.home.credentials_path().parent().unwrap().to_owned();
        eventually(SOON, "the locks are given back", async || {
            let left = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            (!left.into_iter().any(|name| name.contains(".lock"))).then_some(())
        })
        .await;
        assert!(!folder.with_extension("lock").exists());
        assert_eq!(self.grants.violations(), []);
        assert_eq!(self.scene.fake.token_requests().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_in_progress_completes_before_exit_on_signal() {
    for signal in ["-HUP", "-TERM", "-INT"] {
        let renewing = renewing().await;
        renewing.send(signal);
        assert_eq!(renewing.app.wait_exit(SOON).await.code(), Some(0), "{signal}");
        renewing.comes_to_its_end().await;
    }
}

/// Started with nohup, it survives the closing of the terminal.
#[tokio::test(flavor = "multi_thread")]
async fn sighup_ignored_at_startup_stays_ignored() {
    let scene = Scene::new(1.0).await;
    let app = by_shell(&scene, "trap '' HUP\nexec");
    scene.tray(&app).await.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    assert!(Command::new("kill").args(["-HUP", &app.pid().to_string()]).status().unwrap().success());
    scene.wait_until_up().await;
    assert!(app.is_running());
    app.terminate();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_completes_when_display_and_session_bus_are_lost() {
    let display = renewing().await;
    display.scene.desktop.kill_display().await;
    display.comes_to_its_end().await;
    assert!(display.app.is_running());

    let bus = renewing().await;
    bus.scene.desktop.kill_bus().await;
    bus.comes_to_its_end().await;
    assert!(bus.app.is_running());

    let both = renewing().await;
    both.scene.desktop.kill_display().await;
    both.scene.desktop.kill_bus().await;
    both.comes_to_its_end().await;
    assert_eq!(both.app.wait_exit(minutes(1)).await.code(), Some(0));
}

/// A logout: every program gets one SIGTERM shortly before its display goes away.
#[tokio::test(flavor = "multi_thread")]
async fn renewal_completes_on_logout() {
    let renewing = renewing().await;
    renewing.send("-TERM");
    renewing.scene.desktop.kill_display().await;
    renewing.scene.desktop.kill_bus().await;
    assert_eq!(renewing.app.wait_exit(SOON).await.code(), Some(0));
    renewing.comes_to_its_end().await;
}
