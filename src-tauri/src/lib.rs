//! The shell: tray, menu, notifications and windows around `holdoff-engine`.
//!
//! Two processes: the tray app, which never loads a web engine, and the windows, which end with the last of
//! them and give all their memory back. They share this program and talk over [`holdoff_engine::ipc`].

pub mod face;
pub mod icon;
pub mod menu;
pub mod present;
pub mod signing_in;
pub mod view;

mod app;
mod arguments;
mod autostart;
#[cfg(target_os = "linux")]
mod bus;
mod choices;
mod choosing;
mod controller;
mod exporter;
mod files;
mod logs;
mod look;
mod notify;
mod place;
mod status_line;
mod tray;
mod windows;

use arguments::Role;
use holdoff_engine::environment::{Environment, StartError};
use std::process::ExitCode;

/// What the program does, by its arguments.
pub fn main() -> ExitCode {
    let role = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(role) => role,
        Err(error) => {
            eprintln!("holdoff-tray: {error}");
            return ExitCode::from(64);
        }
    };
    let environment = match Environment::from_process() {
        Ok(environment) => environment,
        Err(error) => return complain(&error),
    };
    match role {
        Role::Tray { open } => app::run(environment, open),
        Role::Look => look::print(),
        Role::Windows { first } => windows::run(&environment, first),
    }
}

/// Says why the program cannot start, where the person is most likely to look.
fn complain(error: &StartError) -> ExitCode {
    eprintln!("holdoff: {error}");
    notify::last_words("Holdoff cannot start", &error.to_string());
    ExitCode::from(error.exit_code())
}

/// The app's configuration, pages and permissions.
fn context<R: tauri::Runtime>() -> tauri::Context<R> {
    tauri::generate_context!()
}
