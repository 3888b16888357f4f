//! Why a gate is closed.

use crate::response::Barred;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Why no permit is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked<'a> {
    /// The user wants no requests at all (law 16).
    FreeOnly,
    CoolingDown {
        cause: &'a Cooldown,
        until: Moment,
    },
    Paused {
        cause: &'a Pause,
    },
    /// The last request was too recent (law 10).
    Spacing {
        until: Moment,
    },
}

/// Why no request is sent until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cooldown {
    RateLimited {
        retry_after_s: Option<u64>,
    },
    /// The provider's edge refuses this program for all users. This is not a limit of the account.
    TurnedAway,
    Network {
        why: String,
    },
    Server {
        status: u16,
    },
    Unreadable {
        status: u16,
        why: String,
    },
    /// The program ended while a request was in progress.
    Unanswered,
    /// Both state files were unreadable, so an earlier cooldown may have been lost with them.
    #[serde(rename = "memory_lost")]
    StateLost,
}

impl Cooldown {
    /// Whether it is a rate limit or may have been one. A rate limit applies to the whole login.
    pub(super) fn is_of_login(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::TurnedAway | Self::Unanswered | Self::StateLost => true,
            Self::Network { .. } | Self::Server { .. } | Self::Unreadable { .. } => false,
        }
    }
}

/// Why no request is sent until the sign-in changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Pause {
    Rejected,
    MissingScope {
        scope: String,
    },
    Forbidden {
        message: String,
    },
    /// The stored sign-in lacks a scope that usage requires, so no request was sent with it.
    ScopeNotGranted {
        scope: String,
    },
    /// The provider does not allow such programs for this organization or account. A new sign-in to the same one does not
    /// help.
    NotAllowed {
        to: Barred,
        status: u16,
    },
    /// The token endpoint no longer accepts the refresh token.
    RefreshRefused,
    /// The program ended during a renewal. The refresh token may be spent, and a spent one must not be sent again.
    RenewalCutOff,
    /// A renewal was accepted, but its new tokens could not be used.
    RenewalWasted,
    /// A renewal returned another account's tokens.
    OtherAccount,
}

impl Pause {
    /// Whether a new sign-in helps.
    pub fn ends_by_signing_in(&self) -> bool {
        !matches!(self, Pause::NotAllowed { .. })
    }
}
