//! What is said of starting at login.

/// Holdoff's systemd unit starts it, which only systemd may change.
pub const AUTOSTART_BY_UNIT: &str =
    "Holdoff's systemd unit starts it at login. To change that, run: systemctl --user disable holdoff";

/// The setting could not be changed, and why.
pub fn autostart_not_changed(why: &str) -> String {
    format!("Start at login could not be changed: {why}. The setting stays as it was.")
}

/// It was written, read back, and is not what was wanted.
pub fn autostart_not_as_written(entry: &str, wanted: bool) -> String {
    let does = if wanted { "does not start" } else { "still starts" };
    format!("Start at login was changed, but the desktop {does} Holdoff with {entry}. Look at that file.")
}
