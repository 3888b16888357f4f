//! A Wayland desktop without a screen: a compositor that renders to memory, a bar with a tray, a session bus, and a
//! notification service that records everything. It has no X server, not even Xwayland.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;

use super::{Recorder, START, Session, Shade, bus, config, environment, folder, start_bus};
use crate::locked;
use crate::spawn::{Spawned, tool};

/// One output with a fixed size. Prints its sockets as soon as they are ready.
const SWAY: &str = r#"output * resolution 1280x800
xwayland disable
exec echo "display $WAYLAND_DISPLAY control $SWAYSOCK"
"#;

const WAYBAR: &str = r#"{"layer": "top", "height": 30, "modules-right": ["tray"]}"#;

/// A running Wayland desktop. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Wayland {
    address: String,
    display: PathBuf,
    control: PathBuf,
    recorder: Recorder,
    // In shutdown order: clients before servers.
    waybar: Mutex<Option<Spawned>>,
    bus: Mutex<Option<Spawned>>,
    sway: Spawned,
    dir: TempDir,
}

impl Session for Wayland {
    fn env(&self) -> BTreeMap<String, String> {
        let own = [
            ("WAYLAND_DISPLAY", self.display.to_str().expect("a path that is text")),
            ("GTK_THEME", "Adwaita"),
            ("GDK_BACKEND", "wayland"),
            ("XDG_SESSION_TYPE", "wayland"),
            ("XDG_CURRENT_DESKTOP", "sway"),
        ];
        environment(&self.address, &own)
    }

    fn bus_address(&self) -> &str {
        &self.address
    }
}

impl Wayland {
    /// Starts the desktop and waits until all of it is ready.
    ///
    /// # Panics
    /// If a program is not installed (names the package) or does not start (shows its output), or if the system does
    /// not permit what the compositor needs (says what that is).
    pub async fn start() -> Self {
        let dir = folder();
        config::write(dir.path(), Shade::Light);
        write(&dir.path().join("sway.conf"), SWAY);
        write(&dir.path().join("waybar.json"), WAYBAR);
        let (sway, display, control) = start_sway(dir.path()).await;
        let (bus, address) = start_bus(dir.path()).await;
        let desktop = Self {
            address,
            display,
            control,
            recorder: Recorder::new(),
            waybar: Mutex::new(None),
            bus: Mutex::new(Some(bus)),
            sway,
            dir,
        };
        desktop.start_waybar().await;
        desktop.recorder.start(&desktop.address).await;
        desktop
    }

    /// Everything that the notification service was asked to show.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The windows on the desktop: process and title of each.
    pub async fn windows(&self) -> Vec<(u32, String)> {
        windows_in(&self.tree().await).into_iter().map(|window| (window.pid, window.title)).collect()
    }

    /// Width and height of each floating window of this process.
    pub async fn floating(&self, pid: u32) -> Vec<(u64, u64)> {
        let windows = windows_in(&self.tree().await).into_iter();
        windows.filter(|window| window.pid == pid && window.is_floating).map(|window| window.size).collect()
    }

    async fn tree(&self) -> Value {
        let mut command = self.command("swaymsg", "sway");
        command.env("SWAYSOCK", &self.control).args(["--raw", "--type", "get_tree"]);
        let done = Spawned::start("swaymsg", &mut command).finished(START).await;
        assert!(done.status.success(), "swaymsg failed with {}: {}{}", done.status, done.stdout, done.stderr);
        serde_json::from_str(&done.stdout).expect("swaymsg prints JSON")
    }

    /// Kills the compositor, as its crash or the end of a session does. Its clients end too.
    pub async fn kill_compositor(&self) {
        self.sway.kill9().await;
        drop(locked(&self.waybar).take());
    }

    /// Kills the session bus. The desktop's own clients on it end too.
    pub async fn kill_bus(&self) {
        self.recorder.delivered().await;
        let bus = locked(&self.bus).take();
        bus.expect("there is a bus").kill9().await;
        drop(locked(&self.waybar).take());
        self.recorder.cut_off();
    }

    /// Starts the bar and waits until its tray accepts items.
    async fn start_waybar(&self) {
        let mut command = self.command("waybar", "waybar");
        let waybar = Spawned::start("waybar", command.arg("--config").arg(self.dir.path().join("waybar.json")));
        *locked(&self.waybar) = Some(waybar);
        bus::wait_for_tray(&bus::connect(&self.address).await, START).await;
    }

    /// A command that runs on this desktop in the desktop's own home.
    fn command(&self, program: &str, package: &str) -> Command {
        let mut command = Command::new(tool(program, package));
        command.env_clear().envs(config::env(self.dir.path())).envs(self.env()).current_dir(self.dir.path());
        command
    }
}

/// Starts the compositor and returns its client socket and its control socket.
async fn start_sway(dir: &Path) -> (Spawned, PathBuf, PathBuf) {
    let sway = tool("sway", "sway");
    let mut command = if rustix::process::geteuid().is_root() {
        // sway refuses to run as root; in its own user namespace without a user mapping, it is not root.
        let unshare = tool("unshare", "util-linux");
        require_user_namespaces(&unshare).await;
        let mut command = Command::new(unshare);
        command.arg("--user").arg(sway);
        command
    } else {
        Command::new(sway)
    };
    command.arg("--config").arg(dir.join("sway.conf")).env_clear().envs(config::env(dir)).current_dir(dir);
    command.envs([("WLR_BACKENDS", "headless"), ("WLR_LIBINPUT_NO_DEVICES", "1"), ("WLR_RENDERER", "pixman")]);
    let sway = Spawned::start("sway", &mut command);
    let sockets = |line: &str| {
        let (display, control) = line.strip_prefix("display ")?.split_once(" control ")?;
        Some((Path::new(&config::env(dir)["XDG_RUNTIME_DIR"]).join(display), PathBuf::from(control)))
    };
    let (display, control) = sway.wait_for_line(START, "where it can be reached", sockets).await;
    (sway, display, control)
}

async fn require_user_namespaces(unshare: &Path) {
    let tried = Spawned::start("unshare", Command::new(unshare).args(["--user", "true"])).finished(START).await;
    assert!(
        tried.status.success(),
        "this test starts the Wayland compositor sway, which refuses to run as root, and the system does not permit the user \
         namespace in which it would: permit user namespaces (sysctl user.max_user_namespaces), or run the test as another \
         user.\n{}",
        tried.stderr
    );
}

struct Window {
    pid: u32,
    title: String,
    is_floating: bool,
    size: (u64, u64),
}

/// The windows below this node of sway's tree. Only nodes with a process are windows; outputs and workspaces have none.
fn windows_in(node: &Value) -> Vec<Window> {
    let own = node["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).map(|pid| Window {
        pid,
        title: node["name"].as_str().unwrap_or_default().to_owned(),
        is_floating: node["type"] == "floating_con",
        size: (node["rect"]["width"].as_u64().unwrap_or(0), node["rect"]["height"].as_u64().unwrap_or(0)),
    });
    let below = ["nodes", "floating_nodes"].into_iter().filter_map(|kind| node[kind].as_array()).flatten();
    own.into_iter().chain(below.flat_map(windows_in)).collect()
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
}
