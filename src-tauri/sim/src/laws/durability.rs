//! Nothing is lost: law 13, and law 12 for a reboot, after which only the wall clock is left.

use super::gate::Why;
use super::{AccountLaw, Broken, Expected, Laws, Woke, broken};
use crate::laws::constants::{LOSS, SPACING, UNANSWERED, jittered};
use crate::laws::notification::Notices;
use crate::observation::{Found, Millis, SavedAccount, Who};
use holdoff_core::Endpoint;

impl Laws {
    pub(super) fn kept(&mut self, kept: &SavedAccount) -> Result<(), Broken> {
        self.saving = true;
        self.settle(kept)?;
        if self.renewing.refused.is_some() {
            return broken(6, || "a refused refresh token was kept before the sign-in was read again".to_owned());
        }
        let now = self.now;
        let account = self.account();
        account.expected.usage.check_kept(now, kept.usage.status)?;
        account.expected.token.check_kept(now, kept.token.status)?;
        account.expected.check_reading(kept, account.showing.was_told)?;
        self.check_dated()?;
        let account = self.account();
        (account.kept, account.saved_intents) = (account.expected, Some(*kept));
        account.save = kept.save;
        (account.unkept, account.settled) = (false, None);
        Ok(())
    }

    /// The intent of a request stays until its outcome is durable too.
    fn settle(&mut self, kept: &SavedAccount) -> Result<(), Broken> {
        self.taken_back = None;
        let Some(under_way) = self.under_way else {
            return Ok(());
        };
        let saved_intents = match under_way.endpoint {
            Endpoint::Usage => kept.usage.intent,
            Endpoint::Token => kept.token.intent,
        };
        if saved_intents.is_none() && !under_way.answered {
            return broken(13, || format!("the note of request {} is gone while it is under way", under_way.request));
        }
        if saved_intents.is_none() {
            self.under_way = None;
        }
        Ok(())
    }

    /// What was learned but not saved is lost with the process, except for its ledger entry.
    pub(super) fn died(&mut self) {
        let now = self.now;
        let under_way = self.under_way.take();
        let unrecorded = self.uncome.take().is_some() || std::mem::take(&mut self.lines_wait);
        let recorded = under_way.is_some_and(|under_way| under_way.answered) && !unrecorded;
        let taken_back = self.taken_back.take().filter(|_| !unrecorded);
        let told = under_way.filter(|_| recorded).map(|answered| (answered.endpoint, answered.came)).or(taken_back);
        if let Some(cut_off) = under_way.filter(|under_way| under_way.endpoint == Endpoint::Token && !recorded) {
            self.renewing.cut_off(cut_off.token);
        }
        let account = self.account();
        let gone = std::mem::replace(&mut account.expected, account.kept);
        account.unkept = false;
        account.orphan = account.orphan.or(account.settled.take());
        if let Some(kept) = account.saved_intents {
            let most = (gone.usage.most, gone.token.most);
            account.expected.usage.could_be_shut(most.0);
            account.expected.token.could_be_shut(most.1);
            account.cut_off_showing();
            if let Some((endpoint, came)) = told {
                // Two requests are never closer than this, whatever the first one's outcome.
                let least = came + SPACING;
                let most = gone.clone().gate(endpoint).most.max(least);
                account.expected.gate(endpoint).could_be_shut(least);
                account.recalled = Some((endpoint, most - came));
            }
            let left = match (under_way, recorded) {
                (None, _) => Abandoned::Not { recorded: taken_back.is_some() },
                (Some(_), true) => Abandoned::Answered(&gone),
                (Some(_), false) => Abandoned::Unanswered,
            };
            account.leave_unanswered(now, &kept, left);
        }
        account.kept = account.expected;
        if account.orphan.is_some() {
            self.unsent = None;
        }
        self.renewing.died();
        self.announced = None;
        (self.running, self.awake, self.saving, self.lacks_scope) = (false, true, true, false);
        self.woke = Woke::default();
    }

    pub(super) fn started(&mut self, found: Found) -> Result<(), Broken> {
        self.running = true;
        let newest = self.accounts.iter().map(|account| account.save).max().unwrap_or(0);
        match found {
            Found::State { save } if save < newest => {
                return broken(13, || format!("state {save} was taken up, and state {newest} had been durable"));
            }
            Found::Nothing if newest > 0 => {
                return broken(13, || format!("nothing was taken up, and state {newest} had been durable"));
            }
            Found::State { .. } | Found::Nothing => self.recall(),
            Found::Unreadable => self.lose(),
        }
        Ok(())
    }

    /// What only the ledger knows may close a gate again for the full length, if the wall clock was set back.
    fn recall(&mut self) {
        let now = self.now;
        for account in &mut self.accounts {
            if let Some((endpoint, length)) = account.recalled.take() {
                for expected in [&mut account.expected, &mut account.kept] {
                    expected.gate(endpoint).could_be_shut(now + length);
                }
            }
        }
    }

    /// A response that only the ledger knows is dated by the wall clock, which anybody can set.
    pub(super) fn clock_set(&mut self, by: Millis) {
        for account in &mut self.accounts {
            if let Some((endpoint, _)) = account.recalled {
                for expected in [&mut account.expected, &mut account.kept] {
                    expected.gate(endpoint).may_open_sooner(by.max(0));
                }
            }
        }
    }

    fn lose(&mut self) {
        let now = self.now;
        self.lost = Some(now);
        self.unsent = None;
        self.renewing.forget();
        for account in &mut self.accounts {
            account.expected.lose(now);
            account.showing.forget();
            (account.kept, account.saved_intents, account.orphan, account.save) = (account.expected, None, None, 0);
            account.recalled = None;
        }
    }

    /// Only the wall clock spans a reboot. What it gains too much shortens every wait; nothing makes a wait longer
    /// than what was left of it (law 12).
    pub(super) fn rebooted(&mut self, ahead: Millis) {
        for account in &mut self.accounts {
            for expected in [&mut account.expected, &mut account.kept] {
                expected.usage.shifted(-ahead);
                expected.token.shifted(-ahead);
            }
            account.usage_sent.shifted(-ahead);
            account.token_sent.shifted(-ahead);
        }
        self.renewing.renewed = self.renewing.renewed.map(|at| at - ahead);
        self.lost = self.lost.map(|at| at - ahead);
    }

    /// A rate limit of one organization of a login closes the others too, and requests of all of them keep their spacing.
    pub(super) fn share(&mut self, from: Who, into: Who) {
        let from = self.account_of(from);
        let (expected, usage, token) = (from.expected, from.usage_sent, from.token_sent);
        let into = self.account_of(into);
        let (newer_usage, newer_token) = (into.usage_sent.share(usage), into.token_sent.share(token));
        for own in [&mut into.expected, &mut into.kept] {
            own.usage.share(&expected.usage, newer_usage);
            own.token.share(&expected.token, newer_token);
        }
    }

    /// `from` is an earlier name of the account.
    pub(super) fn rename(&mut self, from: Who, into: Who) {
        let from = self.account_of(from);
        let (expected, orphan, showing) = (from.expected, from.orphan, from.showing.clone());
        let (usage, token) = (from.usage_sent, from.token_sent);
        let into = self.account_of(into);
        into.expected.usage.merge(&expected.usage);
        into.expected.token.merge(&expected.token);
        into.expected.notices.merge(&expected.notices);
        into.showing.merge(&showing);
        into.usage_sent.share(usage);
        into.token_sent.share(token);
        into.orphan = into.orphan.or(orphan);
    }
}

/// How far a request was when its process died.
#[derive(Clone, Copy)]
enum Abandoned<'a> {
    /// `recorded`: the ledger says so.
    Not {
        recorded: bool,
    },
    Unanswered,
    /// The ledger has the outcome.
    Answered(&'a Expected),
}

impl AccountLaw {
    pub(super) fn since_loss(lost: Option<Millis>) -> Self {
        let mut account = Self::new();
        if let Some(lost) = lost {
            account.expected.lose(lost);
            account.kept = account.expected;
        }
        account
    }

    pub(super) fn cut_off_showing(&mut self) {
        if let Some(kept) = &mut self.saved_intents {
            let showing = std::mem::take(&mut kept.showing);
            self.expected.notices.cut_off(showing);
            self.kept.notices.cut_off(showing);
        }
    }

    /// A request with a durable intent and no durable outcome closes its gate. One that was not even sent may do so.
    fn leave_unanswered(&mut self, now: Millis, kept: &SavedAccount, left: Abandoned<'_>) {
        if let Some(intent) = kept.usage.intent {
            (self.orphan, self.orphan_told) = (Some(Endpoint::Usage), false);
            let least = match left {
                Abandoned::Not { .. } => intent,
                Abandoned::Unanswered => intent + UNANSWERED,
                Abandoned::Answered(gone) => gone.usage.least,
            };
            self.expected.usage.shut_also(least, intent + jittered(UNANSWERED), Why::Unanswered);
        }
        if kept.token.intent.is_some()
            && let Some(token) = kept.token.intent_token
        {
            (self.orphan, self.orphan_told) = (Some(Endpoint::Token), false);
            match left {
                Abandoned::Not { recorded } => {
                    self.expected.token.pause_for_nothing(now, token);
                    self.orphan_told = recorded;
                }
                Abandoned::Answered(gone) if gone.token.paused.is_none() => {
                    self.expected.token.pause_for_nothing(now, token);
                    self.expected.token.shut_also(gone.token.least, gone.token.most, gone.token.why);
                    self.orphan_told = true;
                }
                Abandoned::Unanswered | Abandoned::Answered(_) => self.expected.token.pause(now, token),
            }
        }
    }
}

impl Expected {
    fn lose(&mut self, now: Millis) {
        self.usage.forget(now, LOSS);
        self.token.forget(now, LOSS);
        (self.reading, self.has_windows, self.is_silent) = (false, false, false);
        self.notices = Notices::default();
    }
}
