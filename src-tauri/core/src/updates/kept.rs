//! What is kept of updates over restarts: else a restart would ask again, and say again what was said.

use crate::gate::policy;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdatesState {
    /// When the list was asked for last.
    pub asked: Option<Moment>,
    /// It was asked for, and no answer is known of yet.
    pub under_way: bool,
    /// When it is asked for next.
    pub next: Option<Moment>,
    /// The server asked to be left alone until then.
    pub held: Option<Moment>,
    /// What came of the last time.
    pub outcome: Option<Checked>,
    /// The newest list that had a newer version in it, as it was signed: it is believed no more than when it came.
    pub signed: Option<String>,
    pub announcement: Option<Announcement>,
    /// The version that its person does not want to hear of any more.
    pub skipped: Option<String>,
}

/// What came of a look for updates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// The newest release is this version.
    Newest,
    /// There is a newer one.
    Found { version: String },
    /// The newest release that the list names is older than this version.
    Older { version: String },
    /// Why it is not known.
    Failed { why: String },
}

/// That a version is there, which is said once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    pub version: String,
    pub phase: Phase,
    /// Offers that no service took.
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
    /// Nothing is left that knows when it was asked last: as if it were now.
    pub fn lost(now: Moment) -> Self {
        Self { next: Some(now.plus(policy::UPDATE_SPACING)), ..Self::default() }
    }

    pub(crate) fn carry_over_reboot(&mut self, last: Option<Moment>, now: Moment) {
        let known = last.or(self.asked).unwrap_or(now);
        for at in [&mut self.asked, &mut self.next, &mut self.held].into_iter().flatten() {
            *at = at.carried(known, now);
        }
        if let Some(Announcement { phase: Phase::Waiting { until }, .. }) = &mut self.announcement {
            *until = now;
        }
    }
}
