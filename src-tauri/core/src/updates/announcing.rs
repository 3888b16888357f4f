//! Announces a newer version, once.

use super::{Phase, Updates};
use crate::gate::policy;
use crate::time::Moment;

impl Updates {
    /// The user skips this version.
    pub(super) fn skip(&mut self, version: String) {
        // Keep an announcement that was already shown, or it would be shown again.
        if let Some(Phase::Waiting { .. }) = self.phase() {
            self.state.announcement = None;
        }
        self.state.skipped = Some(version);
        self.saving.dirty = true;
    }

    pub(super) fn phase(&mut self) -> Option<&mut Phase> {
        self.state.announcement.as_mut().map(|announcement| &mut announcement.phase)
    }

    /// When the announcement may be shown.
    pub(super) fn announcement_due(&self, now: Moment) -> Option<Moment> {
        let announcement = self.state.announcement.as_ref()?;
        let Phase::Waiting { until } = announcement.phase else { return None };
        let is_offered = self.offered().is_some_and(|release| release.version.to_string() == announcement.version);
        let quiet = self.preferences.quiet.and_then(|quiet| quiet.end(now.wall, &self.zone));
        let quiet = quiet.map_or(until, |end| until.later(now.plus(end.since(now.wall))));
        (is_offered && self.notice_service).then_some(quiet)
    }

    /// Records the announcement as being shown before it is shown.
    pub(super) fn start_announcing(&mut self, now: Moment) -> bool {
        if self.announcement_due(now).is_none_or(|at| at.is_after(now)) {
            return false;
        }
        let Some(announcement) = &mut self.state.announcement else { return false };
        announcement.phase = Phase::Showing;
        self.to_announce = Some(announcement.version.clone());
        true
    }

    /// Checks again after saving: the user may have changed the settings meanwhile, or quiet hours may have begun.
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
