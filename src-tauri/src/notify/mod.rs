//! Native notifications, and whether a service can show them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub use linux::{Notifier, last_words};
#[cfg(not(target_os = "linux"))]
pub use other::{Notifier, last_words};

use crate::tray::menu::TrayAction;
use holdoff_core::{AccountId, LocalTime, NoticeKind, messages};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::tasks::runner::Announcement;

/// The label of the button that opens the sign-in steps.
const SIGN_IN: &str = "Sign in again…";
/// How many notifications are remembered with their targets.
const REMEMBERED: usize = 256;

/// A notification in a platform-independent form.
#[derive(Debug)]
struct Message {
    title: String,
    body: String,
    /// The target of its button and of a click anywhere on it.
    target: Target,
}

/// The target of a notification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Target {
    #[default]
    Panel,
    Settings,
    /// The sign-in steps of this account.
    SignIn(AccountId),
}

impl Target {
    fn has_button(&self) -> bool {
        matches!(self, Self::SignIn(_))
    }

    fn click(self) -> TrayAction {
        match self {
            Self::Panel => TrayAction::OpenPanel,
            Self::Settings => TrayAction::OpenSettings,
            Self::SignIn(account) => TrayAction::OpenSignInSteps(account),
        }
    }
}

impl Message {
    /// A notification about the account with this label.
    fn of(announcement: &Announcement, label: &str, environment: &Environment, local: &LocalTime) -> Self {
        let now = environment.clock.now();
        let (title, body) = messages::notice(&announcement.notice, label, &announcement.state, now, local);
        let target = match announcement.notice.kind {
            NoticeKind::SignInStopped => Target::SignIn(announcement.account.clone()),
            _ => Target::Panel,
        };
        Self { title, body, target }
    }

    fn plain(title: &str, body: &str) -> Self {
        Self { title: title.to_owned(), body: body.to_owned(), target: Target::Panel }
    }
}
