//! What is wrong with a sign-in, and the status of its renewal by Holdoff.

use super::AccountState;
use crate::credential::{CredentialMissing, CredentialPresence};
use crate::gate::{Cooldown, GateState, Pause};
use crate::request::Endpoint;
use crate::time::{Moment, Wall};

/// The status of renewal by Holdoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal<'a> {
    /// The user has not allowed it.
    Off,
    /// There is no refresh token, or it has expired.
    Impossible,
    /// Nothing prevents it once it is due.
    Ready,
    /// It may be retried at this time.
    Waits { cause: &'a Cooldown, until: Moment },
    /// It was due but could not be tried, for this reason. Attempts continue.
    HeldUp { why: &'a str },
    /// Only a new sign-in helps.
    Stopped(&'a Pause),
}

/// What is wrong with the sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInTrouble {
    Absent(CredentialMissing),
    Expired,
    Paused(Pause),
}

impl AccountState {
    /// Why the sign-in cannot be used, if there is a reason.
    pub fn sign_in_trouble(&self, now: Wall) -> Option<SignInTrouble> {
        if let Some(CredentialPresence::Absent(absence)) = &self.sign_in.seen {
            return Some(SignInTrouble::Absent(absence.clone()));
        }
        if let GateState::Paused { cause, .. } = &self.gates[Endpoint::Usage].state {
            return Some(SignInTrouble::Paused(cause.clone()));
        }
        if !self.sign_in.expired(now) {
            return None;
        }
        // While the access token is valid, a paused renewal does no harm.
        Some(match &self.gates[Endpoint::Token].state {
            GateState::Paused { cause, .. } => SignInTrouble::Paused(cause.clone()),
            GateState::Open | GateState::CoolingDown { .. } if self.sign_in.refresh_blanked => {
                SignInTrouble::Absent(CredentialMissing::Blanked)
            }
            GateState::Open | GateState::CoolingDown { .. } => SignInTrouble::Expired,
        })
    }

    /// The status of renewal by Holdoff. A usage rate limit also delays it (law 4) but is not reported here.
    pub fn renewal(&self, now: Moment) -> Renewal<'_> {
        match &self.gates[Endpoint::Token].state {
            _ if !self.renewal_enabled || self.free_only() => Renewal::Off,
            GateState::Paused { cause, .. } => Renewal::Stopped(cause),
            _ if !self.sign_in.renewable => Renewal::Impossible,
            GateState::CoolingDown { cause, until, .. } if until.is_after(now) => {
                Renewal::Waits { cause, until: *until }
            }
            GateState::CoolingDown { .. } | GateState::Open => match &self.renewal_blocked {
                Some(why) => Renewal::HeldUp { why },
                None => Renewal::Ready,
            },
        }
    }
}
