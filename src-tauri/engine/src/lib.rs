//! Acts on what `holdoff-core` decides: HTTP, files, locks, timers. Async, no Tauri, no window.
//!
//! [`roster::Roster`] knows who is polled from where; [`runner::Runner`] drives one account; [`keeper`] makes states durable; [`environment::Environment`] is what
//! the world says at the start.

pub mod clock;
pub mod condition;
pub mod crash;
pub mod credentials;
pub mod environment;
pub mod folder;
pub mod handover;
pub mod history;
pub mod http;
pub mod ipc;
pub mod keeper;
pub mod local_time;
pub mod lock;
pub mod log_file;
pub mod login;
pub mod logs;
pub mod lookout;
pub mod metrics;
pub mod network;
pub mod newer_data;
pub mod privacy;
mod regular_file;
pub mod roster;
pub mod runner;
pub mod sessions;
pub mod settings_file;
pub mod sign_in;
pub mod slots;
pub mod sources;
pub mod start;
pub mod status_line;
pub mod updates;
pub mod user_dir;
mod wiped;
