//! Newer versions of Holdoff, as the windows show them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UpdatesView {
    /// Whether this build can look for newer versions at all.
    pub possible: bool,
    /// Whether it looks; null where its person was not asked yet.
    pub chosen: Option<bool>,
    /// How that stands, in a sentence or two.
    pub text: String,
    /// A newer version.
    pub update: Option<UpdateView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UpdateView {
    pub version: String,
    /// The day of its release, such as 2026-12-01.
    pub date: String,
    /// What is new, line by line.
    pub notes: Vec<String>,
    /// What installing it does, or why it cannot be done from here.
    pub how: String,
    pub can_install: bool,
    /// It is being installed.
    pub busy: bool,
    /// How far that has come, or why it failed. Null before.
    pub progress: Option<String>,
    pub failed: bool,
    /// What installs it, to be pasted into a terminal.
    pub command: Option<String>,
}
