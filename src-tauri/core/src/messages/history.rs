//! Results of history commands.

/// All of it is deleted.
pub const HISTORY_DELETED: &str = "History deleted. A new history has started.";

/// `written` are the names of the files in `folder`, or the error.
pub fn history_exported(folder: &str, written: Result<&[String], &String>) -> String {
    match written {
        Ok([]) => "There is no history yet, so nothing was written.".to_owned(),
        Ok(names) => format!("Written to {folder}: {}.", names.join(", ")),
        Err(why) => format!(
            "Could not write the history to {folder} ({why}). No files were left there. Free some space or fix the folder's permissions, then try again."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_export_message_names_the_files_or_the_error() {
        let names = ["a.csv".to_owned(), "b.csv".to_owned()];
        assert_eq!(
            history_exported("/home/ann/Downloads", Ok(&names)),
            "Written to /home/ann/Downloads: a.csv, b.csv."
        );
        assert!(history_exported("/x", Ok(&[])).contains("no history yet"));
        assert!(history_exported("/x", Err(&"disk full".to_owned())).contains("(disk full)"));
    }
}
