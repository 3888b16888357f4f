//! The internal id of an account.

use crate::credential::Identity;
use crate::providers::Provider;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Separates the login from the organization.
const SEAT: char = '/';
/// Replaces the login of an account without a name.
const TOKEN: &str = "token-";

/// One seat at one provider, such as `provider:3f2c…/9a0b…`: a login and, if known, an organization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub String);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AccountId {
    /// The account of a sign-in: the provider's own account id, else the location of the sign-in.
    pub fn of(provider: Provider, identity: &Identity, place: &str) -> Self {
        let name = match (&identity.account, &identity.organization_id) {
            (Some(account), Some(organization)) => format!("{account}{SEAT}{organization}"),
            (Some(account), None) => account.clone(),
            (None, _) => format!("at-{}", short_hash(place)),
        };
        Self(format!("{}:{name}", provider.key()))
    }

    /// The unnamed account of sessions that use a token of their own at a location without a stored sign-in.
    pub fn of_token(provider: Provider, place: &str) -> Self {
        Self(format!("{}:{TOKEN}{}", provider.key(), short_hash(place)))
    }

    /// See [`AccountId::of_token`].
    pub fn is_of_token(&self) -> bool {
        self.0.split_once(':').is_some_and(|(_, name)| name.starts_with(TOKEN))
    }

    /// The login of a seat, which shares rate limits between its seats. Earlier versions used this id for all of its seats.
    #[must_use]
    pub fn login(&self) -> Self {
        Self(self.0.split_once(SEAT).map_or(&*self.0, |(login, _)| login).to_owned())
    }

    /// The provider's id of the seat's organization.
    pub fn organization(&self) -> Option<&str> {
        self.0.split_once(SEAT).map(|(_, organization)| organization)
    }

    /// Whether it is another seat of the same login.
    pub fn is_beside(&self, other: &Self) -> bool {
        self != other && self.login() == other.login()
    }
}

fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(&digest[..6])
}
