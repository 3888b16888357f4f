//! Sign-ins in general: looked at, and watched where they are kept.

pub mod monitor;
mod watch;

pub(crate) use watch::Stamp;
pub use watch::{FileWatcher, Watch, WatchError};
