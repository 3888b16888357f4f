//! Provider-independent credential handling: reads credentials and watches their files.

pub mod monitor;
mod watch;

pub(crate) use watch::Stamp;
pub use watch::{FileWatcher, Watch, WatchError};
