//! Who is polled, and with which of their sign-ins.

use crate::credential::location::{self, CredentialLocation};
use crate::credential::token::Fingerprint;
use crate::providers::Provider;
use crate::settings::Settings;
use crate::state::{AccountId, AccountState, State};
use crate::time::Wall;

/// An account that is to be polled, and the place whose sign-in it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollTarget {
    pub account: AccountId,
    pub place: String,
}

impl CredentialLocation {
    /// A place as `state` knows it. One that is not on its list may still have been an account's.
    pub fn known(state: &State, provider: Provider, name: &str) -> Self {
        let listed = state.places.iter().find(|place| place.name() == name && place.provider == provider);
        listed.cloned().unwrap_or_else(|| Self { account: last_in(state, name), ..Self::new(provider, name) })
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
    let theirs = location::of(places, account);
    let best = theirs.min_by_key(|place| (place.of_use(rejected, now), Some(place.name()) != present));
    best.map(|place| place.name().to_owned()).unwrap_or_default()
}

/// Of several accounts that were there, the one that was asked for last.
fn last_in(state: &State, name: &str) -> Option<AccountId> {
    let there = state.accounts.iter().filter(|(_, account)| account.sign_in.place == name);
    let last = there.max_by_key(|(_, account)| account.last.as_ref().map(|last| last.at));
    last.map(|(id, _)| id.clone())
}

impl AccountState {
    /// The most sign-ins of an account that are remembered as rejected: more than it has places.
    pub(super) const REJECTED_MAX: usize = 16;

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
