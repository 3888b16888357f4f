//! The tray icon: StatusNotifierItem on Linux, Tauri's own elsewhere.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub use linux::Tray;
#[cfg(not(target_os = "linux"))]
pub use other::Tray;

use crate::menu::Click;

/// What the tray says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrayEvent {
    Clicked(Click),
    /// This desktop has no place for tray icons, at least not yet.
    NoPlace,
}
