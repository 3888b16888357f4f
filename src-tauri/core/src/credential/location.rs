//! Several places of sign-ins: whose each is, and which of an account's places is used. Two places of one account
//! are one account, with one cooldown and one poller (law 2). Two organizations of one login are two accounts, which share
//! what is the login's ([`crate::account::seats`]).

use crate::credential::token::Fingerprint;
use crate::credential::{CredentialPresence, CredentialRead, CredentialStatus, Identity, Unsettled};
use crate::providers::Provider;
use crate::state::AccountId;
use crate::time::{Moment, Wall};
use serde::{Deserialize, Serialize};

/// One place, as it was seen last. Kept, so that an account that signed out is still known there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialLocation {
    pub provider: Provider,
    /// Whose sign-in is there, or was there last. `None` where there never was one.
    pub account: Option<AccountId>,
    pub sign_in: CredentialStatus,
    /// Sessions with a token of their own told readings there, while no sign-in is stored.
    #[serde(default)]
    pub has_token_sessions: bool,
    /// What was found last may be half of another sign-in.
    #[serde(skip)]
    pub unsettled: Option<Unsettled>,
}

/// What went under another name in a place until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviousAccount {
    /// The same account, whose name was not known.
    Unnamed(AccountId),
    /// Another account.
    Other(AccountId),
}

/// How good a sign-in is to poll with, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CredentialQuality {
    Good,
    Expired,
    Rejected,
    None,
}

impl CredentialLocation {
    /// One that nobody has looked at.
    pub fn new(provider: Provider, name: &str) -> Self {
        Self {
            provider,
            account: None,
            sign_in: CredentialStatus { place: name.to_owned(), ..CredentialStatus::default() },
            has_token_sessions: false,
            unsettled: None,
        }
    }

    /// What it is called, for people and to tell it from others.
    pub fn name(&self) -> &str {
        &self.sign_in.place
    }

    pub(super) fn unnamed(&self) -> AccountId {
        AccountId::of(self.provider, &Identity::default(), self.name())
    }

    /// Takes in a look at it. Answers who was there before, if that has changed.
    pub fn looked(&mut self, read: &CredentialRead, now: Moment) -> Option<PreviousAccount> {
        let found = match read {
            CredentialRead::Found(found) => found,
            CredentialRead::Absent(absence) => {
                self.unsettled = None;
                self.sign_in.seen = Some(CredentialPresence::Absent(absence.clone()));
                return None;
            }
        };
        self.unsettled = Unsettled::look(self.unsettled.take(), &self.sign_in, None, found, now);
        if self.is_unsettled() {
            return None;
        }
        self.has_token_sessions = false;
        // Whoever was waited for here without a name is this account.
        let waited_for = matches!(self.sign_in.seen, Some(CredentialPresence::Absent(_))).then(|| self.unnamed());
        self.sign_in.seen =
            Some(CredentialPresence::Present { fingerprint: found.fingerprint(), expires_at: found.expires_at });
        self.sign_in.last_token = Some(found.fingerprint());
        self.sign_in.plan.clone_from(&found.plan);
        self.sign_in.renewable = found.renewable(now.wall);
        self.sign_in.refresh_blanked = found.refresh_blanked;
        if found.identity.account.is_none() {
            // A sign-in that no longer says whose it is stays with the account that it had.
            self.account.get_or_insert_with(|| AccountId::of(self.provider, &Identity::default(), &self.sign_in.place));
            return None;
        }
        let named = AccountId::of(self.provider, &found.identity, self.name());
        if self.account.as_ref().is_some_and(|account| account.login() == named && *account != named) {
            // One that no longer says of which organization it is, too.
            return None;
        }
        self.sign_in.identity = found.identity.clone();
        let before = self.account.replace(named.clone()).or(waited_for).filter(|before| *before != named)?;
        let is_same = before == self.unnamed() || before == named.login();
        Some(if is_same { PreviousAccount::Unnamed(before) } else { PreviousAccount::Other(before) })
    }

    /// Its account has waited, and found the sign-in to be another's: that is not waited for again.
    pub fn settle(&mut self) {
        self.unsettled = None;
    }

    /// Whose sign-in is there is in doubt for a moment.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled.is_some()
    }

    pub(super) fn of_use(&self, rejected: &[Fingerprint], now: Wall) -> CredentialQuality {
        match &self.sign_in.seen {
            Some(CredentialPresence::Present { fingerprint, .. }) if rejected.contains(fingerprint) => {
                CredentialQuality::Rejected
            }
            Some(CredentialPresence::Present { .. }) if self.sign_in.expired(now) => CredentialQuality::Expired,
            Some(CredentialPresence::Present { .. }) => CredentialQuality::Good,
            Some(CredentialPresence::Absent(_)) | None => CredentialQuality::None,
        }
    }
}

/// The places of one account.
pub fn of<'a>(places: &'a [CredentialLocation], account: &AccountId) -> impl Iterator<Item = &'a CredentialLocation> {
    places.iter().filter(move |place| place.account.as_ref() == Some(account))
}

/// When another place may become the best, with nothing else happening: a sign-in expires, or settles.
pub fn next_change<'a>(places: impl Iterator<Item = &'a CredentialLocation>, now: Wall) -> Option<Wall> {
    let expiries = |place: &'a CredentialLocation| {
        [place.sign_in.expires_at(), place.unsettled.as_ref().map(|half| half.until.wall)]
    };
    places.flat_map(expiries).flatten().filter(|at| *at > now).min()
}

#[cfg(test)]
mod tests;
