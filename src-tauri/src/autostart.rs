//! Start at login: off until it is chosen.

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
