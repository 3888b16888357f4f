//! What each place that shows text takes for more than text.

use super::is_hidden;
use std::fmt::Write;

/// For tooltips and notifications that read markup: `R&D` is no entity and `<b>` no tag.
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

/// For a menu in which `mark` would make the next letter an access key.
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
