//! Start at login: off until it is chosen.

use crate::runtime::AppHandle;
use tauri_plugin_autostart::ManagerExt;

/// Whether the desktop starts Holdoff at login, by whomever that was chosen.
pub fn is_on(app: &AppHandle) -> bool {
    app.autolaunch().is_enabled().unwrap_or(false)
}

/// # Errors
/// A sentence about what the desktop did not allow.
pub fn set(app: &AppHandle, on: bool) -> Result<(), String> {
    let manager = app.autolaunch();
    // Switching off what is not on is an error of the plugin's, and as well.
    if !on && manager.is_enabled().is_ok_and(|enabled| !enabled) {
        return Ok(());
    }
    let result = if on { manager.enable() } else { manager.disable() };
    result.map_err(|error| format!("Start at login could not be changed: {error}. The setting stays as it was."))
}
