//! Colours, where there is a terminal and nobody minds (NO_COLOR, TERM=dumb).

use anstyle::{AnsiColor, Style};
use holdoff_core::text;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Prints text with colours in it. Without a terminal they are left out.
pub fn print(text: &str) -> ExitCode {
    crate::printed(try_print(text))
}

/// The same, for a program that goes on printing.
pub fn try_print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::AutoStream::auto(std::io::stdout().lock());
    out.write_all(text::terminal(text).as_bytes()).and_then(|()| out.flush())
}

/// Whether the cursor can be moved about: on a terminal that says of itself that it can do more than print.
pub fn can_move() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Moves the cursor, whoever minds colours.
pub fn move_cursor(how: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(how.as_bytes()).and_then(|()| out.flush())
}

/// Yellow and red where it gets short.
pub fn by_level(text: &str, used: f64) -> String {
    match used {
        95.0.. => red(text),
        80.0.. => yellow(text),
        _ => text.to_owned(),
    }
}

pub fn red(text: &str) -> String {
    styled(AnsiColor::Red.on_default(), text)
}

pub fn green(text: &str) -> String {
    styled(AnsiColor::Green.on_default(), text)
}

pub fn yellow(text: &str) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}

pub fn bold(text: &str) -> String {
    styled(Style::new().bold(), text)
}

pub fn dim(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
