//! End-to-end tests of the whole app: the real programs, a real bus, panel, notification service and web engine, and
//! our own Anthropic on loopback. Each test has its own home, desktop and server.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod accounts;
mod attacks;
mod attribution;
mod bad_input;
mod day;
mod desktop;
mod durability;
mod faults;
mod files;
mod free;
mod history;
mod hostile;
mod limit;
mod local_time;
mod metrics;
mod odd_readings;
mod panel_window;
mod passive_readings;
mod quota;
mod refusals;
mod renewal_limit;
mod resident;
mod scene;
mod secrets;
mod settings;
mod sign_in;
mod sign_in_steps;
mod status_line;
mod status_line_settings;
mod tray_host;
mod updates;
mod versions;
mod wayland;
