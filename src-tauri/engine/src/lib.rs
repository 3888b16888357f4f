//! Acts on what `holdoff-core` decides: HTTP, files, locks, timers. Async, no Tauri, no window.
//!
//! [`runner::Runner`] drives one account; [`keeper`] makes states durable; [`environment::Environment`] is what
//! the world says at the start.

pub mod clock;
pub mod credentials;
pub mod environment;
pub mod handover;
pub mod http;
pub mod ipc;
pub mod keeper;
pub mod ledger;
pub mod lock;
pub mod metrics;
pub mod runner;
pub mod settings_file;
pub mod slots;
pub mod start;
pub mod status_line;
