//! Account status for programs and users, computed once for every view.

pub mod account;
pub mod format;
pub mod report;
pub mod template;
pub mod tray;
