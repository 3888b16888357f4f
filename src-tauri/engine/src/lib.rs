//! Carries out what `holdoff-core` decides: HTTP, files, locks, timers. Async, without Tauri or any UI.
//!
//! [`tasks::supervisor::Supervisor`] decides which account is polled with which sign-in, [`tasks::runner::Runner`] drives one
//! account, [`storage::state_store`] persists state, and [`platform::environment::Environment`] describes the system at
//! startup.

pub mod claude_code;
pub mod credentials;
pub mod http;
pub mod ipc;
pub mod metrics;
pub mod owners;
pub mod platform;
pub mod storage;
pub mod tasks;
pub mod updates;
