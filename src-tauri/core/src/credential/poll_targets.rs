//! Which accounts are polled, and with which of their sign-ins.

use crate::credential::location::{self, CredentialLocation};
use crate::credential::token::Fingerprint;
use crate::providers::Provider;
use crate::settings::Settings;
use crate::state::{AccountId, AccountState, State};
use crate::time::Wall;

/// An account to poll, and the location whose sign-in it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollTarget {
    pub account: AccountId,
    pub place: String,
}

impl CredentialLocation {
    /// A location as saved in `state`. One that is not listed may still have belonged to an account.
    pub fn saved(state: &State, provider: Provider, name: &str) -> Self {
        let listed = state.places.iter().find(|place| place.name() == name && place.provider == provider);
        listed.cloned().unwrap_or_else(|| Self { account: last_in(state, name), ..Self::new(provider, name) })
    }
}

/// The enabled accounts of these locations, in the order of the locations. If there is no account at all, the location
/// named `first` stands for the expected one.
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
    // No requests are sent for these, since they have no stored sign-in.
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

/// The location with the best sign-in. Among equally good ones, the one in use, else the first.
fn used(places: &[CredentialLocation], account: &AccountId, state: &State, now: Wall) -> String {
    let kept = state.accounts.get(account);
    let rejected = kept.map(|kept| kept.rejected_credentials.as_slice()).unwrap_or_default();
    let present = kept.map(|kept| kept.sign_in.place.as_str());
    let theirs = location::of(places, account);
    let best = theirs.min_by_key(|place| (place.of_use(rejected, now), Some(place.name()) != present));
    best.map(|place| place.name().to_owned()).unwrap_or_default()
}

/// Of several accounts seen at a location, the one with the latest request.
fn last_in(state: &State, name: &str) -> Option<AccountId> {
    let there = state.accounts.iter().filter(|(_, account)| account.sign_in.place == name);
    let last = there.max_by_key(|(_, account)| account.last.as_ref().map(|last| last.at));
    last.map(|(id, _)| id.clone())
}

impl AccountState {
    /// Maximum number of rejected sign-ins kept per account: more than it has locations.
    pub(super) const REJECTED_MAX: usize = 16;

    /// Marks a sign-in that ended in a pause as rejected at every location and across restarts, until there is a reading.
    /// Otherwise two rejected sign-ins would end each other's pause forever (law 6).
    pub(crate) fn reject(&mut self, fingerprint: Fingerprint) {
        if self.rejected_credentials.contains(&fingerprint) {
            return;
        }
        if self.rejected_credentials.len() == Self::REJECTED_MAX {
            self.rejected_credentials.remove(0);
        }
        self.rejected_credentials.push(fingerprint);
    }
}
