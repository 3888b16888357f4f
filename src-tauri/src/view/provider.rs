//! The names of a provider, for the pages' sentences.

use holdoff_core::providers::Provider;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ProviderView {
    pub key: String,
    pub name: String,
    /// The program that owns the sign-in; the provider itself if the user pastes a key.
    pub owner: String,
    /// The owner's config folders; `null` if the user pastes a key.
    pub folders: Option<FoldersView>,
    /// The key that the user pastes; `null` if a program owns the sign-in.
    pub pasted_key: Option<PastedKeyView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FoldersView {
    /// The environment variable that sets the folder.
    pub variable: String,
    pub example: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PastedKeyView {
    /// The provider's name for it.
    pub name: String,
    /// Where the user makes one.
    pub address: String,
}

impl From<Provider> for ProviderView {
    fn from(provider: Provider) -> Self {
        let info = provider.info();
        Self {
            key: info.key.to_owned(),
            name: info.name.to_owned(),
            owner: provider.owner().to_owned(),
            folders: provider.owner_info().map(|owner| FoldersView {
                variable: owner.folders.variable.to_owned(),
                example: owner.folders.example.to_owned(),
            }),
            pasted_key: provider
                .pasted_key()
                .map(|key| PastedKeyView { name: key.name.to_owned(), address: key.address.to_owned() }),
        }
    }
}
