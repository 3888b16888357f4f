//! `cargo xtask mutants`: breaks each line of the core on purpose; a test must fail.

use anyhow::Result;

use crate::project::Project;
use crate::toolchain;

pub const HELP: &str = "\
cargo xtask mutants [ARGUMENTS]

Installs cargo-mutants if it is missing and applies each of its mutations to a copy of holdoff-core, one at a time. The
core's own tests must fail for each. This takes an hour or more. Results go to mutants.out in the target folder. The
arguments are passed to cargo-mutants, such as `--file gate.rs` or `--list`.";

const CARGO_MUTANTS: &str = "27.1.0";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    toolchain::install_cargo_tool(project, "mutants", CARGO_MUTANTS)?;
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    project
        .cargo("mutants")
        .args(["--package", "holdoff-core", "--output"])
        .arg(project.target())
        // In a shared folder, each copy of `--jobs` would test what another copy has just built.
        .without_env("CARGO_TARGET_DIR")
        .args(args)
        .no_input()
        .run()
}
