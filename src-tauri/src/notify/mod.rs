//! Native notifications, and whether there is a service to show them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub use linux::{Notifier, last_words};
#[cfg(not(target_os = "linux"))]
pub use other::{Notifier, last_words};

use crate::menu::Click;
use holdoff_core::{AccountId, LocalTime, NoticeKind, words};
use holdoff_engine::environment::Environment;
use holdoff_engine::runner::Announcement;

/// What stands on the button of a notification that leads to the way back to a sign-in.
const SIGN_IN: &str = "Sign in again…";
/// Of so many notifications it is known where they lead.
const REMEMBERED: usize = 256;

/// A notification, before it is anybody's.
#[derive(Debug)]
struct Message {
    title: String,
    body: String,
    /// Where it leads, on the button and on a click anywhere.
    lead: Lead,
}

/// Where a notification leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Lead {
    #[default]
    Panel,
    Settings,
    /// The way back to this account's sign-in.
    SignIn(AccountId),
}

impl Lead {
    fn has_button(&self) -> bool {
        matches!(self, Self::SignIn(_))
    }

    fn click(self) -> Click {
        match self {
            Self::Panel => Click::OpenPanel,
            Self::Settings => Click::OpenSettings,
            Self::SignIn(account) => Click::OpenGuide(account),
        }
    }
}

impl Message {
    /// One notice about the account of this label.
    fn of(announcement: &Announcement, label: &str, environment: &Environment, local: &LocalTime) -> Self {
        let now = environment.clock.now();
        let (title, body) = words::notice(&announcement.notice, label, &announcement.state, now, local);
        let lead = match announcement.notice.kind {
            NoticeKind::SignInStopped => Lead::SignIn(announcement.account.clone()),
            NoticeKind::RateLimited
            | NoticeKind::RenewalLimited
            | NoticeKind::RenewalUnsaved
            | NoticeKind::Recovered
            | NoticeKind::Window => Lead::Panel,
        };
        Self { title, body, lead }
    }

    fn plain(title: &str, body: &str) -> Self {
        Self { title: title.to_owned(), body: body.to_owned(), lead: Lead::Panel }
    }
}
