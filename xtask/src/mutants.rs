//! `cargo xtask mutants`: every line of the core is broken on purpose, and a test has to notice.

use anyhow::Result;

use crate::project::Project;
use crate::toolchain;

pub const HELP: &str = "\
cargo xtask mutants [ARGUMENTS]

Installs cargo-mutants if it is missing, and breaks holdoff-core in every way that it knows, one at a time, each in a
copy; the core's own tests have to fail for each. It takes an hour or more. Results go to mutants.out in the target
folder. The arguments go to cargo-mutants, such as `--file gate.rs` or
`--list`.";

const CARGO_MUTANTS: &str = "27.1.0";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    toolchain::install_cargo_tool(project, "mutants", CARGO_MUTANTS)?;
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    project
        .cargo("mutants")
        .args(["--package", "holdoff-core", "--output"])
        .arg(project.target())
        // In one folder, the copies of `--jobs` would each test what another had just built.
        .without_env("CARGO_TARGET_DIR")
        .args(args)
        .no_input()
        .run()
}
