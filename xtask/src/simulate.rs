//! `cargo xtask simulate`: runs the core in a simulated world and checks the laws.

use anyhow::Result;

use crate::law_mutations;
use crate::project::Project;

pub const HELP: &str = "\
cargo xtask simulate [--seeds N] [--first S] [--seed S] [--years Y] [--all] [--lines N] [--ordinary N]
cargo xtask simulate --breaks

Runs simulated worlds on all cores, each created from its seed, with every law of docs/LAWS.md checked at every step.
Prints how long the accounts lived, which requests were sent, how many notifications were shown, and how long recovery
took.

  --seeds N   number of worlds (400)
  --first S   first seed (1)
  --seed S    only this world
  --years Y   years that an account lives in each world (0.25)
  --all       continue after a law is broken, and count the breaks of each law
  --lines N   lines printed for a failed world (60); with 0 only the broken law
  --ordinary N days of ordinary use, day and night and in working hours, in which notifications are counted (500)

A world in which a law breaks is shrunk as long as the same law still breaks, then printed: its plan, and what happened
when. Exits with 1 if any law was broken.

--breaks applies deliberate breaks of each law to copies of the core (xtask/src/law_mutations/list.rs) and prints how many
worlds it took to notice each. Exits with 1 if one was not noticed or was reported as another failure.";

/// Used by every test run: at least fifty years of an account, and every break.
const FIFTY_YEARS: [&str; 2] = ["--seeds", "220"];

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    match args {
        [arg] if arg == "--breaks" => law_mutations::run(project),
        args => live(project, args),
    }
}

/// # Errors
/// Fails if a law is broken, or if a break of one is not detected.
pub fn test(project: &Project) -> Result<()> {
    live(project, &FIFTY_YEARS.map(str::to_owned))?;
    law_mutations::run(project)
}

fn live(project: &Project, args: &[String]) -> Result<()> {
    project
        .cargo("run")
        .args(["--profile", "simulation", "--locked", "-p", "holdoff-sim", "--bin", "holdoff-simulate", "--"])
        .args(args)
        .no_input()
        .run()
}
