//! The persisted update state, so that a restart does not check or announce again.

use crate::gate::policy;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdatesState {
    /// When the list was last requested.
    pub asked: Option<Moment>,
    /// The list was requested, and no answer is known yet.
    pub under_way: bool,
    /// When the list is requested next.
    pub next: Option<Moment>,
    /// No requests until then: the server asked for a wait.
    pub held: Option<Moment>,
    /// The outcome of the last check.
    pub outcome: Option<Checked>,
    /// The newest list with a newer version, with its signature. It is verified again whenever it is read.
    pub signed: Option<String>,
    pub announcement: Option<Announcement>,
    /// The version that the user skipped.
    pub skipped: Option<String>,
}

/// The outcome of an update check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// This version is the newest release.
    Newest,
    /// There is a newer release.
    Found { version: String },
    /// The newest release in the list is older than this version.
    Older { version: String },
    /// The check failed, for this reason.
    Failed { why: String },
}

/// The announcement of a version, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    pub version: String,
    pub phase: Phase,
    /// How often no service accepted it.
    #[serde(default)]
    pub missed: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Waiting { until: Moment },
    Showing,
    Shown,
}

impl UpdatesState {
    /// The state was lost. Counts as if the list had been requested now.
    pub fn lost(now: Moment) -> Self {
        Self { next: Some(now.plus(policy::UPDATE_SPACING)), ..Self::default() }
    }

    pub(crate) fn rebase_after_reboot(&mut self, last: Option<Moment>, now: Moment) {
        let known = last.or(self.asked).unwrap_or(now);
        for at in [&mut self.asked, &mut self.next, &mut self.held].into_iter().flatten() {
            *at = at.rebase_after_reboot(known, now);
        }
        if let Some(Announcement { phase: Phase::Waiting { until }, .. }) = &mut self.announcement {
            *until = now;
        }
    }
}
