//! What the resident program runs on, the one place where platforms differ in it.
//!
//! Linux: the icon is an object on the session bus and the windows are another program, so this one has no window system:
//! none that can be lost, end it, or cost memory. Elsewhere the icon belongs to the window system's event loop, so this
//! is a Tauri app with one, and the windows' process is the same program.

#[cfg(not(target_os = "linux"))]
mod event_loop;
#[cfg(target_os = "linux")]
mod headless;
#[cfg(not(target_os = "linux"))]
pub use event_loop::{Runtime, run};
#[cfg(target_os = "linux")]
pub use headless::{Runtime, run};

/// The running app, as the plugins know it.
pub type AppHandle = tauri::AppHandle<Runtime>;

/// What the resident program uses of Tauri, on every platform.
fn with_plugins(builder: tauri::Builder<Runtime>) -> tauri::Builder<Runtime> {
    let builder = builder.plugin(tauri_plugin_notification::init());
    // On Linux, starting at login is a file that is written by `autostart.rs`.
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(tauri_plugin_autostart::Builder::new().build());
    builder.plugin(tauri_plugin_store::Builder::new().build())
}
