//! What is said where something of the app itself does not work, or around it.

/// Title and text: the system does not tell of changes of the sign-in at `place`.
pub fn unwatched(place: &str, why: &str) -> (&'static str, String) {
    (
        "Changes are noticed late",
        format!(
            "Holdoff cannot watch {place} for changes: {why}. It checks it every few seconds instead and keeps trying to \
             watch it."
        ),
    )
}

/// Why no window came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoWindow {
    /// Its program could not be started: the system's reason.
    NotStarted(String),
    /// The display lets nobody in.
    NoDisplay,
    /// Its process ended before it showed anything: how.
    Ended(String),
    /// The program of the windows is of this version, and the app of that.
    OtherVersion { window: String, app: String },
}

/// Title and body for who clicked and sees nothing. `logs` is the folder of the logs.
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

/// Title and body when the program was replaced by one of another version under the running app.
pub fn updated(version: &str) -> (&'static str, String) {
    ("Holdoff was updated", format!("Holdoff restarts to use version {version}."))
}
