//! Colors, if stdout is a terminal that supports them (NO_COLOR, TERM=dumb).

use anstyle::{AnsiColor, Style};
use holdoff_core::text;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Prints text with colors, which are removed if stdout is not a terminal.
pub fn print(text: &str) -> ExitCode {
    crate::printed(try_print(text))
}

/// Same, for a program that continues afterwards.
pub fn try_print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::AutoStream::auto(std::io::stdout().lock());
    out.write_all(text::terminal(text).as_bytes()).and_then(|()| out.flush())
}

/// Whether the cursor can be moved: stdout is a terminal, and not a dumb one.
pub fn can_move() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Moves the cursor, whatever the color settings.
pub fn move_cursor(how: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(how.as_bytes()).and_then(|()| out.flush())
}

/// Yellow or red when little is left.
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
