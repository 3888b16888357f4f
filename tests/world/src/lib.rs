//! The world around Holdoff, for tests, the demo and measurements.
//!
//! Holdoff is driven from outside only: a fake Anthropic on loopback ([`fake`]), a home folder of its own ([`home`]), a
//! clock that runs faster ([`clock`]), a real desktop without a screen ([`desktop`]), the tray item on its bus ([`tray`]),
//! the programs themselves ([`app`]), if wished in a view of the file system of their own ([`apart`]), and their windows
//! ([`webdriver`]). Nothing here links a line of Holdoff.
//!
//! What is missing or late is a panic that says what was waited for and, for a missing program, the Debian package.
#![cfg(target_os = "linux")]
#![warn(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a world that cannot be set up has nothing to hand back: it says why and fails the test"
)]

pub mod answer;
pub mod apart;
pub mod app;
pub mod bodies;
pub mod clock;
pub mod desktop;
mod eventually;
pub mod fake;
pub mod grants;
pub mod home;
mod http;
pub mod owner;
pub mod process;
pub mod proxy;
pub mod releases;
mod saves;
pub mod secrets;
mod slots;
pub mod spawn;
pub mod tls;
pub mod tray;
pub mod webdriver;

pub use answer::Answer;
pub use apart::Apart;
pub use app::{App, Launch};
pub use clock::ClockSpec;
pub use desktop::{Desktop, Notifications, Session, Shade, Wayland};
pub use eventually::{eventually, soon};
pub use fake::{FakeAnthropic, Foreign};
pub use grants::{Grants, Mishap, Violation};
pub use home::{Credential, Home};
pub use owner::Owner;
pub use proxy::TlsProxy;
pub use releases::{FakeReleases, Published};
pub use saves::Saves;
pub use slots::{Damage, Slot, Target};
pub use tray::Tray;
pub use webdriver::{Browser, Inspector};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic in one test must not hide the state from the next one that looks at it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
