//! Benchmarks: Holdoff against an empty Tauri tray app, and its commands against an empty C program.

#[cfg(target_os = "linux")]
#[path = "bench/session.rs"]
mod session;

fn main() {
    #[cfg(target_os = "linux")]
    session::main();
}
