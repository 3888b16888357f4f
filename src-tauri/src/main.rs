//! The tray app, and the process of its windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    holdoff_engine::privacy::begin();
    holdoff_tray::main()
}
