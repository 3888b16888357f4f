//! Messages about starting at login.

/// Holdoff's systemd unit starts it, which only systemd can change.
pub const AUTOSTART_BY_UNIT: &str =
    "A systemd unit starts Holdoff at login. To change that, run: systemctl --user disable holdoff";

/// The setting could not be changed, with the reason.
pub fn autostart_not_changed(why: &str) -> String {
    format!("Could not change start at login: {why}. The setting is unchanged.")
}

/// After writing, the entry did not have the wanted value.
pub fn autostart_not_as_written(entry: &str, wanted: bool) -> String {
    let does = if wanted { "still does not start" } else { "still starts" };
    format!("Start at login was changed, but according to {entry} the desktop {does} Holdoff. Check that file.")
}
