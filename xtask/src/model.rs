//! `cargo xtask model`: checks every order of events within small bounds.

use anyhow::Result;

use crate::project::Project;
use crate::unknown_argument;

pub const HELP: &str = "\
cargo xtask model [--wide]

Checks the account state machine against the laws in every possible order of its own actions, a crash, a second Holdoff,
the owner's renewals, the user and the provider's responses, within small bounds. Prints the number of states. --wide
also checks larger bounds, which takes minutes and gigabytes.";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let wide: &[&str] = match args {
        [] => &[],
        [arg] if arg == "--wide" => &["--", "--wide"],
        [other, ..] => return Err(unknown_argument("model", other)),
    };
    project.cargo("run").args(["--release", "--locked", "--quiet", "-p", "holdoff-model"]).args(wide).run()
}
