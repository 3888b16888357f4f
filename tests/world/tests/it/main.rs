//! The world itself, tested: a test that stands on it can only be as good as it is.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what went wrong by failing")]

mod app;
mod client;
mod clock;
mod desktop;
mod fake;
mod grants;
mod home;
mod item;
mod secrets;
mod spawn;
mod tray;
mod webdriver;
