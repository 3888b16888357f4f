//! What is said where something of the app itself does not work, or around it.

/// Title and text: the system does not tell of changes of the sign-in at `place`.
pub fn unwatched(place: &str, why: &str) -> (&'static str, String) {
    (
        "Changes are noticed late",
        format!(
            "The system does not watch {place} for Holdoff: {why}. Holdoff looks at it every few seconds instead, and tries \
             to watch it again by itself."
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
    let same = "The tray and holdoff status show the same";
    let body = match why {
        NoWindow::NotStarted(why) => {
            format!("The program holdoff-window could not be started ({why}). {same}. Install Holdoff again.")
        }
        NoWindow::NoDisplay => format!(
            "The display cannot be reached. {same}. If you have logged in again since Holdoff started, run holdoff once in this session."
        ),
        NoWindow::Ended(how) => {
            format!(
                "Its process ended at once ({how}). {same}. Try again; if it keeps happening, the logs in {logs} say more."
            )
        }
        NoWindow::OtherVersion { window, app } => {
            let window = if window.is_empty() { "an older version".to_owned() } else { format!("version {window}") };
            format!(
                "The program holdoff-window is {window}, and the running app is version {app}. Install Holdoff again."
            )
        }
    };
    ("Holdoff's window does not open", body)
}

/// Title and body when the program was replaced by one of another version under the running app.
pub fn updated(version: &str) -> (&'static str, String) {
    ("Holdoff was updated", format!("Holdoff restarts to use version {version}."))
}
