//! The meaning of the release server's answers.

use super::{Announcement, Checked, Phase, Release, Updates};
use crate::gate::policy;
use crate::gate::retry_after;
use crate::messages;
use crate::record::ledger::{LedgerEvent, OutcomeKind};
use crate::response::{Body, HttpResponse, SendResult};
use crate::time::Moment;
use std::cmp::Ordering;
use std::time::Duration;

impl Updates {
    /// Handles the result of a list request.
    pub(super) fn answered(&mut self, delivery: SendResult, now: Moment) {
        self.state.under_way = false;
        let (outcome, checked) = match delivery {
            SendResult::Answered(answer) => self.understand(answer, now),
            SendResult::NotSent(why) => self.not_sent(&why, now),
            SendResult::PermitExpired => self.not_sent(messages::UPDATE_LAPSED, now),
            SendResult::Lost(why) => (OutcomeKind::Ambiguous, failed(messages::update_lost(&why))),
        };
        let detail = Some(messages::update_checked(&checked));
        self.state.outcome = Some(checked);
        self.record(now, LedgerEvent::Completed { outcome, detail });
        self.saving.dirty = true;
    }

    /// Nothing left this computer, so it does not count as the day's check.
    fn not_sent(&mut self, why: &str, now: Moment) -> (OutcomeKind, Checked) {
        self.state.next = Some(now.plus(self.rng.jitter().lengthen(policy::UPDATE_UNSENT)));
        (OutcomeKind::Unreachable, failed(messages::update_not_sent(why)))
    }

    fn understand(&mut self, answer: HttpResponse, now: Moment) -> (OutcomeKind, Checked) {
        let wait = retry_after::parse_up_to(
            policy::UPDATE_RETRY_AFTER_MAX,
            answer.retry_after.as_deref(),
            answer.date.as_deref(),
            now.wall,
        );
        match (answer.status, answer.body) {
            (200, Body::Whole(bytes)) => self.listed(&bytes, now),
            (200, Body::Truncated(why)) => (OutcomeKind::Unreadable, failed(messages::update_torn(&why))),
            (429, _) => {
                let wait = self.hold(wait.unwrap_or(policy::UPDATE_HELD), now);
                (OutcomeKind::RateLimited, failed(messages::update_limited(wait)))
            }
            (status, _) => {
                if let Some(wait) = wait {
                    self.hold(wait, now);
                }
                let outcome = if status >= 500 { OutcomeKind::ServerTrouble } else { OutcomeKind::Forbidden };
                (outcome, failed(messages::update_status(status)))
            }
        }
    }

    /// Sends nothing to the server for this long.
    pub(super) fn hold(&mut self, wait: Duration, now: Moment) -> Duration {
        let until = now.plus(self.rng.jitter().lengthen(wait));
        self.state.held = Some(self.state.held.map_or(until, |held| held.later(until)));
        self.saving.dirty = true;
        wait
    }

    fn listed(&mut self, signed: &[u8], now: Moment) -> (OutcomeKind, Checked) {
        let Some(key) = &self.build.key else {
            return (OutcomeKind::Unreadable, failed(messages::UPDATE_NO_KEY.to_owned()));
        };
        // An unusable list changes nothing: an earlier offer stays.
        let release = match Release::read(signed, key) {
            Ok(release) => release,
            Err(why) => return (OutcomeKind::Unreadable, failed(messages::update_not_usable(&why))),
        };
        let version = release.version.to_string();
        let checked = match self.compare(&release) {
            Ordering::Greater => {
                self.offer(release, signed, now);
                Checked::Found { version }
            }
            Ordering::Equal => self.nothing_newer(Checked::Newest),
            Ordering::Less => self.nothing_newer(Checked::Older { version }),
        };
        (OutcomeKind::Release, checked)
    }

    fn offer(&mut self, release: Release, signed: &[u8], now: Moment) {
        let version = release.version.to_string();
        // This covers older versions too: a release may be withdrawn, and an old list served again.
        let known = self.state.announcement.as_ref().map(|known| known.version.as_str());
        if !release.is_at_most(known) && !release.is_at_most(self.state.skipped.as_deref()) {
            let phase = Phase::Waiting { until: now };
            self.state.announcement = Some(Announcement { version, phase, missed: 0 });
        }
        self.state.signed = String::from_utf8(signed.to_owned()).ok();
        self.offer = Some(release);
    }

    /// Clears the offer, since a release may have been withdrawn.
    fn nothing_newer(&mut self, checked: Checked) -> Checked {
        (self.offer, self.state.signed) = (None, None);
        checked
    }
}

fn failed(why: String) -> Checked {
    Checked::Failed { why }
}
