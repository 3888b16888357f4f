//! The window process. The tray app starts it; it shows nothing on its own.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    holdoff_window::main()
}
