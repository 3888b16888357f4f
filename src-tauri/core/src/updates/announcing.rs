//! That a newer version is there, which is said once.

use super::{Phase, Updates};
use crate::gate::policy;
use crate::time::Moment;

impl Updates {
    /// Its person does not want to hear of it.
    pub(super) fn skip(&mut self, version: String) {
        // What was announced before it stays known, or would be announced once more.
        if let Some(Phase::Waiting { .. }) = self.phase() {
            self.state.announcement = None;
        }
        self.state.skipped = Some(version);
        self.saving.dirty = true;
    }

    pub(super) fn phase(&mut self) -> Option<&mut Phase> {
        self.state.announcement.as_mut().map(|announcement| &mut announcement.phase)
    }

    /// When it may be said that a version is there.
    pub(super) fn announcement_due(&self, now: Moment) -> Option<Moment> {
        let announcement = self.state.announcement.as_ref()?;
        let Phase::Waiting { until } = announcement.phase else { return None };
        let is_offered = self.offered().is_some_and(|release| release.version.to_string() == announcement.version);
        let quiet = self.preferences.quiet.and_then(|quiet| quiet.end(now.wall, &self.zone));
        let quiet = quiet.map_or(until, |end| until.later(now.plus(end.since(now.wall))));
        (is_offered && self.notice_service).then_some(quiet)
    }

    /// It is noted as being said before it is said.
    pub(super) fn start_announcing(&mut self, now: Moment) -> bool {
        if self.announcement_due(now).is_none_or(|at| at.is_after(now)) {
            return false;
        }
        let Some(announcement) = &mut self.state.announcement else { return false };
        announcement.phase = Phase::Showing;
        self.to_announce = Some(announcement.version.clone());
        true
    }

    /// What is noted may have waited for its disk, and its person have chosen otherwise since, or quiet hours have begun.
    pub(super) fn still_to_announce(&mut self, now: Moment) -> Option<String> {
        let version = self.to_announce.take()?;
        *self.phase()? = Phase::Waiting { until: now };
        if self.announcement_due(now).is_some_and(|at| !at.is_after(now)) {
            *self.phase()? = Phase::Showing;
            return Some(version);
        }
        self.saving.dirty = true;
        None
    }

    pub(super) fn announced(&mut self, shown: bool, now: Moment) {
        let Some(announcement) = &mut self.state.announcement else { return };
        if shown {
            announcement.phase = Phase::Shown;
        } else {
            announcement.missed = announcement.missed.saturating_add(1);
            announcement.phase = Phase::Waiting { until: now.plus(policy::NOTICE.after(announcement.missed)) };
        }
        self.saving.dirty = true;
    }
}
