//! A real desktop without a screen: an X server, a session bus, a panel with a tray, and a notification service.
//!
//! Each desktop has its own home and bus, so any number of them can run side by side. Nothing on the bus is activated
//! by itself: only what a test started is there.

mod bus;
mod config;
mod keyring;
mod recorder;
mod screen;
mod watcher;
mod wayland;
mod x11;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

pub(crate) use bus::connect;
pub use keyring::{FakeKeyring, SessionBus};
pub use recorder::{Closed, Notification, Recorder};
pub use screen::Window;
pub use watcher::{Registering, Watcher};
pub use wayland::Wayland;

use crate::locked;
use crate::spawn::{Spawned, tool};

/// The bus name of the service that tracks all tray items.
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// The bus name of the notification service.
pub const NOTIFICATIONS: &str = "org.freedesktop.Notifications";

/// How long a part of the desktop may take to come up.
const START: Duration = Duration::from_secs(30);

/// The session that a program is started in: a display and a bus.
pub trait Session {
    /// The variables that a program needs in this session, in addition to those of its home.
    fn env(&self) -> BTreeMap<String, String>;

    /// The address of the session bus.
    fn bus_address(&self) -> &str;
}

/// Which notification service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notifications {
    /// dunst, as on many real desktops; its popups stay until they are closed.
    Dunst,
    /// Our own service, which displays nothing and records everything.
    Recorder,
    /// None.
    None,
}

/// Light or dark: the background, the panel, and the theme that programs get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// The configuration of a [`Desktop`].
#[derive(Clone, Debug)]
pub struct Builder {
    panel: bool,
    notifications: Notifications,
    shade: Shade,
    size: (u32, u32),
}

impl Builder {
    /// Whether there is a panel with a tray. Default: yes.
    #[must_use]
    pub fn panel(mut self, panel: bool) -> Self {
        self.panel = panel;
        self
    }

    /// Which notification service runs. Default: the recorder.
    #[must_use]
    pub fn notifications(mut self, notifications: Notifications) -> Self {
        self.notifications = notifications;
        self
    }

    /// Light or dark. Default: light.
    #[must_use]
    pub fn shade(mut self, shade: Shade) -> Self {
        self.shade = shade;
        self
    }

    /// Width and height of the screen in pixels. Default: 1280 × 800.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// Starts the desktop and waits until all of it is ready.
    ///
    /// # Panics
    /// If a program is not installed (names the package) or does not start (shows its output).
    pub async fn start(self) -> Desktop {
        let dir = folder();
        config::write(dir.path(), self.shade);
        let (xvfb, display) = start_x(self.size).await;
        let (bus, address) = start_bus(dir.path()).await;
        let desktop = Desktop {
            display,
            address,
            size: self.size,
            shade: Mutex::new(self.shade),
            recorder: Recorder::new(),
            panel: Mutex::new(None),
            configuration: Mutex::new(None),
            dunst: Mutex::new(None),
            bus: Mutex::new(Some(bus)),
            xvfb,
            number: Mutex::new(None),
            dir,
        };
        desktop.paint_background(self.shade).await;
        if self.panel {
            desktop.start_panel().await;
        }
        desktop.start_notifications(self.notifications).await;
        desktop
    }
}

/// A running desktop. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Desktop {
    display: String,
    address: String,
    size: (u32, u32),
    shade: Mutex<Shade>,
    recorder: Recorder,
    // In shutdown order: clients before servers.
    panel: Mutex<Option<Spawned>>,
    configuration: Mutex<Option<Spawned>>,
    dunst: Mutex<Option<Spawned>>,
    bus: Mutex<Option<Spawned>>,
    xvfb: Spawned,
    number: Mutex<Option<KeptNumber>>,
    dir: TempDir,
}

/// Reserves the number of a stopped display, so that no X server takes it while this lives.
#[derive(Debug)]
struct KeptNumber(PathBuf);

impl KeptNumber {
    /// A directory at the socket's path prevents any X server from binding it.
    fn of(display: &str) -> Self {
        let socket = PathBuf::from(format!("/tmp/.X11-unix/X{}", display.trim_start_matches(':')));
        let _there_may_be_none = std::fs::remove_file(&socket);
        std::fs::create_dir(&socket).expect("a folder in the place of the display's socket");
        Self(socket)
    }
}

impl Drop for KeptNumber {
    fn drop(&mut self) {
        let _others_take_the_next = std::fs::remove_dir(&self.0);
    }
}

impl Session for Desktop {
    fn env(&self) -> BTreeMap<String, String> {
        let theme = match *locked(&self.shade) {
            Shade::Light => "Adwaita",
            Shade::Dark => "Adwaita:dark",
        };
        let own = [
            ("DISPLAY", self.display.as_str()),
            ("GTK_THEME", theme),
            ("GDK_BACKEND", "x11"),
            ("XDG_SESSION_TYPE", "x11"),
            ("XDG_CURRENT_DESKTOP", "XFCE"),
        ];
        environment(&self.address, &own)
    }

    fn bus_address(&self) -> &str {
        &self.address
    }
}

impl Desktop {
    /// Configures a desktop step by step.
    pub fn builder() -> Builder {
        Builder { panel: true, notifications: Notifications::Recorder, shade: Shade::Light, size: (1280, 800) }
    }

    /// The X display, such as `:7`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Width and height of the screen in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Kills the session bus. The desktop's own clients on it end too.
    pub async fn kill_bus(&self) {
        self.recorder.delivered().await;
        let bus = locked(&self.bus).take();
        bus.expect("there is a bus").kill9().await;
        drop(locked(&self.panel).take());
        drop(locked(&self.configuration).take());
        drop(locked(&self.dunst).take());
        self.recorder.cut_off();
    }

    /// Kills the X server, as its crash or the end of a session does. Its clients end too.
    pub async fn kill_display(&self) {
        self.xvfb.kill9().await;
        // Otherwise another desktop would take the number, and this display would seem to be back.
        *locked(&self.number) = Some(KeptNumber::of(&self.display));
        drop(locked(&self.panel).take());
        drop(locked(&self.dunst).take());
    }

    /// Starts the session bus again at its old address, without clients.
    pub async fn start_bus(&self) {
        let (bus, address) = start_bus(self.dir.path()).await;
        assert_eq!(address, self.address);
        *locked(&self.bus) = Some(bus);
    }

    /// Starts the panel and waits until its tray accepts items. Does nothing if the panel already runs.
    pub async fn start_panel(&self) {
        if locked(&self.panel).is_some() {
            return;
        }
        self.start_configuration().await;
        let mut command = self.command(&tool("xfce4-panel", "xfce4-panel"));
        let panel = Spawned::start("xfce4-panel", command.arg("--disable-wm-check"));
        *locked(&self.panel) = Some(panel);
        self.wait_for_tray(START).await;
    }

    /// Ends the panel and waits until nobody accepts tray items any more.
    pub async fn stop_panel(&self) {
        drop(locked(&self.panel).take());
        self.wait_for_no_name(WATCHER, START).await;
    }

    /// Starts a watcher for tray items without a panel. No panel may run.
    pub async fn start_watcher(&self, registering: Registering) -> Watcher {
        Watcher::start(&self.address, registering).await
    }

    /// Starts a notification service and waits until it is ready. A previous one must have been stopped.
    pub async fn start_notifications(&self, who: Notifications) {
        match who {
            Notifications::None => return,
            Notifications::Recorder => self.recorder.start(&self.address).await,
            Notifications::Dunst => {
                let dunst = Spawned::start("dunst", &mut self.command(&tool("dunst", "dunst")));
                *locked(&self.dunst) = Some(dunst);
            }
        }
        self.wait_for_name(NOTIFICATIONS, START).await;
    }

    /// Ends the running notification service and waits until it is gone. The recorder keeps its records.
    pub async fn stop_notifications(&self) {
        drop(locked(&self.dunst).take());
        self.recorder.stop().await;
        self.wait_for_no_name(NOTIFICATIONS, START).await;
    }

    /// Everything that our own notification service was asked to show, over all its starts and stops.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Changes the background, the panel, and the theme of programs that are started from now on.
    pub async fn set_background(&self, shade: Shade) {
        *locked(&self.shade) = shade;
        self.paint_background(shade).await;
        if locked(&self.configuration).is_some() {
            let dark = (shade == Shade::Dark).to_string();
            let mut command = self.command(&tool("xfconf-query", "xfconf"));
            command.args(["--channel", "xfce4-panel", "--property", "/panels/dark-mode", "--create", "--type", "bool"]);
            self.run("xfconf-query", command.args(["--set", &dark])).await;
        }
    }

    /// A command that runs on this desktop in the desktop's own home, as the panel does.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(config::env(self.dir.path())).envs(self.env()).current_dir(self.dir.path());
        // The panel has its own setting for this, which the variable would override.
        command.env_remove("GTK_THEME");
        command
    }

    /// Runs a command to completion.
    async fn run(&self, name: &str, command: &mut Command) -> String {
        let done = Spawned::start(name, command).finished(START).await;
        assert!(done.status.success(), "{name} failed with {}: {}{}", done.status, done.stdout, done.stderr);
        done.stdout
    }

    /// Starts the daemon for the panel's settings; it outlives the panel.
    async fn start_configuration(&self) {
        if locked(&self.configuration).is_some() {
            return;
        }
        let daemon = Spawned::start("xfconfd", &mut self.command(&config::xfconfd()));
        *locked(&self.configuration) = Some(daemon);
        self.wait_for_name("org.xfce.Xfconf", START).await;
    }
}

/// The variables for every session without a screen, plus those of this one.
fn environment(bus: &str, own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let all = [
        ("DBUS_SESSION_BUS_ADDRESS", bus),
        // No accessibility bus, no settings daemon, no graphics card.
        ("NO_AT_BRIDGE", "1"),
        ("GSETTINGS_BACKEND", "memory"),
        ("LIBGL_ALWAYS_SOFTWARE", "1"),
        ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
    ];
    all.iter().chain(own).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The home of the desktop's own programs. Its path is short because socket addresses are limited.
fn folder() -> TempDir {
    tempfile::Builder::new().prefix("hd").rand_bytes(5).tempdir_in("/tmp").expect("a temporary folder")
}

/// Starts an X server on a display that it chooses, and returns the display's name.
async fn start_x((width, height): (u32, u32)) -> (Spawned, String) {
    let mut command = Command::new(tool("Xvfb", "xvfb"));
    command.args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp", "-noreset"]);
    let xvfb = Spawned::start("Xvfb", &mut command);
    let number = |line: &str| line.trim().parse::<u32>().ok();
    let display = xvfb.wait_for_line(START, "its display number", number).await;
    (xvfb, format!(":{display}"))
}

/// Starts a session bus that activates nothing, and returns its address.
async fn start_bus(dir: &Path) -> (Spawned, String) {
    let mut command = Command::new(tool("dbus-daemon", "dbus-daemon"));
    let file: PathBuf = config::bus_file(dir);
    command.arg(format!("--config-file={}", file.display())).args(["--nofork", "--nopidfile", "--print-address=1"]);
    let bus = Spawned::start("dbus-daemon", command.env_clear().envs(config::env(dir)));
    // As in a real session: without the bus's GUID, because a new bus at the same path would have another one.
    let address =
        |line: &str| Some(line.split_once(",guid=").filter(|(address, _)| address.starts_with("unix:"))?.0.to_owned());
    let address = bus.wait_for_line(START, "its address", address).await;
    (bus, address)
}
