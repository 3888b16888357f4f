//! Builds the programs that a person gets.

use anyhow::Result;

use crate::packages::Purpose;
use crate::project::Project;
use crate::{setup, ui, unknown_argument};

pub const HELP: &str = "\
cargo xtask build

Installs what is missing, builds the UI, and builds `holdoff`, `holdoff-tray` and `holdoff-window` in release mode.";

/// The windows' program. On Linux it has an invocation of cargo of its own: cargo gives a dependency the features that all
/// the packages of one invocation ask for together, and the web engine would be in the resident program too.
pub const WINDOW: [&str; 4] = ["--package", "holdoff-window", "--features", "holdoff-window/custom-protocol"];

/// The resident program and the command. Elsewhere than on Linux the windows are in the first.
pub const RESIDENT: &[&str] = if cfg!(target_os = "linux") {
    &["--package", "holdoff-tray", "--package", "holdoff-cli"]
} else {
    &["--package", "holdoff-tray", "--package", "holdoff-cli", "--features", "holdoff-tray/custom-protocol"]
};

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    if let Some(arg) = args.first() {
        return Err(unknown_argument("build", arg));
    }
    setup::prepare(Purpose::Run)?;
    build(project)?;
    println!("Built in {}.", project.programs(crate::project::Profile::Release).display());
    Ok(())
}

/// Builds the UI and the programs in release mode; what they need is installed already.
pub fn build(project: &Project) -> Result<()> {
    ui::install(project)?;
    ui::build(project)?;
    build_resident(project)?;
    if cfg!(target_os = "linux") {
        project.cargo("build").args(["--release", "--locked"]).args(WINDOW).no_input().run()?;
    }
    Ok(())
}

/// Builds the resident program and the command in release mode.
pub fn build_resident(project: &Project) -> Result<()> {
    project.cargo("build").args(["--release", "--locked"]).args(RESIDENT).no_input().run()
}
