//! Quotes commands for the user to paste.

use super::is_hidden;

/// Quotes any text as one shell word.
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

/// Spells out bytes that a terminal would interpret or not show.
fn printed(word: &str) -> String {
    let spelt = |byte: u8| match byte {
        b'/' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"$(printf '{}')\"", word.bytes().map(spelt).collect::<String>())
}

/// A path that may begin with `~/`, which a shell expands only if it is not quoted.
pub fn quoted_below_home(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some("") => "~/".to_owned(),
        Some(below) => format!("~/{}", quoted(below)),
        None if path == "~" => "~".to_owned(),
        None => quoted(path),
    }
}

/// The same for cmd, the Windows shell, which does not know `~`. Text between two `%` cannot be escaped there.
pub fn below_profile(path: &str) -> String {
    match path.strip_prefix('~') {
        Some(below) if below.is_empty() || below.starts_with(['/', '\\']) => {
            format!("%USERPROFILE%{}", below.replace('/', r"\"))
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_spelled_out_and_the_rest_stays_readable() {
        assert_eq!(quoted("/a1\u{202e}_b.c-d e"), r#""$(printf '/a1\342\200\256_b.c-d\040e')""#);
    }
}
