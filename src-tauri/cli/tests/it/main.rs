//! The command as people and scripts use it: a process, a home folder, files.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod bars;
mod doctor;
mod guard;
mod help;
mod history;
mod local_time;
mod newer_data;
#[cfg(all(target_os = "linux", target_endian = "little", target_pointer_width = "64"))]
mod program;
mod scene;
mod setup;
mod status;
mod statusline;
