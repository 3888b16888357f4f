//! The tray app's hold of the windows' process.

use crate::arguments;
use holdoff_engine::ipc::{Caller, FromApp, Window};
use std::process::{Command, ExitStatus, Stdio};
use tokio::sync::mpsc;

#[derive(Debug)]
pub struct Host {
    running: bool,
    /// The process that runs came so far as to listen.
    came_up: bool,
    caller: Option<Caller>,
    /// Wished for while the process is starting.
    pending: Vec<Window>,
    tell_ended: mpsc::UnboundedSender<ExitStatus>,
}

impl Host {
    /// Tells how each process of the windows ends; [`Host::ended`] wants to hear of it.
    pub fn new(tell_ended: mpsc::UnboundedSender<ExitStatus>) -> Self {
        Self { running: false, came_up: false, caller: None, pending: Vec::new(), tell_ended }
    }

    /// Brings a window up, starting the process if it is not there.
    ///
    /// # Errors
    /// When the program cannot be started a second time.
    pub fn open(&mut self, window: Window) -> std::io::Result<()> {
        if let Some(caller) = &self.caller
            && caller.tell(FromApp::Show { window })
        {
            return Ok(());
        }
        self.caller = None;
        if self.running {
            self.pending.push(window);
            return Ok(());
        }
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--windows", arguments::flag(window)])
            // No token crosses into a window, not even one of the person's own environment.
            .env_remove("CLAUDE_CODE_OAUTH_TOKEN")
            .stdin(Stdio::null())
            .spawn()?;
        (self.running, self.came_up) = (true, false);
        let tell = self.tell_ended.clone();
        std::thread::Builder::new().name("windows-end".into()).spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = tell.send(status);
            }
        })?;
        Ok(())
    }

    /// The process is up and listening.
    pub fn attach(&mut self, caller: Caller) {
        for window in self.pending.drain(..) {
            caller.tell(FromApp::Show { window });
        }
        self.came_up = true;
        self.caller = Some(caller);
    }

    /// The process is gone. Gives back the window that was wished for while it was going, or an error if it never came to
    /// show one.
    pub fn ended(&mut self, status: ExitStatus) -> Result<Option<Window>, String> {
        self.running = false;
        self.caller = None;
        let wished = std::mem::take(&mut self.pending).pop();
        if self.came_up || status.success() { Ok(wished) } else { Err(status.to_string()) }
    }

    pub fn is_attached(&self) -> bool {
        self.caller.is_some()
    }

    pub fn tell(&mut self, message: FromApp) {
        if let Some(caller) = &self.caller
            && !caller.tell(message)
        {
            self.caller = None;
        }
    }
}
