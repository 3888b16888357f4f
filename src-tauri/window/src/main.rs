//! The process of the windows. The tray app starts it; on its own it has nothing to show.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    holdoff_window::main()
}
