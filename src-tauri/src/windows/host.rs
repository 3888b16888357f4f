//! The tray app's hold of the windows' process.

use crate::arguments;
use holdoff_engine::ipc::{Caller, FromApp, Window};
use std::process::{Child, Command, Stdio};

#[derive(Debug, Default)]
pub struct Host {
    child: Option<Child>,
    caller: Option<Caller>,
    /// Wished for while the process is starting.
    pending: Vec<Window>,
}

impl Host {
    /// Brings a window up, starting the process if it is not there.
    ///
    /// # Errors
    /// When the program cannot be started a second time.
    pub fn open(&mut self, window: Window) -> std::io::Result<()> {
        self.reap();
        if let Some(caller) = &self.caller
            && caller.tell(FromApp::Show { window })
        {
            return Ok(());
        }
        self.caller = None;
        if self.child.is_some() {
            self.pending.push(window);
            return Ok(());
        }
        let child = Command::new(std::env::current_exe()?)
            .args(["--windows", arguments::flag(window)])
            // No token crosses into a window, not even one of the person's own environment.
            .env_remove("CLAUDE_CODE_OAUTH_TOKEN")
            .stdin(Stdio::null())
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// The process is up and listening.
    pub fn attach(&mut self, caller: Caller) {
        for window in self.pending.drain(..) {
            caller.tell(FromApp::Show { window });
        }
        self.caller = Some(caller);
    }

    pub fn is_attached(&mut self) -> bool {
        self.reap();
        self.caller.is_some()
    }

    pub fn tell(&mut self, message: FromApp) {
        if let Some(caller) = &self.caller
            && !caller.tell(message)
        {
            self.caller = None;
        }
    }

    /// Takes note of a process that has ended, so that it does not stay as a zombie.
    fn reap(&mut self) {
        let ended = self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
        if ended {
            self.child = None;
            self.caller = None;
        }
    }
}
