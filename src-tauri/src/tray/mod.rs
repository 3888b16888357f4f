//! The tray icon: StatusNotifierItem on Linux, Tauri's tray elsewhere.

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

/// The bus name of the service that manages tray icons.
#[cfg(target_os = "linux")]
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Events from the tray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrayEvent {
    Clicked(TrayAction),
    /// A click on the icon itself, at this position in physical pixels, if known.
    IconClicked(Option<(i32, i32)>),
    /// The desktop has had no tray for a while.
    NoPlace,
}
