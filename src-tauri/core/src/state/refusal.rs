//! Why a person's wish for a reading is not followed.

use super::SignInTrouble;
use crate::gate::Cooldown;
use crate::time::Moment;

/// Why a person's wish for a reading is not followed now.
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
    /// For the ledger and for scripts.
    pub fn key(&self) -> &'static str {
        match self {
            Refusal::NotBefore { cause: NotYet::Spacing, .. } => "spacing",
            Refusal::NotBefore { cause: NotYet::Cooldown(_), .. } => "cooling_down",
            Refusal::SignIn(SignInTrouble::Absent(_)) => "sign_in_absent",
            Refusal::SignIn(SignInTrouble::Expired) => "sign_in_expired",
            Refusal::SignIn(SignInTrouble::Paused(_)) => "paused",
            Refusal::FreeOnly => "free_only",
            Refusal::Unsaved { .. } => "state_not_saved",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotYet {
    Spacing,
    Cooldown(Cooldown),
}
