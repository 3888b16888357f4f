//! Attributes a passive reading to an account before it is merged. A reading of doubtful origin is dropped (law 17).

use crate::credential::location::CredentialLocation;
use crate::credential::{CredentialMissing, CredentialPresence, Identity};
use crate::providers::Provider;
use crate::quota::Reading;
use crate::quota::merge::PassiveReading;
use crate::state::{AccountId, State};
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// The owner's session that reports a reading. While it is open, it repeats the limits of its own last response, as the
/// account it was signed in with then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Path of its transcript.
    pub transcript: Option<String>,
    /// The owner's version.
    pub version: Option<String>,
    /// Total time spent waiting for responses. If it has grown since the last call, there was a new response.
    pub api_ms: Option<u64>,
}

/// A reading as reported at a credential location.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedReading {
    pub provider: Provider,
    pub place: String,
    pub speaker: Speaker,
    pub reading: Reading,
}

/// How the source of a reading identifies itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaker {
    /// It names its account, as sessions of newer versions and the owner's cache do.
    Named { account: String, organization: Option<String> },
    /// A session that names no account although its version would: it uses a token of its own.
    OwnToken,
    /// It may belong to whoever is signed in there.
    Unnamed,
}

/// The current state of a credential location.
#[derive(Debug, Clone, Copy)]
pub struct LocationNow<'a> {
    pub place: &'a CredentialLocation,
    /// When the sign-in was written there, if known.
    pub written: Option<Wall>,
}

impl ReportedReading {
    /// The account of the reading; `None` if in doubt.
    pub fn attribute(
        self,
        location: Option<LocationNow<'_>>,
        places: &[CredentialLocation],
        state: &State,
    ) -> Option<PassiveReading> {
        let account = self.account(location, places, state)?;
        Some(PassiveReading { account, reading: self.reading })
    }

    fn account(
        &self,
        location: Option<LocationNow<'_>>,
        places: &[CredentialLocation],
        state: &State,
    ) -> Option<AccountId> {
        let Some(LocationNow { place, written }) = location else {
            // From a folder that is not monitored: only a reading that names its account can be attributed.
            return self.named_seat(None, places, state);
        };
        if place.is_unsettled() {
            return None;
        }
        // A session keeps repeating its last figures, perhaps from before the account changed.
        let is_since = written.is_none_or(|written| written <= self.reading.at);
        let stored = place.account.as_ref().filter(|_| is_since);
        match (&self.speaker, &place.sign_in.seen) {
            (Speaker::Named { .. }, _) => self.named_seat(stored, places, state),
            (Speaker::OwnToken, None) => None,
            (Speaker::OwnToken, Some(seen)) => is_nothing_stored(seen).then(|| token_of(place)),
            (Speaker::Unnamed, Some(seen)) if is_nothing_stored(seen) => {
                let has_token = matches!(seen, CredentialPresence::Absent(CredentialMissing::InferenceOnly));
                (has_token || place.account.is_none()).then(|| token_of(place))
            }
            (Speaker::Unnamed, Some(_) | None) => stored.cloned(),
        }
    }

    /// Finds the named seat: by its exact id, else the one stored at the location, else the only seat of the login.
    fn named_seat(
        &self,
        stored: Option<&AccountId>,
        places: &[CredentialLocation],
        state: &State,
    ) -> Option<AccountId> {
        let Speaker::Named { account, organization } = &self.speaker else {
            return None;
        };
        let identity =
            Identity { account: Some(account.clone()), organization_id: organization.clone(), ..Identity::default() };
        let named = AccountId::of(self.provider, &identity, "");
        let known = state.accounts.keys().chain(places.iter().filter_map(|place| place.account.as_ref()));
        let known: Vec<&AccountId> = known.collect();
        if organization.is_some() && known.contains(&&named) {
            return Some(named);
        }
        let login = named.login();
        let is_its = |id: &&AccountId| id.login() == login && (organization.is_none() || id.organization().is_none());
        if let Some(stored) = stored.filter(is_its) {
            return Some(stored.clone());
        }
        let mut seats: Vec<&AccountId> = known.into_iter().filter(is_its).collect();
        seats.sort();
        seats.dedup();
        match seats.as_slice() {
            [only] => Some((*only).clone()),
            _ => None,
        }
    }
}

fn is_nothing_stored(seen: &CredentialPresence) -> bool {
    matches!(
        seen,
        CredentialPresence::Absent(
            CredentialMissing::NoFile | CredentialMissing::NotSignedIn | CredentialMissing::InferenceOnly
        )
    )
}

fn token_of(place: &CredentialLocation) -> AccountId {
    AccountId::of_token(place.provider, place.name())
}

#[cfg(test)]
mod tests;
