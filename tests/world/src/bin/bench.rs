//! Holdoff's figures beside those of an empty Tauri tray app, and the command's beside an empty C program.

#[cfg(target_os = "linux")]
#[path = "bench/session.rs"]
mod session;

fn main() {
    #[cfg(target_os = "linux")]
    session::main();
}
