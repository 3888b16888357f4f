//! Commands that a person is to paste.

use super::is_hidden;

/// A word for a shell, whatever is in it.
pub fn quoted(word: &str) -> String {
    if word.chars().any(is_hidden) {
        return printed(word);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What a terminal would obey or not show is spelt out.
fn printed(word: &str) -> String {
    let spelt = |byte: u8| match byte {
        b'/' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"$(printf '{}')\"", word.bytes().map(spelt).collect::<String>())
}

/// A path that may begin with `~/`, which a shell only takes for the home folder where it is bare.
pub fn quoted_below_home(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some("") => "~/".to_owned(),
        Some(below) => format!("~/{}", quoted(below)),
        None if path == "~" => "~".to_owned(),
        None => quoted(path),
    }
}

/// The same for cmd, the shell of Windows, which does not know `~`. What stands between two `%` there is not to be helped.
pub fn below_profile(path: &str) -> String {
    match path.strip_prefix('~') {
        Some(below) if below.is_empty() || below.starts_with(['/', '\\']) => {
            format!("%USERPROFILE%{}", below.replace('/', r"\"))
        }
        _ => path.to_owned(),
    }
}
