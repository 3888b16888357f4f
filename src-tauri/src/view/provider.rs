//! The names of a provider, for the pages' sentences.

use holdoff_core::providers::Provider;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ProviderView {
    pub key: String,
    pub name: String,
    /// The program that owns the sign-in.
    pub owner: String,
    /// The owner's variable for a config folder.
    pub folder_variable: String,
    /// A config folder, as an example.
    pub folder_example: String,
}

impl From<Provider> for ProviderView {
    fn from(provider: Provider) -> Self {
        let info = provider.info();
        Self {
            key: info.key.to_owned(),
            name: info.name.to_owned(),
            owner: info.owner.to_owned(),
            folder_variable: info.folders.variable.to_owned(),
            folder_example: info.folders.example.to_owned(),
        }
    }
}
