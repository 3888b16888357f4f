//! Opens windows, and tells the user why one did not open.

use super::{Controller, Next};
use holdoff_core::AccountId;
use holdoff_core::messages::{self, NoWindow};
use holdoff_engine::ipc::Window;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// Any program may request windows as often as it likes. A failure is reported once in this real-time interval.
const SAID_ENOUGH: Duration = Duration::from_secs(5);

impl Controller {
    pub(super) fn open(&mut self, window: Window) {
        self.open_beside(None, window);
    }

    /// Opens a window; the panel beside the icon, if its position is known.
    pub(super) fn open_beside(&mut self, icon: Option<(i32, i32)>, window: Window) {
        self.probe_programs(None, None);
        if let Err(error) = self.windows.open(window, icon) {
            self.no_window(&error);
        }
    }

    pub(super) fn windows_ended(&mut self, status: ExitStatus) -> Next {
        match self.windows.ended(status) {
            Ok(Some(window)) => self.open(window),
            Ok(None) => {}
            Err(why) => self.no_window(&why),
        }
        Next::Go
    }

    /// Tells the user why their click opened no window.
    pub(super) fn no_window(&mut self, why: &NoWindow) {
        if self.no_window.as_ref().is_some_and(|(said, at)| said == why && at.elapsed() < SAID_ENOUGH) {
            return;
        }
        self.no_window = Some((why.clone(), Instant::now()));
        tracing::error!(?why, "a window could not be opened");
        let notifier = self.notifier.clone();
        let (title, body) = messages::no_window(why, &self.environment.log_dir.display().to_string());
        tokio::spawn(async move { notifier.show_text(title, &body).await });
    }

    /// Opens the settings, at the sign-in steps of this account if there is one.
    pub(super) fn open_settings(&mut self, account: Option<AccountId>) {
        self.signing_in.turn_to(account);
        self.open(Window::Settings);
    }
}
