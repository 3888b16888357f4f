//! A sign-in and the way back to one that works.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SignInState {
    Unknown,
    Ok,
    Expired,
    Paused,
    Absent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SignInView {
    pub state: SignInState,
    /// A few words: "Signed in", "Sign-in expired", "Signed out".
    pub title: String,
    /// What happened and what Holdoff does about it.
    pub text: String,
    /// The file (or keychain item) it was found in or is expected at.
    pub found_at: Option<String>,
    pub plan: Option<String>,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub expires_at_ms: Option<i64>,
    pub expires_clock: Option<String>,
    /// The steps to a working sign-in, in order; empty if there is nothing to do.
    pub steps: Vec<StepView>,
    /// A way to take the first step.
    pub offer: Option<OfferView>,
    /// Names the account, if the last reading has just proved a new sign-in.
    pub recovered: Option<String>,
    /// Says so if a different account has signed in.
    pub other_account: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StepView {
    pub progress: StepProgress,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum StepProgress {
    Done,
    /// The user has to act.
    Now,
    /// Holdoff is doing it, or waits for it.
    UnderWay,
    Next,
}

/// A way to sign in: a terminal opened by Holdoff, or a command to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OfferView {
    pub button: String,
    /// Whether nothing but signing in helps.
    pub urgent: bool,
    /// The program to sign in with.
    pub owner: String,
    pub command: String,
    /// What is missing on this computer, and what to do about it.
    pub problem: Option<String>,
    /// The address of the installation instructions.
    pub address: Option<String>,
}
