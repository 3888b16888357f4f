//! Law 18: checking for newer versions of Holdoff. Independent of the accounts, with an observation stream of its own.

use super::{Broken, broken};
use crate::observation::{DAY, HOUR, Millis};
use std::collections::BTreeSet;

/// A longer `Retry-After` counts as this.
const LONGEST_WAIT: Millis = 30 * DAY;

/// One observation of the update check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdatesSeen {
    /// The user made a choice.
    Wanted(bool),
    /// A request was sent, and whether its intent was on disk.
    Left {
        is_saved: bool,
    },
    /// The request did not leave this computer after all.
    TakenBack,
    /// A response, with the wait of its `Retry-After`.
    Answered {
        wait: Option<Millis>,
    },
    /// Everything learned so far is on disk.
    Kept,
    /// A version is about to be announced, or the announcement failed.
    Announced(String),
    NotShown(String),
    /// The user clicked.
    Skipped(String),
    Clicked,
    Fetched,
    /// The downloaded files are put in place.
    Put,
    Died,
    /// All stored state is lost, and the loss is known.
    Lost,
    /// Only a wall clock that was set ahead says how long the machine was off.
    Rebooted {
        ahead: Millis,
    },
}

#[derive(Debug, Default)]
pub struct UpdatesLaw {
    wanted: bool,
    /// When the last request was sent, and the one before.
    left: Option<Millis>,
    before: Option<Millis>,
    /// The server is not asked before this time, once that is durable.
    learned: Option<Millis>,
    held: Option<Millis>,
    said: BTreeSet<String>,
    skipped: BTreeSet<String>,
    clicked: bool,
    fetched: bool,
    /// Requests sent.
    pub requests: u32,
}

impl UpdatesLaw {
    /// # Errors
    /// The law that the observation breaks.
    pub fn observe(&mut self, at: Millis, seen: &UpdatesSeen) -> Result<(), Broken> {
        match seen {
            UpdatesSeen::Wanted(wanted) => self.wanted = *wanted,
            UpdatesSeen::Left { is_saved } => return self.leaves(at, *is_saved),
            UpdatesSeen::TakenBack => {
                self.left = self.before;
                self.requests -= 1;
            }
            UpdatesSeen::Answered { wait } => {
                let until = wait.map(|wait| at + wait.min(LONGEST_WAIT));
                self.learned = self.learned.max(until);
            }
            UpdatesSeen::Kept => self.held = self.held.max(self.learned),
            UpdatesSeen::Announced(version) => return self.announces(version),
            UpdatesSeen::NotShown(version) => _ = self.said.remove(version),
            UpdatesSeen::Skipped(version) => _ = self.skipped.insert(version.clone()),
            UpdatesSeen::Clicked => self.clicked = true,
            UpdatesSeen::Fetched if !self.clicked => {
                return broken(18, || "a package is fetched that nobody chose".into());
            }
            UpdatesSeen::Fetched => (self.clicked, self.fetched) = (false, true),
            UpdatesSeen::Put if !self.fetched => {
                return broken(18, || "something is installed that nobody chose".into());
            }
            UpdatesSeen::Put => self.fetched = false,
            UpdatesSeen::Died => (self.clicked, self.fetched, self.learned) = (false, false, self.held),
            UpdatesSeen::Lost => {
                (self.held, self.learned) = (None, None);
                self.said.clear();
                self.skipped.clear();
            }
            UpdatesSeen::Rebooted { ahead } => {
                for expected in
                    [&mut self.left, &mut self.before, &mut self.held, &mut self.learned].into_iter().flatten()
                {
                    *expected -= ahead;
                }
            }
        }
        Ok(())
    }

    fn leaves(&mut self, at: Millis, is_saved: bool) -> Result<(), Broken> {
        if !self.wanted {
            return broken(18, || "newer versions are looked for, and its person did not choose that".into());
        }
        if !is_saved {
            return broken(18, || "a request leaves whose intent is not on disk".into());
        }
        if let Some(left) = self.left.filter(|left| at - left < DAY) {
            return broken(18, || {
                format!("newer versions are looked for {:.1} h after the last time", (at - left) as f64 / HOUR as f64)
            });
        }
        if let Some(held) = self.held.filter(|held| at < *held) {
            return broken(18, || {
                format!("the server asked to be left alone for {:.1} h more", (held - at) as f64 / HOUR as f64)
            });
        }
        (self.before, self.left) = (self.left, Some(at));
        self.requests += 1;
        Ok(())
    }

    fn announces(&mut self, version: &str) -> Result<(), Broken> {
        if !self.wanted {
            return broken(18, || format!("{version} is announced to somebody who did not choose to hear of it"));
        }
        if self.skipped.contains(version) {
            return broken(18, || format!("{version} is announced, which its person skipped"));
        }
        if !self.said.insert(version.to_owned()) {
            return broken(18, || format!("{version} is announced twice"));
        }
        Ok(())
    }
}
