//! The log: a file a day, a week of them. Only our own words get in, and no type of ours can print a token.

use holdoff_engine::environment::Environment;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Crates that handle requests stay silent: what they would log, they took from requests.
const FILTER: &str = "warn,hyper=off,hyper_util=off,reqwest=off,rustls=off,tower=off,holdoff=info,holdoff_core=info,holdoff_engine=info,holdoff_tray=info";

/// Starts logging into `<log folder>/<name>.<date>.log`. Without a place to log to, there is no log.
pub fn start(environment: &Environment, name: &str) {
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .max_log_files(7)
        .filename_prefix(name)
        .filename_suffix("log")
        .build(&environment.log_dir);
    let Ok(appender) = appender else {
        return;
    };
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(FILTER))
        .with_ansi(false)
        .with_writer(std::sync::Mutex::new(appender))
        .try_init();
}
