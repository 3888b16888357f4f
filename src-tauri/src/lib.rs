//! The shell: tray, menu, notifications and windows around `holdoff-engine`.
//!
//! This process never loads a web engine. The windows run in a separate process (`src-tauri/window`), which ends when the
//! last window closes and so frees all of their memory. The two processes communicate over [`holdoff_engine::ipc`].

pub mod icon;
pub mod sign_in_session;
pub mod view;
pub mod view_context;
pub mod view_model;

mod account_settings_view;
mod app;
mod arguments;
mod autostart;
mod controller;
mod desktop_probe;
mod end_signal;
mod memory;
mod metrics_exporter;
mod notify;
mod runtime;
#[cfg(target_os = "linux")]
mod session;
mod single_instance;
mod status_line;
mod store_plugin;
mod tray;
mod window_process;

use arguments::Role;
use holdoff_engine::platform::environment::{Environment, StartError};
use std::process::ExitCode;

/// Runs the role that the arguments select.
pub fn main() -> ExitCode {
    memory::limit_heap();
    let role = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(role) => role,
        Err(error) => {
            eprintln!("holdoff-tray: {error}");
            return ExitCode::from(64);
        }
    };
    let environment = match Environment::from_process() {
        Ok(environment) => environment,
        Err(error) => return report_failure(&error),
    };
    match role {
        Role::Tray { open } => app::run(environment, open),
        Role::Probe => desktop_probe::print(),
        #[cfg(not(target_os = "linux"))]
        Role::Windows { first } => holdoff_window::run(&environment, first, None),
    }
}

/// Reports why the program cannot start, where the user is most likely to see it.
fn report_failure(error: &StartError) -> ExitCode {
    eprintln!("holdoff: {error}");
    notify::last_words("Holdoff cannot start", &error.to_string());
    ExitCode::from(error.exit_code())
}
