//! What can be said to `holdoff`, and its help. Completions and the man pages are made of the same.

mod quick;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// Shows how much of your AI subscription is left, and never asks a provider again before it may.
///
/// Without a command it starts the tray app, or opens the panel of the one that runs.
#[derive(Debug, Parser)]
#[command(name = "holdoff", version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
#[command(override_usage = "holdoff [COMMAND]", max_term_width = 100)]
pub struct Args {
    /// Start the tray app with its panel open
    #[arg(long, hide = true)]
    pub panel: bool,
    /// Start the tray app with its settings open
    #[arg(long, hide = true, conflicts_with = "panel")]
    pub settings: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0           done
  64          wrong usage
  65          the data was written by a newer version
  69          not available: the app is not running, or nothing is known
  73, 77, 78  no place for state, another user's state, a wrong environment variable";

impl Args {
    /// Reads what this process was called with.
    ///
    /// # Errors
    /// What is to be printed instead: help, or what is wrong.
    pub fn read() -> Result<Self, clap::Error> {
        let words: Vec<_> = std::env::args_os().skip(1).collect();
        let words: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
        match words.and_then(|words| quick::read(&words)) {
            Some(command) => Ok(Self { panel: false, settings: false, command: Some(command) }),
            None => Self::try_parse(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the tray app, or open its panel
    Panel,
    /// Start the tray app, or open its settings
    Settings,
    /// Tell what is known now, from what is saved; asks nobody
    #[command(after_help = "Works with and without the app running. It makes no request.")]
    Status {
        /// Print JSON (with --watch: one line for each change)
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        account: Account,
        /// Stay, and print again whenever something changes
        #[arg(long, short)]
        watch: bool,
    },
    /// Have the running app ask for a reading, if it may
    #[command(after_help = "\
Exit codes:
  0   asked
  69  the app is not running
  75  not permitted yet; it says until when and why")]
    Refresh {
        #[command(flatten)]
        account: Account,
    },
    /// Tell what was asked and what was not, and why
    #[command(after_help = "Every request stands in there, and every one that was wished for and not made.")]
    Ledger {
        /// How far to look back, such as 2h or 7d
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time)]
        since: Duration,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        account: Account,
    },
    /// Tell how each window was used and what was spent, from the history
    #[command(after_help = HISTORY)]
    History(History),
    /// Succeed only while enough is left; for scripts and agent hooks
    #[command(after_help = GUARD)]
    Guard(Guard),
    /// Look at everything Holdoff needs, and say what to do about what is not right
    #[command(after_help = "\
What it prints holds no token, no address and no name of an account: it can be pasted into an issue.

Exit codes:
  0  all is well
  1  something is not right")]
    Doctor,
    /// Be Claude Code's status line: read its JSON on stdin, take note of the limits, print a line
    #[command(after_help = STATUSLINE, override_usage = "holdoff statusline [COMMAND]")]
    Statusline {
        #[command(subcommand)]
        setup: Option<Setup>,
    },
    /// Print the completions for a shell
    #[command(after_help = "\
Examples:
  holdoff completions bash > ~/.local/share/bash-completion/completions/holdoff
  holdoff completions zsh > ~/.zfunc/_holdoff
  holdoff completions fish > ~/.config/fish/completions/holdoff.fish
  holdoff completions powershell >> $PROFILE")]
    Completions { shell: Shell },
    /// Print the man page, or that of a command
    #[command(after_help = "Example:\n  holdoff man --out ~/.local/share/man/man1")]
    Man {
        /// The command that it is about
        command: Option<String>,
        /// Write every page into this folder
        #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with = "command")]
        out: Option<PathBuf>,
    },
}

const HISTORY: &str = "\
Times in CSV and JSON are RFC 3339 in UTC. What is paid beside the plan, such as extra usage, is in
whole units of its currency: 12.34 with USD is $12.34. JSON has all tables: windows, money, requests
and episodes.

--backtest goes through the recorded readings again, makes each forecast from what was known by
then, and holds it against what came.

Examples:
  holdoff history --since 7d
  holdoff history --since 365d --json > holdoff.json
  holdoff history --since 30d --csv requests > requests.csv
  holdoff history --backtest";

const GUARD: &str = "\
Exit codes:
  0   enough is left
  1   not enough is left
  69  not known
  75  what is known is older than --max-age

A window that was reset since it was read counts as full.

Examples:
  holdoff guard --window weekly --at-least 20 && make nightly-review
  holdoff guard --at-least 10 --max-age 15m || exit 0";

const STATUSLINE: &str = "\
Claude Code calls it and tells it how much is used, so that Holdoff need not ask.
If you had a status line of your own before, it goes on running and its output is what you see.

Example:
  holdoff statusline install";

#[derive(Debug, clap::Args)]
pub struct Account {
    /// Only this account: its id, or its e-mail address
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

impl Account {
    pub fn name(&self) -> Option<&str> {
        self.account.as_deref()
    }
}

#[derive(Debug, clap::Args)]
pub struct History {
    /// How far to look back, such as 12h or 7d [default: 24h; with --backtest all there is]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Duration>,
    /// Print one table as CSV
    #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "windows", conflicts_with = "json")]
    pub csv: Option<Table>,
    /// Print all of it as JSON
    #[arg(long)]
    pub json: bool,
    /// Tell how good the forecasts would have been
    #[arg(long, conflicts_with_all = ["csv", "json"])]
    pub backtest: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// Each window as it changed
    Windows,
    /// What is paid beside the plan, as it changed
    Money,
    /// What was asked and what was not
    Requests,
    /// From each refusal to its end
    Episodes,
}

#[derive(Debug, clap::Args)]
pub struct Guard {
    /// Which window: 5h, weekly, or any other by its id or label [default: whichever has least left]
    #[arg(long, value_name = "WINDOW")]
    pub window: Option<String>,
    /// How much must be left, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub at_least: f64,
    /// How old the reading may be, such as 15m
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    pub max_age: Duration,
    #[command(flatten)]
    pub account: Account,
    /// Print nothing
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Setup {
    /// Have Claude Code call Holdoff from its status line
    Install(SetupArgs),
    /// Put back what was there before
    Uninstall(SetupArgs),
}

#[derive(Debug, clap::Args)]
pub struct SetupArgs {
    /// Do not ask before the change is made
    #[arg(long, short)]
    pub yes: bool,
    /// Claude Code's config folder [default: $CLAUDE_CONFIG_DIR, else ~/.claude]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub config_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    Power,
}

/// "45s", "15m", "2h", "7d".
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "it is written as a number with a unit, such as 45s, 15m, 2h or 7d".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?);
    let secs = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(secs).map(Duration::from_secs).ok_or_else(wrong)
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>();
    number.ok().filter(|number| (0.0..=100.0).contains(number)).ok_or_else(|| "it is a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_put_together_rightly() {
        Args::command().debug_assert();
    }

    #[test]
    fn times() {
        for (text, secs) in [("0s", 0), ("45s", 45), ("15m", 900), ("15min", 900), ("2h", 7200), ("7d", 604_800)] {
            assert_eq!(time(text), Ok(Duration::from_secs(secs)), "{text}");
        }
        for wrong in ["", "5", "m", "1w", "-1h", "1.5h", "99999999999999999999d", "999999999999999999d", "5 m"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn percents() {
        for (text, value) in [("20", 20.0), ("20%", 20.0), ("20 %", 20.0), ("0.5", 0.5), ("100", 100.0)] {
            assert_eq!(percent(text), Ok(value), "{text}");
        }
        for wrong in ["", "-1", "101", "nan", "inf", "many"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
