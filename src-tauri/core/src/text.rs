//! Cleans text from outside when it is read, and escapes it for each output.
//!
//! A name from outside (from a provider, the owner's files, or a user's label) could set a terminal's title, reverse the text
//! direction or hide letters. So every reader passes names through [`clean`], and state, spool and socket clean them again
//! when they are read back ([`name`], [`optional_name`]). Escaping for each output is in [`sinks`], quoting for shells in
//! [`shell`].

mod shell;
mod sinks;
#[cfg(test)]
mod tests;

pub use shell::{below_profile, quoted, quoted_below_home};
pub use sinks::{csv_cell, json, markup, menu_label, notification_body, terminal, tooltip};

use serde::{Deserialize, Deserializer};

/// Maximum length in characters of a provider's name for a window or a plan.
pub const NAME_MAX: usize = 48;
/// Maximum length in characters of longer text: an address, an organization, a name made of several.
pub const LONG_NAME_MAX: usize = 200;
/// Replaces a name that looks like an echoed token.
pub const WITHHELD: &str = "(withheld)";
/// The byte-order mark, which marks a file as UTF-8.
pub const BOM: &str = "\u{feff}";
/// More combining marks in a row would cover the adjacent lines.
const MARKS_MAX: usize = 4;

/// Returns one line of visible text, trimmed, of at most `most` characters. Line breaks and tabs become spaces, invisible
/// characters are removed, and anything that looks like a token is withheld.
pub fn clean(text: &str, most: usize) -> String {
    let visible = visible(text);
    if is_like_a_token(&visible) {
        return WITHHELD.to_owned();
    }
    cut(visible.trim(), most).trim_end().to_owned()
}

/// Like [`clean`], for quoting user input in a sentence: truncated text ends in an ellipsis.
pub fn excerpt(text: &str, most: usize) -> String {
    let cleaned = clean(text, usize::MAX);
    let shown = cut(&cleaned, most);
    if shown.len() == cleaned.len() { cleaned } else { format!("{shown}…") }
}

/// Removes the byte-order mark that some editors write.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BOM.as_bytes()).unwrap_or(bytes)
}

pub fn is_like_a_token(text: &str) -> bool {
    text.to_lowercase().contains("sk-ant")
}

/// Whether a character is invisible: it moves the cursor, changes the text direction, or has no width.
pub fn is_hidden(c: char) -> bool {
    let listed = || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c));
    c.is_control() || c >= '\u{ad}' && (listed() || is_noncharacter(c))
}

/// Line and paragraph separators, and Unicode's `Default_Ignorable_Code_Point`, which is stable across versions.
const HIDDEN: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Joiners and the emoji variation selector, which Persian, Indic scripts and emoji need.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}')
}

fn visible(text: &str) -> String {
    let mut out = String::new();
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_joiner(c) {
            let joins = |c: char| !c.is_ascii() && !is_hidden(c);
            let before = out.chars().next_back().is_some_and(joins);
            if before && (c == '\u{fe0f}' || chars.peek().is_some_and(|next| joins(*next))) {
                out.push(c);
            }
            continue;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            _ if c.is_whitespace() => out.push(' '),
            _ if is_hidden(c) || marks > MARKS_MAX => {}
            _ => out.push(c),
        }
    }
    out
}

fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

/// For serde: a stored name, cleaned again.
///
/// # Errors
/// Fails if the value is not a string.
pub fn name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    String::deserialize(from).map(|text| clean(&text, LONG_NAME_MAX))
}

/// Like [`name`], but optional. A name that is empty after cleaning is `None`.
///
/// # Errors
/// Fails if the value is neither null nor a string.
pub fn optional_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.map(|text| clean(&text, LONG_NAME_MAX)).filter(|text| !text.is_empty()))
}
