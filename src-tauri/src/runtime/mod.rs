//! The runtime of the resident program: the one part that differs by platform.
//!
//! On Linux the icon is an object on the session bus and the windows are another program. So this program has no window
//! system that could be lost, end it or cost memory. Elsewhere the icon needs the window system's event loop: there this is
//! a Tauri app with an event loop, and it also runs as the window process.

#[cfg(not(target_os = "linux"))]
mod event_loop;
#[cfg(target_os = "linux")]
mod headless;
#[cfg(not(target_os = "linux"))]
pub use event_loop::{Runtime, run};
#[cfg(target_os = "linux")]
pub use headless::{Runtime, run};

/// The running app, as the plugins use it.
pub type AppHandle = tauri::AppHandle<Runtime>;

/// The Tauri plugins that the resident program uses on every platform.
fn with_plugins(builder: tauri::Builder<Runtime>) -> tauri::Builder<Runtime> {
    let builder = builder.plugin(tauri_plugin_notification::init());
    // On Linux, `autostart.rs` writes a file for it.
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(tauri_plugin_autostart::Builder::new().build());
    builder.plugin(tauri_plugin_store::Builder::new().build())
}
