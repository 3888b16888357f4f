//! Acts on what `holdoff-core` decides: HTTP, files, locks, timers. Async, no Tauri, no window.
//!
//! [`tasks::supervisor::Supervisor`] knows who is polled from where, [`tasks::runner::Runner`] drives one account,
//! [`storage::state_store`] makes states durable, and [`platform::environment::Environment`] is what the world says at the start.

pub mod claude_code;
pub mod credentials;
pub mod http;
pub mod ipc;
pub mod metrics;
pub mod platform;
pub mod storage;
pub mod tasks;
pub mod updates;
