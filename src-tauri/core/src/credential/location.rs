//! Credential locations: the account at each, and which of an account's locations is used. Two locations of one account are
//! one account, with one cooldown and one poller (law 2). Two organizations of one login are two accounts, which share what
//! belongs to the login ([`crate::account::seats`]).

use crate::credential::token::Fingerprint;
use crate::credential::{CredentialPresence, CredentialRead, CredentialStatus, Identity, Unsettled};
use crate::providers::Provider;
use crate::state::AccountId;
use crate::time::{Moment, Wall};
use serde::{Deserialize, Serialize};

/// A location as last seen. Saved, so that an account that signed out is still known there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialLocation {
    pub provider: Provider,
    /// The account that is signed in there, or was last. `None` if there never was one.
    pub account: Option<AccountId>,
    pub sign_in: CredentialStatus,
    /// Sessions with their own token reported readings there while no sign-in was stored.
    #[serde(default)]
    pub has_token_sessions: bool,
    /// The credential read last may be half of another sign-in.
    #[serde(skip)]
    pub unsettled: Option<Unsettled>,
}

/// The account that was at a location before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviousAccount {
    /// The same account, before its name was known.
    Unnamed(AccountId),
    /// A different account.
    Other(AccountId),
}

/// How suitable a sign-in is for polling, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CredentialQuality {
    Good,
    Expired,
    Rejected,
    None,
}

impl CredentialLocation {
    /// A location that has not been read yet.
    pub fn new(provider: Provider, name: &str) -> Self {
        Self {
            provider,
            account: None,
            sign_in: CredentialStatus { place: name.to_owned(), ..CredentialStatus::default() },
            has_token_sessions: false,
            unsettled: None,
        }
    }

    /// Its name, which identifies it and is shown to the user.
    pub fn name(&self) -> &str {
        &self.sign_in.place
    }

    pub(super) fn unnamed(&self) -> AccountId {
        AccountId::of(self.provider, &Identity::default(), self.name())
    }

    /// Applies a read of the location. Returns the previous account, if the account has changed.
    pub fn apply_read(&mut self, read: &CredentialRead, now: Moment) -> Option<PreviousAccount> {
        let found = match read {
            CredentialRead::Found(found) => found,
            CredentialRead::Absent(absence) => {
                self.unsettled = None;
                self.sign_in.seen = Some(CredentialPresence::Absent(absence.clone()));
                return None;
            }
        };
        self.unsettled = Unsettled::check(self.unsettled.take(), &self.sign_in, None, found, now);
        if self.is_unsettled() {
            return None;
        }
        self.has_token_sessions = false;
        // An account that was expected here without a name is this one.
        let waited_for = matches!(self.sign_in.seen, Some(CredentialPresence::Absent(_))).then(|| self.unnamed());
        self.sign_in.seen =
            Some(CredentialPresence::Present { fingerprint: found.fingerprint(), expires_at: found.expires_at });
        self.sign_in.last_token = Some(found.fingerprint());
        self.sign_in.plan.clone_from(&found.plan);
        self.sign_in.renewable = found.renewable(now.wall);
        self.sign_in.refresh_blanked = found.refresh_blanked;
        if found.identity.account.is_none() {
            // A credential that no longer names its account stays with the account it had.
            self.account.get_or_insert_with(|| AccountId::of(self.provider, &Identity::default(), &self.sign_in.place));
            return None;
        }
        let named = AccountId::of(self.provider, &found.identity, self.name());
        if self.account.as_ref().is_some_and(|account| account.login() == named && *account != named) {
            // The same if it no longer names its organization.
            return None;
        }
        self.sign_in.identity = found.identity.clone();
        let before = self.account.replace(named.clone()).or(waited_for).filter(|before| *before != named)?;
        let is_same = before == self.unnamed() || before == named.login();
        Some(if is_same { PreviousAccount::Unnamed(before) } else { PreviousAccount::Other(before) })
    }

    /// The account has waited and found that the sign-in is another account's, so the next look does not wait for it.
    pub fn settle(&mut self, now: Moment) {
        self.unsettled.iter_mut().for_each(|half| half.until = now);
    }

    /// Whether it is unclear at the moment whose sign-in is there.
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

/// The locations of one account.
pub fn of<'a>(places: &'a [CredentialLocation], account: &AccountId) -> impl Iterator<Item = &'a CredentialLocation> {
    places.iter().filter(move |place| place.account.as_ref() == Some(account))
}

/// When another location may become the best without further events: when a sign-in expires or settles.
pub fn next_change<'a>(places: impl Iterator<Item = &'a CredentialLocation>, now: Wall) -> Option<Wall> {
    let expiries = |place: &'a CredentialLocation| {
        [place.sign_in.expires_at(), place.unsettled.as_ref().map(|half| half.until.wall)]
    };
    places.flat_map(expiries).flatten().filter(|at| *at > now).min()
}

#[cfg(test)]
mod tests;
