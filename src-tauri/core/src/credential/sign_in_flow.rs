//! The way back to a working sign-in: an account's progress, and what this computer offers for signing in.

use crate::state::{AccountState, Renewal, SignInTrouble};
use crate::time::Moment;

/// An account's progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInFlow {
    /// The sign-in works as far as is known, or none is needed.
    Nothing,
    /// The sign-in does not work, and a new one would not help.
    Barred,
    /// The user should sign in again.
    SignIn(Urgency),
    /// There is a new sign-in, and a request will verify it: at this time, or now.
    Checking { at: Option<Moment> },
    /// A reading has verified it.
    Mended,
}

/// How urgent a new sign-in is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Urgency {
    /// Nothing else helps.
    Only(SignInTrouble),
    /// The current sign-in still works but cannot be renewed.
    Soon,
    /// It has expired, and its owner or Holdoff will renew it. A new sign-in is only faster.
    Sooner,
}

/// What this computer offers for signing in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LaunchSupport {
    /// The owner's program, and a terminal to run it in.
    #[default]
    Terminal,
    NoProgram,
    /// No terminal was found, or none could be opened.
    NoTerminal,
}

impl SignInFlow {
    pub fn of(state: &AccountState, now: Moment) -> Self {
        if state.free_only() {
            return Self::Nothing;
        }
        if let Some(need) = Urgency::of(state, now) {
            if let Urgency::Only(SignInTrouble::Paused(cause)) = &need
                && !cause.ends_by_signing_in()
            {
                return Self::Barred;
            }
            return Self::SignIn(need);
        }
        match state.sign_in.seen {
            Some(_) if state.sign_in_failed => {
                Self::Checking { at: state.next_request(now).filter(|at| at.is_after(now)) }
            }
            Some(_) if state.sign_in_recovered => Self::Mended,
            Some(_) | None => Self::Nothing,
        }
    }
}

impl Urgency {
    fn of(state: &AccountState, now: Moment) -> Option<Self> {
        match (state.sign_in_trouble(now.wall), state.renewal(now)) {
            (Some(SignInTrouble::Expired), Renewal::Ready | Renewal::Waits { .. } | Renewal::HeldUp { .. }) => {
                Some(Self::Sooner)
            }
            (Some(SignInTrouble::Expired), Renewal::Off) if state.sign_in.renewable => Some(Self::Sooner),
            (Some(trouble), _) => Some(Self::Only(trouble)),
            (None, Renewal::Stopped(_)) => Some(Self::Soon),
            (None, _) => None,
        }
    }
}
