//! The tray icon: StatusNotifierItem on Linux, Tauri's own elsewhere.

#[cfg(target_os = "linux")]
mod absence;
#[cfg(target_os = "linux")]
mod linux;
pub mod menu;
pub mod model;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub use linux::Tray;
#[cfg(not(target_os = "linux"))]
pub use other::Tray;

use crate::tray::menu::TrayAction;

/// The name on the session bus of who keeps the tray icons.
#[cfg(target_os = "linux")]
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// What the tray says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrayEvent {
    Clicked(TrayAction),
    /// This desktop has had no place for tray icons for a while.
    NoPlace,
}
