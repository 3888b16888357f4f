//! Everything specific to Claude Code: credential storage and its locks, sessions, and the status line. Holdoff reads the
//! credential; only a renewal writes it, which is off by default, and only while it holds the locks.

mod atomic_replace;
mod credential_store;
#[cfg(any(target_os = "macos", test))]
mod keychain;
pub mod locations;
mod locked_store;
mod locks;
pub(crate) mod managed_settings;
mod picked;
pub mod sessions;
pub mod sign_in_launcher;
pub mod status_line;
mod write_back;

pub use credential_store::CredentialStore;
pub use locked_store::LockedStore;
