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
    /// Whose sign-in it leads to, on the button and on a click anywhere.
    lead: Option<AccountId>,
}

impl Message {
    /// One notice about the account of this label.
    fn of(announcement: &Announcement, label: &str, environment: &Environment, local: &LocalTime) -> Self {
        let now = environment.clock.now();
        let (title, body) = words::notice(&announcement.notice, label, &announcement.state, now, local);
        let lead = match announcement.notice.kind {
            NoticeKind::SignInStopped => Some(announcement.account.clone()),
            NoticeKind::RateLimited
            | NoticeKind::RenewalLimited
            | NoticeKind::RenewalUnsaved
            | NoticeKind::Recovered
            | NoticeKind::Window => None,
        };
        Self { title, body, lead }
    }

    fn plain(title: &str, body: &str) -> Self {
        Self { title: title.to_owned(), body: body.to_owned(), lead: None }
    }
}

/// Where a click on a notification leads.
fn click(lead: Option<AccountId>) -> Click {
    lead.map_or(Click::OpenPanel, Click::OpenGuide)
}
