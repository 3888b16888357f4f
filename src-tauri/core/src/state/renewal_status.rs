//! What is wrong with a sign-in, and how its renewal by Holdoff stands.

use super::AccountState;
use crate::credential::{CredentialMissing, CredentialPresence};
use crate::gate::{Cooldown, GateState, Pause};
use crate::time::{Moment, Wall};

/// How renewal by Holdoff stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal<'a> {
    /// The person has not allowed it.
    Off,
    /// There is no refresh token to renew with, or it has run out.
    Impossible,
    /// Nothing stands against it once it is due.
    Ready,
    /// It may be tried again then.
    Waits { cause: &'a Cooldown, until: Moment },
    /// It was due and not even tried, because of this; it is tried again and again.
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
    /// What keeps the sign-in from being used, if anything does.
    pub fn sign_in_trouble(&self, now: Wall) -> Option<SignInTrouble> {
        if let Some(CredentialPresence::Absent(absence)) = &self.sign_in.seen {
            return Some(SignInTrouble::Absent(absence.clone()));
        }
        if let GateState::Paused { cause, .. } = &self.usage.state {
            return Some(SignInTrouble::Paused(cause.clone()));
        }
        if !self.sign_in.expired(now) {
            return None;
        }
        // While the access token lives, a renewal that is paused is in nobody's way.
        Some(match &self.token.state {
            GateState::Paused { cause, .. } => SignInTrouble::Paused(cause.clone()),
            GateState::Open | GateState::CoolingDown { .. } if self.sign_in.refresh_blanked => {
                SignInTrouble::Absent(CredentialMissing::Blanked)
            }
            GateState::Open | GateState::CoolingDown { .. } => SignInTrouble::Expired,
        })
    }

    /// How renewal by Holdoff stands. A limit of usage holds it back too (law 4), but only that is said of it then.
    pub fn renewal(&self, now: Moment) -> Renewal<'_> {
        match &self.token.state {
            _ if !self.renews || self.free_only() => Renewal::Off,
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
