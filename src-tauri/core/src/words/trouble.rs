//! What went wrong in the app itself.

/// Title and body of a notification: a window was wished for, and there is none.
pub fn no_window(why: &str, logs: &str) -> (&'static str, String) {
    (
        "Holdoff's window does not open",
        format!(
            "Its web engine ended at once ({why}). Holdoff goes on without it, and tray and holdoff status show the same. \
             Try again; if it stays so, the logs in {logs} say more."
        ),
    )
}
