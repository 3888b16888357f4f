//! The way back to a sign-in that works: how far an account is on it, and what there is to go it with.

use crate::state::{AccountState, Renewal, SignInTrouble};
use crate::time::Moment;

/// How far an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInFlow {
    /// The sign-in works, as far as anybody knows, or none is needed.
    Nothing,
    /// It does not, and signing in again would change nothing.
    Barred,
    /// A new sign-in is the way, and the person's affair.
    SignIn(Urgency),
    /// There is a new one, and a request is to prove it: at that time, or now.
    Checking { at: Option<Moment> },
    /// A reading has proved it.
    Mended,
}

/// How much a new sign-in is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Urgency {
    /// Nothing else helps.
    Only(SignInTrouble),
    /// The one there is still works, and cannot be renewed.
    Soon,
    /// It has expired, and is renewed by its owner or by Holdoff: signing in is only sooner.
    Sooner,
}

/// What there is on this computer for signing in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LaunchSupport {
    /// The owner's program, and a terminal to run it in.
    #[default]
    Terminal,
    NoProgram,
    /// None was found, or none that was found could be opened.
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
            Some(_) if state.troubled => Self::Checking { at: state.next_request(now).filter(|at| at.is_after(now)) },
            Some(_) if state.mended => Self::Mended,
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
