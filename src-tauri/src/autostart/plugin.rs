//! Start at login through Tauri's plugin, on the systems that have a native setting for it.

use crate::runtime::AppHandle;
use std::path::Path;
use tauri_plugin_autostart::ManagerExt;

#[derive(Debug)]
pub struct Autostart(AppHandle);

impl Autostart {
    pub fn new(app: &AppHandle, _home: &Path, _own: &Path) -> Self {
        Self(app.clone())
    }

    /// Whether the desktop starts Holdoff at login, no matter who set that.
    pub fn is_on(&self) -> bool {
        self.0.autolaunch().is_enabled().unwrap_or(false)
    }

    /// # Errors
    /// Fails if the system does not allow the change; the error is a sentence for the user.
    pub fn set(&self, on: bool) -> Result<(), String> {
        let manager = self.0.autolaunch();
        // The plugin fails if autostart is disabled while it is off already; that is no failure here.
        if !on && manager.is_enabled().is_ok_and(|enabled| !enabled) {
            return Ok(());
        }
        let result = if on { manager.enable() } else { manager.disable() };
        result.map_err(|error| holdoff_core::messages::autostart_not_changed(&error.to_string()))
    }
}
