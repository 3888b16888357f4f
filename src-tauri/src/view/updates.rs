//! Newer versions of Holdoff, as the windows show them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UpdatesView {
    /// Whether this build can check for updates.
    pub possible: bool,
    /// Whether it checks; null if the user has not been asked yet.
    pub chosen: Option<bool>,
    /// The state of the update checks, in one or two sentences.
    pub text: String,
    /// A newer version.
    pub update: Option<UpdateView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UpdateView {
    pub version: String,
    /// The release date, such as 2026-12-01.
    pub date: String,
    /// The release notes, line by line.
    pub notes: Vec<String>,
    /// What installing it does, or why it cannot be done from here.
    pub how: String,
    pub can_install: bool,
    /// Whether it is being installed.
    pub busy: bool,
    /// The progress of the installation, or why it failed; null before.
    pub progress: Option<String>,
    pub failed: bool,
    /// The command that installs it, to be pasted into a terminal.
    pub command: Option<String>,
}
