//! Messages about failures of the app itself or of its environment.

/// Title and text: the system does not report changes of the sign-in at `place`.
pub fn unwatched(place: &str, why: &str) -> (&'static str, String) {
    (
        "Changes are noticed late",
        format!(
            "Holdoff cannot watch {place} for changes: {why}. It checks it every few seconds instead and keeps trying to \
             watch it."
        ),
    )
}

/// Why no window appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoWindow {
    /// Its program could not be started, with the system's reason.
    NotStarted(String),
    /// The display accepts no connection.
    NoDisplay,
    /// Its process ended before it showed anything, with how it ended.
    Ended(String),
    /// The window's program and the app have different versions.
    OtherVersion { window: String, app: String },
}

/// Title and body for a click that opened no window. `logs` is the log folder.
pub fn no_window(why: &NoWindow, logs: &str) -> (&'static str, String) {
    let same = "The tray and holdoff status show the same information";
    let body = match why {
        NoWindow::NotStarted(why) => {
            format!("Could not start holdoff-window ({why}). {same}. Reinstall Holdoff.")
        }
        NoWindow::NoDisplay => format!(
            "Could not connect to the display. {same}. If you logged in again since Holdoff started, run holdoff once in this session."
        ),
        NoWindow::Ended(how) => {
            format!(
                "Its process exited at once ({how}). {same}. Try again. If it keeps happening, see the logs in {logs}."
            )
        }
        NoWindow::OtherVersion { window, app } => {
            let window = if window.is_empty() { "an older version".to_owned() } else { format!("version {window}") };
            format!("holdoff-window is {window}, but the running app is version {app}. Reinstall Holdoff.")
        }
    };
    ("Holdoff's window does not open", body)
}

/// Title and body after an update has replaced the running app's program.
pub fn updated(version: &str) -> (&'static str, String) {
    ("Holdoff was updated", format!("Holdoff restarts to use version {version}."))
}
