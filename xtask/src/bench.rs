//! `cargo xtask bench`: compares Holdoff with a minimal Tauri tray app.

use anyhow::Result;

use crate::packages::Purpose;
use crate::project::{Profile, Project};
use crate::{build, setup};

pub const HELP: &str = "\
cargo xtask bench [ARGUMENTS]

Builds Holdoff, and an empty Tauri tray app (tests/floor) from the same lock file, in release mode, measures both on a
virtual desktop and prints a table. The arguments are passed to the measuring program; `-- --help` lists them.";

/// Checks the resident program against its limits, even on a busy machine.
pub fn footprint(project: &Project) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    build::build_resident(project)?;
    project
        .cargo("run")
        .args(["--locked", "--package", "holdoff-world", "--bin", "holdoff-bench", "--", "--footprint"])
        .env("HOLDOFF_BIN_DIR", project.programs(Profile::Release))
        .no_input()
        .run()
}

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    setup::prepare(Purpose::VirtualDesktop)?;
    build::build(project)?;
    // Built alone: in one invocation with holdoff-tray, the Tauri features of the floor would be in both.
    project.cargo("build").args(["--release", "--locked", "-p", "holdoff-floor"]).no_input().run()?;
    project
        .cargo("run")
        .args(["--release", "--locked", "-p", "holdoff-world", "--bin", "holdoff-bench", "--"])
        .args(args)
        .env("HOLDOFF_BIN_DIR", project.programs(Profile::Release))
        .no_input()
        .run()
}
