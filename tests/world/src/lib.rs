//! The test environment of Holdoff, for tests, the demo and benchmarks.
//!
//! Holdoff is operated only from outside: a fake Anthropic on loopback ([`fake`]), a home folder ([`home`]), a faster
//! clock ([`clock`]), a real desktop without a screen ([`desktop`]), the tray item on its bus ([`tray`]), the programs
//! themselves ([`app`]), optionally in their own view of the file system ([`sandbox`]), and their windows
//! ([`webdriver`]). Nothing here links Holdoff's code.
//!
//! Anything missing or late causes a panic that says what was waited for and, for a missing program, the Debian package.
//!
//! The desktop and the process inspection need Linux; the fake Anthropic and the home folder work everywhere.
#![warn(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a world that cannot be set up has nothing to hand back: it says why and fails the test"
)]

pub mod answer;
#[cfg(target_os = "linux")]
pub mod app;
#[cfg(target_os = "linux")]
pub mod claude_code;
pub mod clock;
#[cfg(target_os = "linux")]
pub mod desktop;
mod eventually;
pub mod fake;
pub mod fixtures;
pub mod home;
mod http;
#[cfg(target_os = "linux")]
pub mod process;
pub mod proxy;
pub mod releases;
#[cfg(target_os = "linux")]
pub mod sandbox;
#[cfg(target_os = "linux")]
mod save_watch;
pub mod secrets;
mod slots;
#[cfg(target_os = "linux")]
pub mod spawn;
pub mod tls;
pub mod token_server;
#[cfg(target_os = "linux")]
pub mod tray;
#[cfg(target_os = "linux")]
pub mod webdriver;

pub use answer::Answer;
#[cfg(target_os = "linux")]
pub use app::{App, Launch};
#[cfg(target_os = "linux")]
pub use claude_code::Owner;
pub use clock::ClockSpec;
#[cfg(target_os = "linux")]
pub use desktop::{Desktop, Notifications, Session, Shade, Wayland};
pub use eventually::{eventually, soon};
pub use fake::{FakeAnthropic, Foreign};
pub use home::{Credential, Home};
pub use proxy::TlsProxy;
pub use releases::{FakeReleases, Published};
#[cfg(target_os = "linux")]
pub use sandbox::Apart;
#[cfg(target_os = "linux")]
pub use save_watch::Saves;
pub use slots::{Damage, Slot, Target};
pub use token_server::{Grants, Mishap, Violation};
#[cfg(target_os = "linux")]
pub use tray::Tray;
#[cfg(target_os = "linux")]
pub use webdriver::{Browser, Inspector};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic in one test must not hide the state from the next one that reads it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
