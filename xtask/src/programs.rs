//! Builds the programs that a person gets.

use anyhow::Result;

use crate::packages::Purpose;
use crate::project::Project;
use crate::{setup, ui, unknown_argument};

pub const HELP: &str = "\
cargo xtask build

Installs what is missing, builds the UI, and builds `holdoff` and `holdoff-tray` in release mode.";

/// What makes the app show its own UI instead of that of a development server.
pub const OWN_UI: &str = "holdoff-tray/custom-protocol";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    if let Some(arg) = args.first() {
        return Err(unknown_argument("build", arg));
    }
    setup::prepare(Purpose::Run)?;
    build(project)?;
    println!("Built in {}.", project.programs(crate::project::Profile::Release).display());
    Ok(())
}

/// Builds the UI, `holdoff` and `holdoff-tray` in release mode; what they need is installed already.
pub fn build(project: &Project) -> Result<()> {
    ui::install(project)?;
    ui::build(project)?;
    project
        .cargo("build")
        .args(["--release", "--locked", "-p", "holdoff-tray", "-p", "holdoff-cli", "--features", OWN_UI])
        .no_input()
        .run()
}
