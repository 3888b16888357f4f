//! The command line of `holdoff` and its help. Completions and man pages are generated from the same definition.

mod quick;
mod statusline;

pub use statusline::{Setup, SetupArgs};

use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use holdoff_core::messages;
use holdoff_core::status::template::Format;
use std::path::PathBuf;
use std::time::Duration;

/// Shows how much of your AI subscription is left, and never sends a request before it is allowed to.
///
/// Without a command, it starts the tray app or opens the panel of the running app.
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
  0   done
  64  wrong usage
  65  a newer version of Holdoff wrote the data
  69  not available: the app is not running, or there is no reading
  73  the data folder cannot be created
  77  the data folder belongs to another user
  78  an environment variable is invalid";

impl Args {
    /// Parses the arguments of this process.
    ///
    /// # Errors
    /// Fails with the text to print instead: the help, or what is wrong.
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
    /// Show current usage from saved state; sends no request
    #[command(after_help = STATUS)]
    Status {
        /// Print JSON (with --watch: one line for each change)
        #[arg(long)]
        json: bool,
        /// Print one line for a bar: text with placeholders, or "waybar" for its JSON
        #[arg(long, value_name = "TEXT", value_parser = format, conflicts_with = "json")]
        format: Option<Format>,
        #[command(flatten)]
        account: Account,
        /// With --format, the window to show: 5h, weekly, or any other ID or label [default: the one that limits now]
        #[arg(long, value_name = "WINDOW", requires = "format")]
        window: Option<String>,
        /// Keep running and print again after each change
        #[arg(long, short)]
        watch: bool,
    },
    /// Ask the running app to check usage now, if that is allowed
    #[command(after_help = "\
Exit codes:
  0   requested
  69  the app is not running
  75  not allowed yet; prints when and why")]
    Refresh {
        #[command(flatten)]
        account: Account,
    },
    /// Show requests sent and withheld, with reasons
    #[command(after_help = "Lists every request sent and every one withheld.")]
    Ledger {
        /// How far to look back, such as 2h or 7d
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time)]
        since: Duration,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        account: Account,
    },
    /// Show recorded usage and spend over time
    #[command(after_help = HISTORY)]
    History(History),
    /// Exit 0 only if enough quota is left; for scripts and agent hooks
    #[command(after_help = GUARD)]
    Guard(Guard),
    /// Check everything Holdoff needs and suggest fixes
    #[command(after_help = "\
The output contains no token, address or account name, so you can paste it into an issue.

Exit codes:
  0  no problems
  1  problems found")]
    Doctor,
    #[command(about = statusline::ABOUT, after_help = statusline::MORE, override_usage = "holdoff statusline [COMMAND]")]
    Statusline {
        #[command(subcommand)]
        setup: Option<Setup>,
    },
    /// Print shell completions
    #[command(after_help = "\
Examples:
  holdoff completions bash > ~/.local/share/bash-completion/completions/holdoff
  holdoff completions zsh > ~/.zfunc/_holdoff
  holdoff completions fish > ~/.config/fish/completions/holdoff.fish
  holdoff completions powershell >> $PROFILE")]
    Completions { shell: Shell },
    /// Print the man page of holdoff or of one command
    #[command(after_help = "Example:\n  holdoff man --out ~/.local/share/man/man1")]
    Man {
        /// The command to document
        command: Option<String>,
        /// Write all pages to this folder
        #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with = "command")]
        out: Option<PathBuf>,
    },
}

const STATUS: &str = "\
Works whether or not the app is running.

Placeholders of --format:
  {account} {plan}         whose limit it is
  {condition} {symbol}     its state in words, and as one sign
  {window}                 the limit: 5-hour, weekly, ...
  {used} {left}            in percent
  {reset} {reset_in}       the time of its reset, and how long until then
  {pace} {forecast} {age}  against an even pace; when it runs out; how old the figure is
{{ and }} print braces. What is not known is printed as a dash. In names, characters that bars read as
markup are replaced. Without --account and --window, it shows the most urgent account and the window
that limits it.

Examples:
  holdoff status --format '{symbol} {used}, resets {reset}'
  holdoff status --format '{left} left' --window weekly
  holdoff status --format waybar --watch";

const HISTORY: &str = "\
Times in CSV and JSON are RFC 3339 in UTC. Spend beyond the plan, such as extra usage, is in whole
currency units: 12.34 with USD is $12.34. JSON contains all tables: windows, money, requests and
episodes.

--backtest replays the recorded readings, makes each forecast from what was known at that time, and
compares it with what happened.

Examples:
  holdoff history --since 7d
  holdoff history --since 365d --json > holdoff.json
  holdoff history --since 30d --csv requests > requests.csv
  holdoff history --backtest";

const GUARD: &str = "\
Exit codes:
  0   enough is left
  1   not enough is left
  69  unknown
  75  the reading is older than --max-age

A window that has reset since the reading counts as unused.

Examples:
  holdoff guard --window weekly --at-least 20 && make nightly-review
  holdoff guard --at-least 10 --max-age 15m || exit 0";

#[derive(Debug, clap::Args)]
pub struct Account {
    /// Only this account (its ID or e-mail address)
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
    /// How far to look back, such as 12h or 7d [default: 24h; with --backtest, everything]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Duration>,
    /// Print one table as CSV
    #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "windows", conflicts_with = "json")]
    pub csv: Option<Table>,
    /// Print all tables as JSON
    #[arg(long)]
    pub json: bool,
    /// Show how accurate the forecasts would have been
    #[arg(long, conflicts_with_all = ["csv", "json"])]
    pub backtest: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// Window usage over time
    Windows,
    /// Spend beyond the plan over time
    Money,
    /// Requests sent and withheld
    Requests,
    /// Episodes, each from the first refusal to recovery
    Episodes,
}

#[derive(Debug, clap::Args)]
pub struct Guard {
    /// Window to check: 5h, weekly, or any other ID or label [default: the one with the least left]
    #[arg(long, value_name = "WINDOW")]
    pub window: Option<String>,
    /// Percentage that must be left
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub at_least: f64,
    /// Maximum age of the reading, such as 15m
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    pub max_age: Duration,
    #[command(flatten)]
    pub account: Account,
    /// Print nothing
    #[arg(long, short)]
    pub quiet: bool,
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
    let wrong = || "expected a number with a unit, such as 45s, 15m, 2h or 7d".to_owned();
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

fn format(text: &str) -> Result<Format, String> {
    text.parse().map_err(|error| messages::format_error(&error))
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>();
    number
        .ok()
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| "expected a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_command_definition_is_valid() {
        Args::command().debug_assert();
    }

    #[test]
    fn duration_arguments_are_parsed_or_rejected() {
        for (text, secs) in [("0s", 0), ("45s", 45), ("15m", 900), ("15min", 900), ("2h", 7200), ("7d", 604_800)] {
            assert_eq!(time(text), Ok(Duration::from_secs(secs)), "{text}");
        }
        for wrong in ["", "5", "m", "1w", "-1h", "1.5h", "99999999999999999999d", "999999999999999999d", "5 m"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn percent_arguments_are_parsed_or_rejected() {
        for (text, value) in [("20", 20.0), ("20%", 20.0), ("20 %", 20.0), ("0.5", 0.5), ("100", 100.0)] {
            assert_eq!(percent(text), Ok(value), "{text}");
        }
        for wrong in ["", "-1", "101", "nan", "inf", "many"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
