//! `cargo xtask shots`: makes the pictures for the documentation.

use anyhow::Result;

use crate::packages::Purpose;
use crate::project::{Profile, Project};
use crate::{build, setup, unknown_argument};

pub const HELP: &str = "\
cargo xtask shots

Builds Holdoff and retakes the screenshots in docs/images on a virtual desktop.";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    if let Some(arg) = args.first() {
        return Err(unknown_argument("shots", arg));
    }
    setup::prepare(Purpose::VirtualDesktop)?;
    build::build(project)?;
    let out = project.root().join("docs/images");
    project
        .cargo("run")
        .args(["--locked", "-p", "holdoff-world", "--bin", "holdoff-shots", "--", "--out"])
        .arg(&out)
        .env("HOLDOFF_BIN_DIR", project.programs(Profile::Release))
        .no_input()
        .run()?;
    println!("\nThe screenshots are in {}.", out.display());
    Ok(())
}
