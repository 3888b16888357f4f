//! What an account is called by the program.

use super::Provider;
use crate::account::seats::SEAT;
use crate::credential::Identity;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// One seat at one provider, such as `anthropic:3f2c…/9a0b…`: a login, and where one is told, an organization of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub String);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AccountId {
    /// The account of a sign-in: by the provider's own account id, else by where the sign-in is kept.
    pub fn of(provider: Provider, identity: &Identity, place: &str) -> Self {
        let name = match (&identity.account, &identity.organization_id) {
            (Some(account), Some(organization)) => format!("{account}{SEAT}{organization}"),
            (Some(account), None) => account.clone(),
            (None, _) => format!("at-{}", short_hash(place)),
        };
        Self(format!("{}:{name}", provider.key()))
    }
}

pub(crate) fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(&digest[..6])
}
