//! Another copy of Holdoff of the same user, with another data folder. Both share the daily check and its result.

use super::{Announcement, Phase, Release, Updates, UpdatesState};
use crate::gate::policy;
use crate::time::Moment;
use std::cmp::Ordering;

impl Updates {
    /// Whether a list request is about to be made: time to take the lock shared by all copies and read their state.
    pub fn is_due(&mut self, now: Moment) -> bool {
        let is_at_rest = !self.saving.dirty && !self.saving.pending;
        is_at_rest && self.due(now).is_some_and(|due| !due.is_after(now))
    }

    /// Another copy is checking, or may be.
    pub(super) fn not_now(&mut self, now: Moment) {
        self.pause = Some(now.plus(self.rng.jitter().lengthen(policy::UPDATE_BUSY)));
    }

    /// Takes over the state of another copy if it checked later than this one.
    pub(super) fn take_over(&mut self, other: UpdatesState) {
        let own = &mut self.state;
        let later =
            |one: Option<Moment>, other: Option<Moment>| [one, other].into_iter().flatten().max_by_key(|at| at.boot);
        let before = (own.next, own.held);
        (own.next, own.held) = (later(own.next, other.next), later(own.held, other.held));
        self.saving.dirty |= before != (own.next, own.held);
        if other.asked.is_none_or(|asked| own.asked.is_some_and(|own| !asked.is_after(own))) {
            return;
        }
        (own.asked, own.outcome) = (other.asked, other.outcome);
        own.skipped = other.skipped.or(own.skipped.take());
        own.announcement = other.announcement.or(own.announcement.take()).map(cut_off_showing);
        own.signed = other.signed;
        self.verify_saved_list();
        self.saving.dirty = true;
    }

    /// Verifies and parses the saved list again.
    pub(super) fn verify_saved_list(&mut self) {
        let kept = self.state.signed.as_deref().zip(self.build.key.as_ref());
        let kept = kept.and_then(|(signed, key)| Release::read(signed.as_bytes(), key).ok());
        self.offer = kept.filter(|release| self.compare(release) == Ordering::Greater);
        if self.offer.is_none() {
            self.state.signed = None;
        }
    }
}

/// An announcement that was being shown when its process ended counts as shown.
pub(super) fn cut_off_showing(mut announcement: Announcement) -> Announcement {
    if announcement.phase == Phase::Showing {
        announcement.phase = Phase::Shown;
    }
    announcement
}
