//! Where the system has a place of its own for it, Tauri's plugin knows that.

use crate::runtime::AppHandle;
use std::path::Path;
use tauri_plugin_autostart::ManagerExt;

#[derive(Debug)]
pub struct Autostart(AppHandle);

impl Autostart {
    pub fn new(app: &AppHandle, _home: &Path, _own: &Path) -> Self {
        Self(app.clone())
    }

    /// Whether the desktop starts Holdoff at login, by whomever that was chosen.
    pub fn is_on(&self) -> bool {
        self.0.autolaunch().is_enabled().unwrap_or(false)
    }

    /// # Errors
    /// A sentence about what the desktop did not allow.
    pub fn set(&self, on: bool) -> Result<(), String> {
        let manager = self.0.autolaunch();
        // Switching off what is not on is an error of the plugin's, and as well.
        if !on && manager.is_enabled().is_ok_and(|enabled| !enabled) {
            return Ok(());
        }
        let result = if on { manager.enable() } else { manager.disable() };
        result.map_err(|error| holdoff_core::messages::autostart_not_changed(&error.to_string()))
    }
}
