//! Holdoff recovers by itself: law 11, and law 5 if only the token endpoint refuses.

use super::{Broken, Laws, broken};
use crate::laws::constants::{COMING_BACK, RENEWAL_SPACING, SPACING};
use crate::observation::{HOUR, MINUTE, Meaning, Millis, Observation};
use holdoff_core::Endpoint;

/// What is due while requests would succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Returning {
    well: bool,
    since: Millis,
    renewable: bool,
    /// Deadlines for the next reading and for the next pair of tokens.
    reading: Option<Millis>,
    renewal: Option<Millis>,
}

impl Laws {
    pub(super) fn expect_back(&self) -> Result<(), Broken> {
        let late = |due: Option<Millis>| due.filter(|due| self.now > *due).map(|due| (self.now - due) / MINUTE);
        if let Some(late) = late(self.returning.reading) {
            let expected = &self.accounts[usize::from(self.who.0)].expected;
            let law = if expected.token.least > self.now || expected.token.paused.is_some() { 5 } else { 11 };
            return broken(law, || format!("all is well, and no reading came in time (by {late} min at least)"));
        }
        match late(self.returning.renewal) {
            Some(late) => broken(11, || format!("the sign-in could be renewed, and was not in time (by {late} min)")),
            None => Ok(()),
        }
    }

    /// Updates the deadlines after an observation.
    pub(super) fn expect_return(&mut self, seen: &Observation) {
        match seen {
            Observation::Well(well) => (self.returning.well, self.returning.since) = (*well, self.now),
            Observation::Renewable(renewable) => self.returning.renewable = *renewable,
            _ => {}
        }
        let runs = self.running && self.awake && self.saving && !self.user_settings.free_only;
        let expected = self.accounts[usize::from(self.who.0)].expected;
        let stored = self.sign_in.map(|sign_in| sign_in.access);
        let hopeless = expected.usage.paused.is_some() && expected.usage.paused == stored;
        let stored = self.sign_in.and_then(|sign_in| sign_in.refresh);
        let spent = expected.token.paused.is_some() && expected.token.paused == stored;
        let reading = runs && self.returning.well && !hopeless;
        if !reading {
            self.returning.reading = None;
        } else if self.returning.reading.is_none() || self.moves_reading(seen) {
            self.returning.reading = Some(self.reading_due());
        } else if let Observation::SessionReading { who, .. } = seen
            && *who == self.who
        {
            self.returning.reading = self.returning.reading.map(|due| due.max(self.put_off()));
        }
        let renewal = runs && self.returning.renewable && !spent && !hopeless;
        if !renewal {
            self.returning.renewal = None;
        } else if self.returning.renewal.is_none() || self.moves_renewal(seen) {
            self.returning.renewal = Some(self.renewal_due());
        }
    }

    /// A response without a reading and a changed interval restart the deadline. A request that was not sent restarts
    /// it only if it began before all was well.
    fn moves_reading(&self, seen: &Observation) -> bool {
        let usage = self.under_way.is_some_and(|under_way| under_way.endpoint == Endpoint::Usage);
        match seen {
            Observation::Answered { meaning: Meaning::NotSent, .. } => {
                usage && self.under_way.is_some_and(|under_way| under_way.left < self.returning.since)
            }
            Observation::Answered { .. } => usage,
            Observation::Settings(_)
            | Observation::Account(_)
            | Observation::Beside { .. }
            | Observation::Renamed { .. } => true,
            _ => false,
        }
    }

    fn moves_renewal(&self, seen: &Observation) -> bool {
        let token = self.under_way.is_some_and(|under_way| under_way.endpoint == Endpoint::Token);
        match seen {
            Observation::Answered { meaning, .. } => token || !matches!(meaning, Meaning::Reading { .. }),
            Observation::Settings(_) | Observation::Account(_) | Observation::Beside { .. } | Observation::Wrote(_) => {
                true
            }
            _ => false,
        }
    }

    fn reading_due(&self) -> Millis {
        let account = &self.accounts[usize::from(self.who.0)];
        let spaced = account.usage_sent.last.map_or(self.now, |last| last + SPACING);
        self.now.max(account.expected.usage.most).max(spaced) + self.user_settings.interval + COMING_BACK
    }

    /// What a session reports need not be requested, for up to an hour after the last response. A response may come long
    /// after its request, if the machine slept in between, and is as new as any other.
    fn put_off(&self) -> Millis {
        let interval = self.user_settings.interval;
        let sent = self.accounts[usize::from(self.who.0)].usage_sent;
        let last = sent.last.max(sent.answered).unwrap_or(self.now);
        (self.now + interval).min(last + interval.max(HOUR)) + COMING_BACK
    }

    fn renewal_due(&self) -> Millis {
        let expected = &self.accounts[usize::from(self.who.0)].expected;
        let renewed = self.renewing.renewed.map_or(self.now, |at| at + RENEWAL_SPACING);
        self.now.max(expected.usage.most).max(expected.token.most).max(renewed)
            + self.user_settings.interval
            + COMING_BACK
    }
}
