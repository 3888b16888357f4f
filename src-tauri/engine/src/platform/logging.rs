//! The log: one file a day, kept for a week, ten megabytes at most. It holds only Holdoff's own messages, and no type of ours
//! can print a token.

use crate::platform::fs;
use crate::platform::log_file::LogFile;
use crate::platform::private_files;
use std::path::Path;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Crates that handle requests are silenced, because their messages may contain request data.
const SILENT: [&str; 5] = ["hyper", "hyper_util", "reqwest", "rustls", "tower"];
const OURS: [&str; 4] = ["holdoff_core", "holdoff_engine", "holdoff_tray", "holdoff_window"];

/// Logs to `<dir>/<name>.<date>.log`, for this user only. If the folder cannot be written, nothing is logged.
pub fn start(dir: &Path, name: &str) {
    let private = fs::make_folder(dir).and_then(|()| private_files::tighten(dir));
    let Ok(log) = LogFile::open(dir, name) else {
        return;
    };
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(SILENT.map(|name| (name, LevelFilter::OFF)))
        .with_targets(OURS.map(|name| (name, LevelFilter::INFO)));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::sync::Mutex::new(log));
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    if let Err(error) = private {
        tracing::warn!(%error, "cannot make the log folder private");
    }
}
