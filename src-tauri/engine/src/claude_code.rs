//! What is Claude Code's alone: where it keeps its sign-in and under which locks, its sessions, its status line. Its sign-in is
//! read there; it is written there only by a renewal, which is off until its person switches it on, and only under the locks.

mod atomic_replace;
mod credential_store;
#[cfg(any(target_os = "macos", test))]
mod keychain;
pub mod locations;
mod locked_store;
mod locks;
mod picked;
pub mod sessions;
pub mod sign_in_launcher;
pub mod status_line;
mod write_back;

pub use credential_store::CredentialStore;
pub use locked_store::LockedStore;
