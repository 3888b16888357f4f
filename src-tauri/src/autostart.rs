//! Start at login, off by default.

#[cfg(target_os = "linux")]
mod desktop_entry;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod plugin;

#[cfg(target_os = "linux")]
pub use linux::Autostart;
#[cfg(not(target_os = "linux"))]
pub use plugin::Autostart;
