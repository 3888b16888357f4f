//! Several places of sign-ins: whose each is, and which of an account's places is used. Two places of one account
//! are one account, with one cooldown and one poller (law 2). Two organizations of one login are two accounts, which share
//! what is the login's ([`crate::account::seats`]).

use crate::credential::token::Fingerprint;
use crate::credential::{CredentialPresence, CredentialRead, CredentialStatus, Identity, Unsettled};
use crate::settings::Settings;
use crate::state::{AccountId, AccountState, Provider, State};
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

/// An account that is to be polled, and the place whose sign-in it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollTarget {
    pub account: AccountId,
    pub place: String,
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
enum CredentialQuality {
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

    /// A place as `state` knows it. One that is not on its list may still have been an account's.
    pub fn known(state: &State, provider: Provider, name: &str) -> Self {
        let listed = state.places.iter().find(|place| place.name() == name && place.provider == provider);
        listed.cloned().unwrap_or_else(|| Self { account: last_in(state, name), ..Self::new(provider, name) })
    }

    /// What it is called, for people and to tell it from others.
    pub fn name(&self) -> &str {
        &self.sign_in.place
    }

    fn unnamed(&self) -> AccountId {
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

    fn of_use(&self, rejected: &[Fingerprint], now: Wall) -> CredentialQuality {
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

/// The accounts of these places that are switched on, in the order of the places. Where there is no account at
/// all, the place named `first` stands for the one that is waited for.
pub fn polled(
    places: &[CredentialLocation],
    first: &str,
    settings: &Settings,
    state: &State,
    now: Wall,
) -> Vec<PollTarget> {
    let mut all: Vec<PollTarget> = Vec::new();
    for place in places {
        let Some(account) = &place.account else { continue };
        if all.iter().all(|polled| polled.account != *account) {
            all.push(PollTarget { account: account.clone(), place: used(places, account, state, now) });
        }
    }
    // Nothing is ever asked for these: there is no sign-in to ask with.
    let with_tokens = places.iter().filter(|place| place.has_token_sessions);
    all.extend(with_tokens.map(|place| PollTarget {
        account: AccountId::of_token(place.provider, place.name()),
        place: place.name().to_owned(),
    }));
    if all.is_empty()
        && let Some(place) = places.iter().find(|place| place.name() == first)
    {
        all.push(PollTarget { account: place.unnamed(), place: first.to_owned() });
    }
    all.retain(|polled| settings.is_enabled(&polled.account));
    all
}

/// The place of the best sign-in. Of equally good ones that which is used already, else the first.
fn used(places: &[CredentialLocation], account: &AccountId, state: &State, now: Wall) -> String {
    let kept = state.accounts.get(account);
    let rejected = kept.map(|kept| kept.rejected.as_slice()).unwrap_or_default();
    let present = kept.map(|kept| kept.sign_in.place.as_str());
    let theirs = of(places, account);
    let best = theirs.min_by_key(|place| (place.of_use(rejected, now), Some(place.name()) != present));
    best.map(|place| place.name().to_owned()).unwrap_or_default()
}

/// Of several accounts that were there, the one that was asked for last.
fn last_in(state: &State, name: &str) -> Option<AccountId> {
    let there = state.accounts.iter().filter(|(_, account)| account.sign_in.place == name);
    let last = there.max_by_key(|(_, account)| account.last.as_ref().map(|last| last.at));
    last.map(|(id, _)| id.clone())
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

impl AccountState {
    /// The most sign-ins of an account that are remembered as rejected: more than it has places.
    const REJECTED_MAX: usize = 16;

    /// A sign-in that ended in a pause is of no use in another place either, and after a restart, until there is a
    /// reading: else two rejected ones would end each other's pause for ever (law 6).
    pub(crate) fn reject(&mut self, fingerprint: Fingerprint) {
        if self.rejected.contains(&fingerprint) {
            return;
        }
        if self.rejected.len() == Self::REJECTED_MAX {
            self.rejected.remove(0);
        }
        self.rejected.push(fingerprint);
    }
}

#[cfg(test)]
mod tests;
