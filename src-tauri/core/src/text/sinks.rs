//! Escapes text for each kind of output.

use super::is_hidden;
use std::fmt::Write;

/// For markup: keeps `R&D` from being an entity and `<b>` a tag.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
    out
}

/// For the subtext of a tray item's tooltip, which is XML
/// (<https://specifications.freedesktop.org/status-notifier-item/latest/markup.html>). Its title is plain text. Hosts do not
/// announce what they parse, so the specification decides. Xfce (`sn-button.c`) passes it to Pango unchanged, which shows an
/// empty box for a bare `&`. Waybar escapes it again since pull request 3877, and shows `R&amp;D`.
///
/// Plasma guesses (`textFormat: Text.AutoText` in `StatusNotifierItem.qml`): Qt treats text as markup only if its first line
/// has a tag or `&lt;` (`Qt::mightBeRichText`), and then needs `<br>` for a line break. All other text is plain. A leading
/// empty tag makes the guess reliable.
pub fn tooltip(text: &str, on_plasma: bool) -> String {
    let first = text.trim_start().lines().next().unwrap_or_default();
    match on_plasma {
        false => markup(text),
        true if first.contains('<') || first.contains("&lt;") => {
            format!("<b></b>{}", markup(text).replace('\n', "<br>"))
        }
        true => text.to_owned(),
    }
}

/// For the body of a notification: markup if the service has the capability `body-markup`, otherwise plain text. The summary
/// is always plain text (<https://specifications.freedesktop.org/notification-spec/latest/markup.html>).
pub fn notification_body(body: &str, capabilities: &[String]) -> String {
    if capabilities.iter().any(|one| one == "body-markup") { markup(body) } else { body.to_owned() }
}

/// For a menu in which `mark` makes the next letter an access key: `_` over D-Bus, `&` elsewhere. A label is plain text
/// (`com.canonical.dbusmenu`: two underscores are one).
pub fn menu_label(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        out.push(c);
        if c == mark {
            out.push(mark);
        }
    }
    out
}

/// For a CSV cell: a leading apostrophe prevents a formula. Where semicolons separate cells, each one in a name starts a new
/// cell, so every part is guarded.
pub fn csv_cell(text: &str) -> String {
    let visible: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let guarded = |part: &str| if is_formula(part) { format!("'{part}") } else { part.to_owned() };
    visible.split(';').map(guarded).collect::<Vec<_>>().join(";")
}

/// Spreadsheets also accept leading white space and quotes, and the full-width form of the sign.
fn is_formula(cell: &str) -> bool {
    let first = cell.chars().find(|c| !c.is_whitespace() && *c != '"');
    first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
}

/// Makes JSON safe for a terminal: serde does not escape C1 controls, delete and invisible characters. All of these can only
/// occur inside its strings.
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' || !is_hidden(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _infallible = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Final filter before a terminal. Keeps line breaks and our own colours, and replaces other control and invisible
/// characters, such as those in a path.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = colour(rest).unwrap_or(c.len_utf8());
        let (part, after) = rest.split_at(length);
        let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}');
        let plain = matches!(c, '\n' | '\t') || part.len() > c.len_utf8() || joins || !is_hidden(c);
        out.push_str(if plain { part } else { "\u{fffd}" });
        rest = after;
    }
    out
}

/// Length of a leading colour sequence (SGR), without the letter at its end.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    numbers.get(end..)?.starts_with('m').then_some("\u{1b}[".len() + end)
}
