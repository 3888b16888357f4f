//! The tray app's control of the window process.

use holdoff_core::messages::NoWindow;
use holdoff_engine::ipc::{self, Call, Caller, FromApp, Responder, Window};
use holdoff_engine::platform::data_dir::FileId;
use holdoff_engine::platform::environment::for_windows;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use tokio::sync::mpsc;

/// The variables that a program needs to find the display, and the cookie that authorizes it.
const DISPLAY: [&str; 3] = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"];

/// Defaults for WebKitGTK, which the user's environment overrides.
///
/// It renders without the graphics card, which a page of text does not need: a window opens in three quarters of the time
/// and takes 55 MiB less. With NVIDIA's own driver, windows often stay blank otherwise
/// (<https://github.com/tauri-apps/tauri/issues/10702>, `/9304`). The JavaScript JIT is off: this saves 10 to 15 MiB, small
/// pages do not notice it, and no memory is both writable and executable.
const WEB_ENGINE: [(&str, &str); 2] = [("WEBKIT_DISABLE_DMABUF_RENDERER", "1"), ("JSC_useJIT", "0")];

/// The display of this process, to be sent to an app that already runs and was started on another display.
pub fn display() -> BTreeMap<String, String> {
    let one = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    DISPLAY.into_iter().filter_map(one).collect()
}

#[derive(Debug)]
pub struct WindowProcess {
    /// The path this program was started from. A newer program may be at that path by now.
    own: PathBuf,
    display: BTreeMap<String, String>,
    /// The display that the window process was started for.
    started_on: BTreeMap<String, String>,
    running: bool,
    /// Whether the running process has connected.
    came_up: bool,
    caller: Option<Caller>,
    /// The window requested last.
    wanted: Option<Window>,
    /// The position of the icon that was clicked last, if known.
    icon: Option<(i32, i32)>,
    /// Windows requested while the process is starting.
    pending: Vec<Window>,
    tell_ended: mpsc::UnboundedSender<ExitStatus>,
    calls: mpsc::Sender<(Call, Responder)>,
}

impl WindowProcess {
    /// For the app whose program is `own`. Reports how each window process ends, to be passed to [`WindowProcess::ended`].
    /// The calls of the process go to `calls`.
    pub fn new(
        own: PathBuf,
        tell_ended: mpsc::UnboundedSender<ExitStatus>,
        calls: mpsc::Sender<(Call, Responder)>,
    ) -> Self {
        Self {
            own,
            display: display(),
            started_on: BTreeMap::new(),
            running: false,
            came_up: false,
            caller: None,
            wanted: None,
            icon: None,
            pending: Vec::new(),
            tell_ended,
            calls,
        }
    }

    /// Opens the next window on this display: a new session may have begun while the app runs. Only display variables are
    /// taken over.
    pub fn show_on(&mut self, display: BTreeMap<String, String>) {
        let display: BTreeMap<_, _> = display.into_iter().filter(|(name, _)| DISPLAY.contains(&&**name)).collect();
        if !display.is_empty() {
            self.display = display;
        }
    }

    /// Shows a window; starts the process if it is not running. A panel opens beside `icon`, if its position is known.
    ///
    /// # Errors
    /// Fails if the program cannot be started.
    pub fn open(&mut self, window: Window, icon: Option<(i32, i32)>) -> Result<(), NoWindow> {
        self.icon = icon;
        self.try_open(window).map_err(|error| NoWindow::NotStarted(error.to_string()))
    }

    fn try_open(&mut self, window: Window) -> io::Result<()> {
        self.wanted = Some(window);
        if let Some(caller) = &self.caller
            && caller.send(FromApp::Show { window, icon: self.icon })
        {
            return Ok(());
        }
        self.caller = None;
        if self.running {
            self.pending.push(window);
            return Ok(());
        }
        let mut child = self.start(window)?;
        self.started_on.clone_from(&self.display);
        (self.running, self.came_up) = (true, false);
        let tell = self.tell_ended.clone();
        std::thread::Builder::new().name("windows-end".into()).spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = tell.send(status);
            }
        })?;
        Ok(())
    }

    /// Records that the process has connected.
    pub fn attach(&mut self, caller: Caller) {
        for window in self.pending.drain(..) {
            caller.send(FromApp::Show { window, icon: self.icon });
        }
        self.came_up = true;
        self.caller = Some(caller);
    }

    /// Refuses a process of another version, which then ends. Returns the window to open after a restart of the app, if a
    /// restart helps: its own program was replaced as well.
    ///
    /// # Errors
    /// Fails if the two installed programs do not belong together.
    pub fn refuse(&mut self, caller: &Caller, version: String) -> Result<Option<Window>, NoWindow> {
        caller.send(FromApp::OtherVersion);
        self.came_up = true;
        let replaced = cfg!(target_os = "linux") && FileId::at(&self.own) != FileId::at(Path::new("/proc/self/exe"));
        match replaced {
            true => Ok(self.wanted),
            false => Err(NoWindow::OtherVersion { window: version, app: env!("CARGO_PKG_VERSION").to_owned() }),
        }
    }

    /// Records that the process has ended. Returns the window that was requested while it was ending.
    ///
    /// # Errors
    /// Fails if the process never showed a window.
    pub fn ended(&mut self, status: ExitStatus) -> Result<Option<Window>, NoWindow> {
        self.running = false;
        self.caller = None;
        let wanted = std::mem::take(&mut self.pending).pop();
        if status.code() == Some(i32::from(ipc::NO_DISPLAY)) {
            // A window on another display may have been requested before this process ended.
            wanted.filter(|_| self.display != self.started_on).map(Some).ok_or(NoWindow::NoDisplay)
        } else if self.came_up || status.success() {
            Ok(wanted)
        } else {
            Err(NoWindow::Ended(status.to_string()))
        }
    }

    /// The path of the app's own program, as installed now.
    pub fn own_program(&self) -> &Path {
        &self.own
    }

    pub fn is_attached(&self) -> bool {
        self.caller.is_some()
    }

    pub fn send(&mut self, message: FromApp) {
        if let Some(caller) = &self.caller
            && !caller.send(message)
        {
            self.caller = None;
        }
    }

    fn start(&self, window: Window) -> io::Result<Child> {
        let mut command = program(&self.own);
        // No token reaches a window, not even one from the user's own environment.
        command
            .arg(window.flag())
            .args(self.icon.and_then(ipc::icon_argument))
            .env_clear()
            .envs(WEB_ENGINE)
            .envs(for_windows(std::env::vars_os()));
        for name in DISPLAY {
            match self.display.get(name) {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // Only this connection is allowed to delete, change or renew.
        command.stdin(ipc::line_for_windows(self.calls.clone())?).spawn()
    }
}

/// The program of the windows, in the same folder as this one.
#[cfg(target_os = "linux")]
fn program(own: &Path) -> Command {
    Command::new(own.with_file_name("holdoff-window"))
}

/// This program is also the program of the windows.
#[cfg(not(target_os = "linux"))]
fn program(own: &Path) -> Command {
    let mut command = Command::new(own);
    command.arg("--windows");
    command
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn window_requested_on_another_display_during_exit_is_reopened() {
        let no_display = ExitStatus::from_raw(i32::from(ipc::NO_DISPLAY) << 8);
        let on = |name: &str| BTreeMap::from([("DISPLAY".to_owned(), name.to_owned())]);
        let ended = |asked_on: Option<&str>| {
            let (tell, calls) = (mpsc::unbounded_channel().0, mpsc::channel(1).0);
            let mut process = WindowProcess::new(PathBuf::new(), tell, calls);
            (process.running, process.started_on, process.display) = (true, on(":9"), on(":9"));
            if let Some(display) = asked_on {
                process.show_on(on(display));
                process.open(Window::Panel, None).unwrap();
            }
            process.ended(no_display)
        };
        assert!(matches!(ended(Some(":1")), Ok(Some(Window::Panel))));
        assert!(matches!(ended(Some(":9")), Err(NoWindow::NoDisplay)));
        assert!(matches!(ended(None), Err(NoWindow::NoDisplay)));
    }
}
