//! Notify once: law 9, law 7 (a wait for the owner is not a failure), and law 6 (a missing scope is named).

use super::{Broken, Expected, Laws, broken};
use crate::laws::constants::SHOWN_WITHIN;
use crate::observation::{GateStatus, MINUTE, Meaning, Millis, SavedAccount, Showing, UserSettings};
use holdoff_core::{Endpoint, NoticeKind};

/// The scope that a sign-in needs to read usage.
const SCOPE: &str = "user:profile";

/// The notification episodes of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Notices {
    limit: Option<Episode>,
    sign_in: Option<Episode>,
    renewal: Option<Episode>,
    /// `ends`: recovery notices that may still be shown. `end_owed`: for how long a mandatory one has been outstanding.
    ends: u8,
    end_owed: Option<Millis>,
    /// Notices that were being shown when their episode ended.
    late: Showing,
}

/// From the first refusal to the next success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Episode {
    announced: Announced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Announced {
    /// The user turned this notice off.
    Unwanted,
    /// Not shown yet, although the notification service was available for this long.
    Owed(Millis),
    Shown,
    /// The process ended while the notice was being shown: it counts as shown, but may not have been.
    Perhaps,
}

impl Notices {
    fn episode(&mut self, kind: NoticeKind) -> Option<&mut Option<Episode>> {
        match kind {
            NoticeKind::RateLimited => Some(&mut self.limit),
            NoticeKind::SignInStopped => Some(&mut self.sign_in),
            NoticeKind::RenewalLimited => Some(&mut self.renewal),
            _ => None,
        }
    }

    fn begin(&mut self, kind: NoticeKind, wanted: bool) {
        self.late.set(kind, false);
        if let Some(episode @ None) = self.episode(kind) {
            *episode = Some(Episode { announced: if wanted { Announced::Owed(0) } else { Announced::Unwanted } });
        }
    }

    /// Ends every episode in `ended`.
    fn end(&mut self, ended: &[NoticeKind], showing: Showing, wanted: bool) {
        let mut said = false;
        for kind in ended {
            let Some(announced) = self.episode(*kind).and_then(Option::take).map(|episode| episode.announced) else {
                continue;
            };
            let late = matches!(announced, Announced::Owed(_)) && showing.has(*kind);
            self.late.set(*kind, late);
            said |= matches!(announced, Announced::Shown | Announced::Perhaps);
            if announced == Announced::Shown && wanted {
                self.end_owed = Some(0);
            }
        }
        self.ends += u8::from(said && wanted);
    }

    /// The process ended while these notices were being shown.
    pub(super) fn cut_off(&mut self, showing: Showing) {
        for kind in [NoticeKind::RateLimited, NoticeKind::SignInStopped, NoticeKind::RenewalLimited] {
            if !showing.has(kind) {
                continue;
            }
            if let Some(Some(Episode { announced: announced @ Announced::Owed(_) })) = self.episode(kind) {
                *announced = Announced::Perhaps;
            } else if self.late.has(kind) {
                // It counts as shown, so its end may be announced.
                self.late.set(kind, false);
                self.ends += 1;
            }
        }
        if showing.end {
            (self.ends, self.end_owed) = (self.ends.saturating_sub(1), None);
        }
    }

    /// The same account under its own name: what was announced stays announced.
    pub(super) fn merge(&mut self, other: &Self) {
        self.limit = self.limit.or(other.limit);
        self.sign_in = self.sign_in.or(other.sign_in);
        self.renewal = self.renewal.or(other.renewal);
        self.ends = self.ends.max(other.ends);
        self.end_owed = self.end_owed.or(other.end_owed);
    }

    /// Adds the time for which the service was available.
    fn owe(&mut self, gone_by: Millis) -> Result<(), Broken> {
        let kinds = [NoticeKind::RateLimited, NoticeKind::SignInStopped, NoticeKind::RenewalLimited];
        for kind in kinds {
            if let Some(Some(Episode { announced: Announced::Owed(owed) })) = self.episode(kind) {
                *owed += gone_by;
                let owed = *owed / MINUTE;
                if owed > SHOWN_WITHIN / MINUTE {
                    broken(9, || format!("{kind:?} was not shown in {owed} min with a service that would have"))?;
                }
            }
        }
        if let Some(owed) = &mut self.end_owed {
            *owed += gone_by;
            let owed = *owed / MINUTE;
            if owed > SHOWN_WITHIN / MINUTE {
                broken(9, || format!("the end was not shown in {owed} min with a service that would have"))?;
            }
        }
        Ok(())
    }

    fn show(&mut self, kind: NoticeKind, wanted: bool) -> Result<(), Broken> {
        let late = self.late.has(kind);
        self.late.set(kind, false);
        let Some(episode) = self.episode(kind) else {
            return self.show_end(kind);
        };
        match episode {
            Some(Episode { announced: announced @ Announced::Owed(_) }) => {
                *announced = Announced::Shown;
                Ok(())
            }
            Some(Episode { announced: Announced::Shown | Announced::Perhaps }) => {
                broken(9, || format!("{kind:?} was shown twice in one episode"))
            }
            Some(Episode { announced: Announced::Unwanted }) => {
                broken(9, || format!("{kind:?} was shown, and is not wanted"))
            }
            None if late => {
                if wanted {
                    (self.ends, self.end_owed) = (self.ends + 1, Some(0));
                }
                Ok(())
            }
            None if kind == NoticeKind::SignInStopped => {
                broken(7, || "the person was bothered about a sign-in that nobody refused".to_owned())
            }
            None => broken(9, || format!("{kind:?} was shown, and there is no such episode")),
        }
    }

    fn show_end(&mut self, kind: NoticeKind) -> Result<(), Broken> {
        if kind != NoticeKind::Recovered {
            return Ok(());
        }
        self.end_owed = None;
        let Some(left) = self.ends.checked_sub(1) else {
            return broken(9, || "an end was shown whose beginning was not".to_owned());
        };
        self.ends = left;
        Ok(())
    }
}

impl Expected {
    /// A response begins an episode, or ends the ones that it disproves. `before` is the state that was durable at
    /// that time.
    pub(super) fn notify(
        &mut self,
        now: Millis,
        of: Endpoint,
        meaning: &Meaning,
        user_settings: UserSettings,
        before: Option<SavedAccount>,
    ) {
        match (of, meaning) {
            (Endpoint::Usage, Meaning::Limited { .. } | Meaning::AtEdge) => {
                self.notices.begin(NoticeKind::RateLimited, user_settings.notify_limit);
            }
            (Endpoint::Token, Meaning::Limited { .. }) => {
                self.notices.begin(NoticeKind::RenewalLimited, user_settings.notify_limit);
            }
            (_, Meaning::MissingScope | Meaning::NotAllowed | Meaning::Forbidden | Meaning::UnusableTokens) => {
                self.notify_paused(true, user_settings)
            }
            // A reading with the token before proves nothing of a stored one that lacks the scope.
            (_, Meaning::Reading { .. }) if self.usage.paused.is_none() => {
                self.notify_recovered(now, user_settings, before)
            }
            _ => {}
        }
    }

    /// `found`: the sign-in of this account is stored. One that lacked the scope and is gone by the time that notifications
    /// are wanted again is nothing that the user could mend.
    pub(super) fn notify_paused(&mut self, found: bool, user_settings: UserSettings) {
        let usage = self.usage.paused.is_some() && (found || self.usage.lacking().is_none());
        if usage || (found && self.token.paused.is_some()) {
            self.notices.begin(NoticeKind::SignInStopped, user_settings.notify_sign_in);
        }
    }

    fn notify_recovered(&mut self, now: Millis, user_settings: UserSettings, before: Option<SavedAccount>) {
        let sign_in = self.token.paused.is_none();
        let open = match before.map(|kept| kept.token.status) {
            Some(GateStatus::Until(until)) => until <= now,
            Some(GateStatus::Open) | None => true,
            Some(GateStatus::Paused) => false,
        };
        let renewal = sign_in && open;
        let ended: &[NoticeKind] = match (sign_in, renewal) {
            (true, true) => &[NoticeKind::RateLimited, NoticeKind::SignInStopped, NoticeKind::RenewalLimited],
            (true, false) => &[NoticeKind::RateLimited, NoticeKind::SignInStopped],
            (false, _) => &[NoticeKind::RateLimited],
        };
        let showing = before.map(|kept| kept.showing).unwrap_or_default();
        self.notices.end(ended, showing, user_settings.notify_recovery);
    }
}

impl Laws {
    pub(super) fn owe_notices(&mut self, gone_by: Millis) -> Result<(), Broken> {
        let able = !self.user_settings.free_only && self.service && self.running && self.awake && self.saving;
        if able && gone_by > 0 { self.account().expected.notices.owe(gone_by) } else { Ok(()) }
    }

    /// The sign-in ended. This is announced like every other end, but not while requests are turned off (law 16).
    pub(super) fn ended(&mut self) {
        let user_settings = self.user_settings;
        if !user_settings.free_only {
            self.account().expected.notices.begin(NoticeKind::SignInStopped, user_settings.notify_sign_in);
        }
    }

    /// Law 6: the notice of a sign-in without the scope must name the scope.
    pub(super) fn worded(&self, kind: NoticeKind, words: &str) -> Result<(), Broken> {
        if self.lacks_scope && kind == NoticeKind::SignInStopped && !words.contains(SCOPE) {
            return broken(6, || format!("the sign-in was stored without {SCOPE}, and what is said is: {words:?}"));
        }
        Ok(())
    }

    /// A notice that the user saw counts as shown, whatever the stored state says.
    pub(super) fn shown(&mut self, kind: NoticeKind) -> Result<(), Broken> {
        let wanted = self.user_settings.notify_recovery;
        let account = self.account();
        account.kept.notices.show(kind, wanted).ok();
        account.expected.notices.show(kind, wanted)
    }
}
