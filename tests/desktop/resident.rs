//! The resident program and the window program: what the first does without, what it survives, and what happens to
//! both when they are replaced.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::app::program_folder;
use holdoff_world::{App, Browser, Desktop, Launch, Notifications, Tray, eventually};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const WINDOW_SYSTEMS: [&str; 7] =
    ["libwebkit", "libjavascriptcore", "libsoup", "libX", "libxcb", "libwayland", "libEGL"];

/// The libraries that a program links directly.
fn needed(program: &Path) -> Vec<String> {
    let said = Command::new("readelf").args(["--dynamic", "--wide"]).arg(program).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = String::from_utf8(said.stdout).unwrap();
    let names = said.lines().filter(|line| line.contains("(NEEDED)"));
    names.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
}

fn holds(program: &Path, text: &str) -> bool {
    fs::read(program).unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

#[test]
fn tray_binary_links_no_window_system_and_embeds_no_pages() {
    let programs = program_folder();
    let of_a_window_system = |program: &str| {
        let names = needed(&programs.join(program)).into_iter();
        names.filter(|name| WINDOW_SYSTEMS.iter().any(|system| name.starts_with(system))).collect::<Vec<_>>()
    };
    assert_eq!(of_a_window_system("holdoff-tray"), [""; 0]);
    assert_eq!(of_a_window_system("holdoff"), [""; 0]);
    assert!(!of_a_window_system("holdoff-window").is_empty(), "the one that shows pages names what draws them");
    // The key of an embedded page.
    assert!(holds(&programs.join("holdoff-window"), "/panel.html"));
    assert!(!holds(&programs.join("holdoff-tray"), "panel.html"));
}

/// No library of a window system is used: there is no display that it could reach.
#[tokio::test(flavor = "multi_thread")]
async fn display_unreachable_polling_continues_and_window_error_is_notified() {
    let scene = Scene::new(1.0).await;
    let launch = scene.launch.clone().env("DISPLAY", ":4242");
    let app = launch.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    tray.activate(0, 0).await;
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff's window does not open");
    assert!(said[0].body.starts_with("Could not connect to the display."), "{}", said[0].body);
    assert!(app.is_running());
    for _ in 0..10 {
        tray.activate(0, 0).await;
        eventually(SOON, "the windows' process ends", async || app.children().is_empty().then_some(())).await;
    }
    assert!(scene.desktop.recorder().all().len() <= 3, "not once for each of eleven times within some seconds");
    // Starting it again where there is a display shows the window there.
    let second = scene.launch.clone().argument("--panel").start();
    assert_eq!(second.wait_exit(SOON).await.code(), Some(0));
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn display_lost_with_a_window_open_keeps_the_app_polling() {
    let scene = Scene::new(60.0).await;
    let app = scene.launch.clone().argument("--panel").start();
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    scene.desktop.kill_display().await;
    eventually(SOON, "the windows' processes end", async || app.children().is_empty().then_some(())).await;
    scene.pass(minutes(6)).await;
    scene.fake.wait_for_usage(2, SOON).await;
    assert!(app.is_running(), "{}", app.stderr());
    app.terminate();
    assert_eq!(app.wait_exit(SOON).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn session_end_exits_cleanly() {
    let scene = Scene::on(Desktop::builder().notifications(Notifications::None), 1.0).await;
    let app = scene.start();
    scene.tray(&app).await.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    scene.desktop.kill_display().await;
    scene.desktop.kill_bus().await;
    assert_eq!(app.wait_exit(minutes(1)).await.code(), Some(0));
}

/// The programs in their own folder, where they can be replaced.
fn installed(scene: &Scene) -> (Launch, PathBuf) {
    let folder = scene.home.path().join("programs");
    fs::create_dir(&folder).unwrap();
    ["holdoff", "holdoff-tray", "holdoff-window"]
        .iter()
        .for_each(|program| install(&program_folder().join(program), &folder));
    (scene.launch.clone().programs(&folder), folder)
}

/// Like `install` and package managers: the running file keeps its content but loses its name.
fn install(program: &Path, folder: &Path) {
    let place = folder.join(program.file_name().unwrap());
    let new = place.with_extension("new");
    fs::copy(program, &new).unwrap();
    fs::rename(new, place).unwrap();
}

/// Replaces the window program by one that reports another version and waits to be ended.
fn install_other_version(scene: &Scene, folder: &Path) {
    let script = scene.home.path().join("holdoff-window");
    // Its standard input is the connection to the app.
    let text = "#!/usr/bin/env python3\nimport socket\ns = socket.socket(fileno=0)\n\
                s.sendall(b'{\"id\":1,\"call\":\"attach\",\"version\":\"99.1.0\"}\\n')\n\
                for line in s.makefile():\n    if 'other_version' in line:\n        break\n";
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    install(&script, folder);
}

async fn shown(scene: &Scene, app: &App) -> Tray {
    let tray = scene.tray(app).await;
    tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("42 %")).await;
    tray
}

#[tokio::test(flavor = "multi_thread")]
async fn window_opens_after_all_binaries_were_replaced() {
    let scene = Scene::new(1.0).await;
    let (launch, folder) = installed(&scene);
    let app = launch.start();
    let tray = shown(&scene, &app).await;
    ["holdoff-tray", "holdoff-window"].iter().for_each(|program| install(&program_folder().join(program), &folder));
    tray.activate(0, 0).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("42 %")).await;
    assert_eq!(scene.desktop.recorder().all().len(), 0);
}

/// A newer version was installed under the running app, which notices only at the click.
#[tokio::test(flavor = "multi_thread")]
async fn update_under_the_running_app_restarts_it_with_the_wanted_window() {
    let scene = Scene::new(1.0).await;
    let (launch, folder) = installed(&scene);
    let app = launch.start();
    let tray = shown(&scene, &app).await;
    install_other_version(&scene, &folder);
    let asks_for_settings = "#!/bin/sh\nprintf '%s' \"$*\" > \"$XDG_DATA_HOME/started-with\"\nexec sleep 60\n";
    let next = scene.home.path().join("holdoff-tray");
    fs::write(&next, asks_for_settings).unwrap();
    fs::set_permissions(&next, fs::Permissions::from_mode(0o755)).unwrap();
    install(&next, &folder);
    tray.click("Settings…").await;
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff was updated");
    assert_eq!(said[0].body, "Holdoff restarts to use version 99.1.0.");
    let started_with = scene.home.data_dir().parent().unwrap().join("started-with");
    let words = eventually(SOON, "the installed program is started", async || {
        fs::read_to_string(&started_with).ok().filter(|words| !words.is_empty())
    });
    assert_eq!(words.await, "--settings");
    assert!(app.is_running(), "in the same process");
}

#[tokio::test(flavor = "multi_thread")]
async fn binaries_of_mismatched_versions_are_reported_without_restart() {
    let scene = Scene::new(1.0).await;
    let (launch, folder) = installed(&scene);
    let app = launch.start();
    let tray = shown(&scene, &app).await;
    install_other_version(&scene, &folder);
    tray.activate(0, 0).await;
    let said = scene.desktop.recorder().wait_for(1, SOON).await;
    assert_eq!(said[0].summary, "Holdoff's window does not open");
    assert!(said[0].body.starts_with("holdoff-window is version 99.1.0"), "{}", said[0].body);
    eventually(SOON, "the other program is told to end", async || app.children().is_empty().then_some(())).await;
    fs::remove_file(folder.join("holdoff-window")).unwrap();
    tray.activate(0, 0).await;
    let said = scene.desktop.recorder().wait_for(2, SOON).await;
    assert!(said[1].body.contains("Could not start holdoff-window (No such file or directory"), "{}", said[1].body);
    assert!(app.is_running());
}
