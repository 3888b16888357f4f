//! The command that Claude Code calls as its status line, and its setup.

use clap::{Subcommand, ValueHint};
use std::path::PathBuf;

pub(super) const ABOUT: &str = "Status-line command for Claude Code (JSON on stdin)";

pub(super) const MORE: &str = "\
Claude Code passes your usage to this command, so Holdoff needs fewer requests.
If you already have a status-line command, it keeps running and you see its output.

Example:
  holdoff statusline install";

#[derive(Debug, Subcommand)]
pub enum Setup {
    /// Add Holdoff to Claude Code's status line
    Install(SetupArgs),
    /// Restore the earlier status line
    Uninstall(SetupArgs),
}

#[derive(Debug, clap::Args)]
pub struct SetupArgs {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Claude Code's config folder [default: $CLAUDE_CONFIG_DIR, else ~/.claude]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub config_dir: Option<PathBuf>,
}
