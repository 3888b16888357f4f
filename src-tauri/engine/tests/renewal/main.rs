//! Renewal with real files, real HTTP on loopback and, where it matters, real processes (law 8).
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]
#![allow(
    clippy::print_stdout,
    reason = "figures are for whoever reads the test's output, and lines for who started it"
)]

mod bad_input;
mod child;
mod day;
mod killed;
mod kills;
mod real;
mod rescue;
mod response_bodies;
mod responses;
mod scene;
mod second_thoughts;
mod slow_disk;
mod stolen_locks;
mod stopped;
mod unwritten;
mod writing;
