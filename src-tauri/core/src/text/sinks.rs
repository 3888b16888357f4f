//! What each place that shows text takes for more than text.

use super::is_hidden;
use std::fmt::Write;

/// For what reads markup: `R&D` is no entity and `<b>` no tag.
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

/// For the sub text of a tray item's tooltip, which is XML
/// (<https://specifications.freedesktop.org/status-notifier-item/latest/markup.html>). Its title is plain text. No host says
/// what it reads, so the specification decides: Xfce (`sn-button.c`) hands it to Pango as it is, which shows an empty box for
/// a bare `&`. Waybar escapes it once more since pull request 3877, and shows `R&amp;D`.
///
/// Plasma guesses (`textFormat: Text.AutoText` in `StatusNotifierItem.qml`): Qt takes for markup only what has a tag or
/// `&lt;` in its first line (`Qt::mightBeRichText`), and then needs `<br>` for a line break; all else is plain text there.
/// An empty tag in front makes sure of the guess.
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

/// For the body of a notification, which is markup where the service says `body-markup` and plain text elsewhere. The
/// summary is plain text always (<https://specifications.freedesktop.org/notification-spec/latest/markup.html>).
pub fn notification_body(body: &str, capabilities: &[String]) -> String {
    if capabilities.iter().any(|one| one == "body-markup") { markup(body) } else { body.to_owned() }
}

/// For a menu in which `mark` would make the next letter an access key: `_` over D-Bus, `&` elsewhere. A label is plain text
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

/// For a cell of a spreadsheet, which takes some beginnings for a formula: an apostrophe makes text of them. Where a list
/// is written with semicolons, one in the middle of a name begins a cell of its own.
pub fn csv_cell(text: &str) -> String {
    let visible: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let guarded = |part: &str| if is_formula(part) { format!("'{part}") } else { part.to_owned() };
    visible.split(';').map(guarded).collect::<Vec<_>>().join(";")
}

/// White space and quotes before the sign do not keep a spreadsheet from it, nor does its full-width form.
fn is_formula(cell: &str) -> bool {
    let first = cell.chars().find(|c| !c.is_whitespace() && *c != '"');
    first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
}

/// JSON whose texts are safe on a terminal too: serde leaves C1 controls, delete and what is invisible as they are. All of
/// these can only stand inside of its texts.
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

/// The last sieve before a terminal: lines and our own colours pass, and a replacement character shows where something
/// else was, in a path say.
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

/// How long a colour (SGR) is that stands at the start.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    numbers.get(end..)?.starts_with('m').then_some("\u{1b}[".len() + end + "m".len())
}
