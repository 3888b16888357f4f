//! Provider-independent credential handling: reads credentials and watches their files.

pub mod monitor;
mod source;
mod watch;

pub use source::{CredentialSource, KeyStore};
pub(crate) use watch::Stamp;
pub use watch::{FileWatcher, Watch, WatchError};
