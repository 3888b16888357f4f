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
    /// The way back to a sign-in that works, in order; empty when there is nothing to do.
    pub steps: Vec<StepView>,
    /// How to take the first of those steps.
    pub offer: Option<OfferView>,
    /// A new sign-in was proved by the last reading: whose it is.
    pub recovered: Option<String>,
    /// It is another account's than before.
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
    /// The person's turn.
    Now,
    /// Holdoff is at it, or waits for it.
    UnderWay,
    Next,
}

/// A way to sign in: a terminal opened by Holdoff, or a command to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OfferView {
    pub button: String,
    /// Nothing else helps.
    pub urgent: bool,
    /// The program to sign in with.
    pub owner: String,
    pub command: String,
    /// What is missing on this computer, and what to do about that.
    pub problem: Option<String>,
    /// Where it says how to install what is missing.
    pub address: Option<String>,
}
