//! The pictures in the documentation, taken from the real programs on a desktop without a screen.

#[cfg(target_os = "linux")]
#[path = "shots/session.rs"]
mod session;

fn main() {
    #[cfg(target_os = "linux")]
    session::main();
}
