//! What comes of a person's request for a reading.

use super::{AccountState, SignInTrouble};
use crate::gate::Cooldown;
use crate::record::ledger::WithheldReason;
use crate::time::{Boot, Moment};

/// What came of a person's request for a reading.
#[derive(Debug)]
pub enum RefreshOutcome {
    Requested,
    /// Something that was begun before is not over yet; a refresh follows if it is allowed.
    Busy,
    /// Why, with what the sentence about it is made from.
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

    /// The one to be named first where nothing was asked has the least.
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

/// Why usage is not asked for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing may be asked before then.
    NotBefore { until: Moment, cause: NotYet },
    /// Only a change of the sign-in helps.
    SignIn(SignInTrouble),
    /// The person wants readings that cost no request, and no others (law 16).
    FreeOnly,
    /// State cannot be saved, so nothing is asked: what the system says.
    Unsaved { trouble: String },
}

impl Refusal {
    /// Which of several ends first: by time those that end so, then those that something has to be done about.
    pub fn ends(&self) -> (u8, Option<Boot>) {
        match self {
            Refusal::NotBefore { until, .. } => (0, Some(until.boot)),
            Refusal::SignIn(_) | Refusal::FreeOnly | Refusal::Unsaved { .. } => (1, None),
        }
    }

    /// As it stands in the ledger.
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
