//! The owner's status line in the settings window, loaded when the user looks at it.

use super::Answer;
use serde::{Deserialize, Serialize};

/// The status line of one config folder of the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatusLineView {
    /// The settings file, with the home folder as `~`.
    pub place: String,
    /// How it stands, or why it cannot be told.
    pub text: String,
    /// There is something to install.
    pub install: bool,
    /// There is something to remove.
    pub remove: bool,
}

/// What a change of the owner's settings would do. Nothing is changed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatusLinePlan {
    pub path: String,
    pub lines: Vec<DiffLine>,
    /// Agreeing to it means this change of these settings, and no other.
    pub fingerprint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DiffLine {
    pub kind: DiffKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum DiffKind {
    Removed,
    Added,
}

/// The change to look at, or what came of the wish where there is none to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatusLineAnswer {
    pub plan: Option<StatusLinePlan>,
    pub answer: Answer,
}
