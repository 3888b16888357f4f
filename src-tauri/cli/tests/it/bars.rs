//! The pieces in `docs/bars/`, each in its real program where there is one to try.

use super::scene::*;
use holdoff_world::spawn::Spawned;
use holdoff_world::{Session, Wayland};
use holdoff_world::{eventually, soon};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

fn piece(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bars").join(name)
}

/// A user with 42 % of 5 hours and 26 % of a week used.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    scene
}

/// A program that finds `holdoff` in the PATH.
fn bar(scene: &Scene, program: &str) -> Command {
    let mut command = scene.program(program);
    let folder = Path::new(env!("CARGO_BIN_EXE_holdoff")).parent().unwrap();
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display())).env("LANG", "C.UTF-8");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn tmux_shows_the_line_at_the_right_of_its_status() {
    let scene = scene();
    let socket = scene.home().join("tmux");
    let tmux = |args: &[&str]| {
        let mut command = bar(&scene, "tmux");
        command.arg("-u").arg("-S").arg(&socket).arg("-f").arg(piece("tmux.conf")).args(args);
        finished(&mut command, b"")
    };
    let started = tmux(&["new-session", "-d", "sleep 600"]);
    assert!(started.status.success(), "{started:?}");
    // It runs the command only for somebody who sees the line.
    let attach = format!("stty cols 120 rows 10; exec tmux -u -S '{}' attach", socket.display());
    let mut terminal = bar(&scene, "script");
    let seen = Spawned::start("script", terminal.args(["-qefc", &attach, "/dev/null"]).env("TERM", "xterm"));
    eventually(SOON, "tmux shows the line", async || seen.stdout().contains("◑ 5-hour 42 %, resets ").then_some(()))
        .await;
    assert!(tmux(&["kill-server"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn polybar_prints_the_line_of_its_module() {
    let scene = scene();
    let mut command = scene.program("Xvfb");
    let screen =
        Spawned::start("Xvfb", command.args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"]));
    let display = screen.wait_for_line(SOON, "its display", |line| line.trim().parse::<u32>().ok()).await;
    let mut command = bar(&scene, "polybar");
    command.env("DISPLAY", format!(":{display}")).arg("--stdout");
    command.arg(format!("--config={}", piece("polybar.ini").display())).arg("holdoff");
    let polybar = Spawned::start("polybar", &mut command);
    polybar.wait_for_line(SOON, "the line", |line| line.contains("◑ 5-hour 42 %").then_some(())).await;
}

/// What Waybar shows cannot be read from outside. It ran the command, and it took what the command printed: it complains about
/// anything else.
#[tokio::test(flavor = "multi_thread")]
async fn waybar_runs_the_command_and_takes_its_json() {
    let scene = scene();
    let desktop = Wayland::start().await;
    let run_by = |output: &str, called: &str| {
        let (folder, ran) = (scene.home().join(called), scene.home().join(format!("{called}.ran")));
        std::fs::create_dir(&folder).unwrap();
        let script = format!("#!/bin/sh\n{output}\necho \"$*\" >> '{}'\n", ran.display());
        let program = folder.join("holdoff");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = bar(&scene, "waybar");
        command.env("PATH", format!("{}:/usr/bin:/bin", folder.display())).envs(desktop.env());
        command.env("XDG_RUNTIME_DIR", scene.home());
        command.arg("--config").arg(piece("waybar.jsonc")).arg("--style").arg(piece("waybar.css"));
        (Spawned::start("waybar", &mut command), ran)
    };
    let complains = |bar: &Spawned| bar.output().contains("custom") && bar.output().contains("error");

    let (bar, ran) = run_by(&format!("'{}' \"$@\"", env!("CARGO_BIN_EXE_holdoff")), "real");
    let said = soon(SOON, async || std::fs::read_to_string(&ran).map_err(|_| bar.output())).await;
    let said = said.unwrap_or_else(|output| panic!("it does not run the command: {output}"));
    assert_eq!(said.lines().next(), Some("status --format waybar"));

    // The other one shows that a complaint would have been seen, and how long that takes.
    let (other, _) = run_by("echo '{broken'", "broken");
    eventually(SOON, "the bar complains about what is not JSON", async || complains(&other).then_some(())).await;
    assert!(!complains(&bar), "{}", bar.output());
    assert_eq!(bar.exit(), None, "{}", bar.output());
}

/// Argos and Plasma's Command Output run a script, and show what it prints.
#[test]
fn scripts_for_gnome_and_plasma_print_the_state() {
    let scene = scene();
    let print = |name: &str| text(&finished(bar(&scene, "sh").arg(piece(name)), b"").stdout);
    assert_eq!(print("kde.sh"), "◑ 5-hour 42 %\n");
    let menu = print("holdoff.30s.sh");
    let lines: Vec<&str> = menu.lines().collect();
    assert_eq!(lines[..3], ["◑ 42 %", "---", "ann@example.com (—): up to date"], "{menu}");
    assert!(lines[3].starts_with("5-hour 42 %, resets "), "{menu}");
    assert_eq!(lines.last(), Some(&"Open panel | bash=\"holdoff panel\" terminal=false"));
}
