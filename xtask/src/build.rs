//! Builds the programs that users get.

use anyhow::Result;

use crate::packages::Purpose;
use crate::project::Project;
use crate::{setup, ui, unknown_argument};

pub const HELP: &str = "\
cargo xtask build

Installs what is missing, builds the UI, and builds `holdoff`, `holdoff-tray` and `holdoff-window` in release mode.";

/// The window program. On Linux it has its own cargo invocation: cargo merges the features that all packages of one
/// invocation need, so the resident program would also contain the web engine.
pub const WINDOW: [&str; 4] = ["--package", "holdoff-window", "--features", "holdoff-window/custom-protocol"];

/// The resident program and the command. Except on Linux, the resident program includes the windows.
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

/// Builds the UI and the programs in release mode; the build's requirements are already installed.
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
