//! Parses the usual arguments of commands that run with every prompt, without clap: building its command tree takes longer
//! than the command itself. Anything else, and every error, is left to clap.

use super::{Account, Command, Format, Guard, format, percent, time};
use std::time::Duration;

/// Same as the `default_value` in the clap definition.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// The command that clap would parse; `None` leaves the arguments to clap.
pub fn read(words: &[&str]) -> Option<Command> {
    let (command, options) = words.split_first()?;
    match (*command, options) {
        ("statusline", []) => Some(Command::Statusline { setup: None }),
        ("status", []) => Some(status(false, None)),
        ("status", ["--json"]) => Some(status(true, None)),
        ("status", ["--format", text]) => Some(status(false, Some(format(value(Some(text))?).ok()?))),
        ("guard", options) => guard(options).map(Command::Guard),
        _ => None,
    }
}

fn status(json: bool, format: Option<Format>) -> Command {
    Command::Status { json, format, account: Account { account: None }, window: None, watch: false }
}

fn guard(options: &[&str]) -> Option<Guard> {
    let (mut window, mut at_least, mut max_age, mut quiet) = (None, None, None, None);
    let mut words = options.iter();
    while let Some(name) = words.next() {
        // Repeating an option is an error.
        let first = match *name {
            "--quiet" | "-q" => quiet.replace(true).is_none(),
            "--window" => window.replace(value(words.next())?.to_owned()).is_none(),
            "--at-least" => at_least.replace(percent(value(words.next())?).ok()?).is_none(),
            "--max-age" => max_age.replace(time(value(words.next())?).ok()?).is_none(),
            _ => return None,
        };
        if !first {
            return None;
        }
    }
    Some(Guard {
        window,
        at_least: at_least?,
        max_age: max_age.unwrap_or(MAX_AGE),
        account: Account { account: None },
        quiet: quiet.unwrap_or(false),
    })
}

/// A word that cannot be an option.
fn value<'a>(word: Option<&&'a str>) -> Option<&'a str> {
    word.copied().filter(|word| !word.is_empty() && !word.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use clap::Parser;

    const WORDS: [&str; 26] = [
        "status",
        "statusline",
        "guard",
        "install",
        "help",
        "",
        "--",
        "-",
        "--json",
        "--format",
        "{used} {{",
        "--js",
        "-w",
        "-q",
        "-qq",
        "--quiet",
        "--quiet=true",
        "--window",
        "--at-least",
        "--at-least=20",
        "--max-age",
        "--account",
        "20",
        "-20",
        "15m",
        "weekly",
    ];

    /// Goes through every line of up to `left` more words. Answers how many were read.
    fn compare(words: &mut Vec<&'static str>, left: usize) -> usize {
        let quick = read(words);
        if let Some(command) = &quick {
            let parsed = Args::try_parse_from(["holdoff"].iter().chain(words.iter()));
            let parsed = parsed.unwrap_or_else(|error| panic!("{words:?} is wrong: {error}"));
            assert!(!parsed.panel && !parsed.settings);
            assert_eq!(format!("{:?}", Some(command)), format!("{:?}", parsed.command), "{words:?}");
        }
        let mut read = usize::from(quick.is_some());
        if left > 0 {
            for word in WORDS {
                words.push(word);
                read += compare(words, left - 1);
                words.pop();
            }
        }
        read
    }

    #[test]
    fn quick_parser_agrees_with_clap() {
        let three = compare(&mut Vec::new(), 3);
        let guards = compare(&mut vec!["guard", "--at-least", "20"], 4);
        assert!(three >= 4 && guards > 50, "{three}, {guards}");
    }

    #[test]
    fn quick_parser_accepts_commands_run_at_every_prompt() {
        for line in [
            "status",
            "status --json",
            "status --format {used}",
            "statusline",
            "guard --at-least 20",
            "guard --window weekly --at-least 20% --max-age 15m -q",
        ] {
            assert!(read(&line.split(' ').collect::<Vec<_>>()).is_some(), "{line}");
        }
    }
}
