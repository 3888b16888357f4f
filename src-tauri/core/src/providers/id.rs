//! The providers by name. Requests, gates and ids name one; what it does is behind [`Provider::spec`].

use serde::{Deserialize, Serialize};

/// The provider of a quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The default, because saved data of earlier versions names no provider.
    #[default]
    Anthropic,
}

impl Provider {
    pub const ALL: [Self; 1] = [Self::Anthropic];
}
