//! The command as people and scripts use it: a process, a home folder, files.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod doctor;
mod guard;
mod help;
mod history;
mod scene;
mod setup;
mod status;
mod statusline;
