//! The owner's status line in the settings window, loaded when the user looks at it.

use super::Answer;
use serde::{Deserialize, Serialize};

/// The status line of one config folder of the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatusLineView {
    /// The settings file, with the home folder as `~`.
    pub place: String,
    /// Its state, or why that is unknown.
    pub text: String,
    /// Whether it can be installed.
    pub install: bool,
    /// Whether it can be removed.
    pub remove: bool,
}

/// A planned change of the owner's settings. Nothing is changed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatusLinePlan {
    pub path: String,
    pub lines: Vec<DiffLine>,
    /// Identifies the plan: only the change that was shown is applied.
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

/// The planned change to show, or the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatusLineAnswer {
    pub plan: Option<StatusLinePlan>,
    pub answer: Answer,
}
