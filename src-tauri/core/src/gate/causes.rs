//! Why a gate is shut.

use crate::response::Barred;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Why a permit is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked<'a> {
    /// The person wants no request at all (law 16).
    FreeOnly,
    CoolingDown {
        cause: &'a Cooldown,
        until: Moment,
    },
    Paused {
        cause: &'a Pause,
    },
    /// The last request is not long enough ago (law 10).
    Spacing {
        until: Moment,
    },
}

/// Why nothing is asked until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cooldown {
    RateLimited {
        retry_after_s: Option<u64>,
    },
    /// The provider's edge refuses this program, whoever asks with it: no limit of the person's.
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
    /// The program ended while a request was under way.
    Unanswered,
    /// Both state files were unreadable, so an earlier cooldown may have been lost with them.
    MemoryLost,
}

impl Cooldown {
    /// It is, or stands for, a refusal for frequency, which is of the login.
    pub(super) fn is_of_login(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::TurnedAway | Self::Unanswered | Self::MemoryLost => true,
            Self::Network { .. } | Self::Server { .. } | Self::Unreadable { .. } => false,
        }
    }
}

/// Why nothing is asked until the sign-in changes.
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
    /// The owner stored the sign-in without a scope that usage needs: nothing was sent with it.
    ScopeNotGranted {
        scope: String,
    },
    /// The provider allows no program such as this one to whoever the sign-in belongs to: another sign-in of the same
    /// changes nothing.
    NotAllowed {
        to: Barred,
        status: u16,
    },
    /// The token endpoint does not take the refresh token any more.
    RefreshRefused,
    /// The program ended in the middle of a renewal: the refresh token may be spent, and a spent one is not shown
    /// to the token endpoint again.
    RenewalCutOff,
    /// A renewal was accepted, and its new tokens did not arrive.
    RenewalWasted,
    /// A renewal brought the tokens of another account.
    OtherAccount,
}

impl Pause {
    /// Whether signing in again is of any use.
    pub fn ends_by_signing_in(&self) -> bool {
        !matches!(self, Pause::NotAllowed { .. })
    }
}
