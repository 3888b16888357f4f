//! The result of a manual refresh.

use super::{AccountState, SignInTrouble};
use crate::gate::Cooldown;
use crate::record::ledger::WithheldReason;
use crate::time::{Boot, Moment};

/// The result of a manual refresh.
#[derive(Debug)]
pub enum RefreshOutcome {
    Requested,
    /// Another operation is in progress; a refresh follows if it is allowed.
    Busy,
    /// The reason, with what the message about it needs.
    Refused {
        refusal: Refusal,
        state: Box<AccountState>,
        at: Moment,
    },
}

impl RefreshOutcome {
    pub fn is_requested(&self) -> bool {
        matches!(self, Self::Requested)
    }

    /// If no request was sent, the lowest is reported first.
    pub fn order(&self) -> impl Ord + use<> {
        match self {
            Self::Requested => (0, None),
            Self::Busy => (1, None),
            Self::Refused { refusal, .. } => {
                let (rank, until) = refusal.ends();
                (rank + 1, until)
            }
        }
    }
}

/// Why usage cannot be requested now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No request is allowed before this time.
    NotBefore { until: Moment, cause: NotYet },
    /// Only a change of the sign-in helps.
    SignIn(SignInTrouble),
    /// The user wants only readings that cost no request (law 16).
    FreeOnly,
    /// The state cannot be saved, with this system error, so no request is sent.
    Unsaved { trouble: String },
}

impl Refusal {
    /// Sort key: first those that end by time, the earliest first; then those that need an action.
    pub fn ends(&self) -> (u8, Option<Boot>) {
        match self {
            Refusal::NotBefore { until, .. } => (0, Some(until.boot)),
            Refusal::SignIn(_) | Refusal::FreeOnly | Refusal::Unsaved { .. } => (1, None),
        }
    }

    /// The reason as recorded in the ledger.
    pub fn reason(&self) -> WithheldReason {
        match self {
            Refusal::NotBefore { cause: NotYet::Spacing, .. } => WithheldReason::Spacing,
            Refusal::NotBefore { cause: NotYet::Cooldown(_), .. } => WithheldReason::CoolingDown,
            Refusal::SignIn(SignInTrouble::Absent(_)) => WithheldReason::SignInAbsent,
            Refusal::SignIn(SignInTrouble::Expired) => WithheldReason::SignInExpired,
            Refusal::SignIn(SignInTrouble::Paused(_)) => WithheldReason::Paused,
            Refusal::FreeOnly => WithheldReason::FreeOnly,
            Refusal::Unsaved { .. } => WithheldReason::StateNotSaved,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotYet {
    Spacing,
    Cooldown(Cooldown),
}
