//! Operating system services: clock, environment, folders, files, locks, logs.

pub mod clock;
pub mod core_dumps;
pub mod data_dir;
pub mod environment;
pub mod file_lock;
pub mod fs;
pub mod keyring;
pub mod local_time;
pub mod log_file;
pub mod logging;
pub mod private_files;
pub mod programs;
pub(crate) mod random;
pub(crate) mod throttle;
pub mod user_dir;
pub(crate) mod wiped;
