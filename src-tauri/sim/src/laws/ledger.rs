//! What is shown is true, and every request is in the ledger: laws 14 and 15.

use super::{AccountLaw, Broken, Expected, Laws, broken};
use crate::observation::{Kind, Line, MINUTE, Meaning, Millis, Recorded, SECOND, SavedAccount, View};
use holdoff_core::Endpoint;

/// A reading is stale when two polls in a row did not replace it, but never before 15 minutes.
const OLD: Millis = 15 * MINUTE;

impl Laws {
    /// A request is sent: all earlier ones must be accounted for.
    pub(super) fn check_accounted(&mut self, endpoint: Endpoint) -> Result<(), Broken> {
        // The entry may come before the request or just after it.
        if let Some(unsent) = self.unsent {
            return broken(15, || format!("a request to {unsent:?} stands in no line of the ledger"));
        }
        if self.announced.take() != Some(endpoint) {
            self.unsent = Some(endpoint);
        }
        self.check_dated()?;
        if let Some((endpoint, meaning)) = self.uncome.take() {
            return broken(15, || format!("what came of a request to {endpoint:?} stands in no line: {meaning:?}"));
        }
        let account = self.account();
        if std::mem::take(&mut account.orphan_told) {
            account.orphan = None;
        }
        match account.orphan {
            Some(orphan) => broken(15, || format!("a request to {orphan:?} that was cut off stands in no line")),
            None => Ok(()),
        }
    }

    pub(super) fn recorded(&mut self, recorded: &Recorded) -> Result<(), Broken> {
        let Some(endpoint) = recorded.endpoint.of_account() else {
            return broken(15, || format!("the ledger of an account has {:?} in it", recorded.endpoint));
        };
        match recorded.line {
            Line::Sent => {
                if self.unsent.take() != Some(endpoint)
                    && let Some(announced) = self.announced.replace(endpoint)
                {
                    return broken(15, || format!("the ledger has a request to {announced:?} that never left"));
                }
            }
            Line::Completed(Kind::NotSent) if self.announced == Some(endpoint) => {
                (self.announced, self.taken_back) = (None, Some((endpoint, self.now)));
            }
            Line::Completed(kind) => {
                let came = self.uncome.take();
                let right = came.as_ref().is_some_and(|(of, meaning)| *of == endpoint && kind_of(*of, meaning) == kind);
                if !right {
                    return broken(15, || format!("the ledger says {kind:?} of {endpoint:?}, and it was {came:?}"));
                }
            }
            Line::Unanswered => {
                let account = self.account();
                account.settled = account.orphan.take();
                if account.settled != Some(endpoint) {
                    return broken(15, || format!("the ledger has a cut off request to {endpoint:?} that never was"));
                }
                self.unsent = None;
            }
            Line::Withheld => return Ok(()),
        }
        let least = self.account().expected.gate(endpoint).least;
        let early = recorded.next.map(|next| least - next).filter(|early| *early > 0);
        self.misdated = self.misdated.or(early.map(|early| (endpoint, early)));
        Ok(())
    }

    /// The ledger's time for the next request must not be earlier than allowed. If the gate itself opens too early
    /// (its state shows that), the ledger is right to say so.
    pub(super) fn check_dated(&mut self) -> Result<(), Broken> {
        match self.misdated.take() {
            Some((endpoint, early)) => {
                broken(15, || format!("the ledger has {endpoint:?} asked {early} ms before it may be"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn viewed(&mut self, view: &View) -> Result<(), Broken> {
        let (now, interval) = (self.now, self.user_settings.interval);
        self.check_shown(view)?;
        let at = view.age.map(|age| now - age);
        let somebody_elses = at.is_some_and(|at| self.accounts.iter().any(|account| account.showing.is_from(at)));
        let AccountLaw { expected, showing, .. } = self.account();
        if view.windows.is_some() != expected.reading && !(showing.was_told && view.windows.is_some()) {
            return broken(14, || "what is shown is not what was read".to_owned());
        }
        let Some(age) = view.age else {
            return Ok(());
        };
        if expected.is_silent && !view.stale {
            return broken(14, || "the last answer had no limits, and the ones before are called new".to_owned());
        }
        // The age cannot be checked if the clock was set since.
        if view.clock_set >= expected.read_at {
            return Ok(());
        }
        if showing.was_told && showing.is_from(now - age) {
            return Ok(());
        }
        let real = now - expected.read_at;
        if (age - real).abs() > MINUTE {
            if somebody_elses {
                return broken(17, || "what is shown was told of another account".to_owned());
            }
            return broken(14, || {
                format!("a reading of {} min ago is shown as {} min old", real / MINUTE, age / MINUTE)
            });
        }
        let limit = (2 * interval).max(OLD);
        let old = age > limit;
        // The displayed time is in whole seconds.
        if view.stale != old && !expected.is_silent && (age - limit).abs() > SECOND {
            return broken(14, || {
                format!("a reading of {} min ago is called {}", age / MINUTE, if old { "new" } else { "old" })
            });
        }
        Ok(())
    }
}

impl Expected {
    /// The last reading stays until another replaces it.
    pub(super) fn check_reading(&self, kept: &SavedAccount, was_told: bool) -> Result<(), Broken> {
        if kept.reading == self.reading || (was_told && kept.reading) {
            return Ok(());
        }
        let (is, was) = (kept.reading, self.reading);
        broken(14, || format!("the kept reading (one: {is}) is not the last that came (one: {was})"))
    }

    /// A response without limits removes none and does not renew the reading that is shown.
    pub(super) fn read(&mut self, now: Millis, nothing: bool) {
        self.is_silent = nothing && self.has_windows;
        if !self.is_silent {
            self.read_at = now;
        }
        self.reading = true;
        self.has_windows |= !nothing;
    }
}

fn kind_of(endpoint: Endpoint, meaning: &Meaning) -> Kind {
    match meaning {
        Meaning::Reading { .. } => Kind::Reading,
        Meaning::Limited { .. } | Meaning::AtEdge => Kind::Limited,
        Meaning::Unauthorized => Kind::Unauthorized,
        Meaning::MissingScope => Kind::MissingScope,
        Meaning::Forbidden | Meaning::NotAllowed => Kind::Forbidden,
        Meaning::Trouble { .. } if endpoint == Endpoint::Token => Kind::Ambiguous,
        Meaning::Trouble { .. } => Kind::Trouble,
        Meaning::Unreadable => Kind::Unreadable,
        Meaning::NotSent => Kind::NotSent,
        Meaning::Lost => Kind::Ambiguous,
        Meaning::Renewed { .. } => Kind::Renewed,
        Meaning::Refused => Kind::Refused,
        Meaning::Denied => Kind::Denied,
        Meaning::UnusableTokens => Kind::UnusableTokens,
    }
}
