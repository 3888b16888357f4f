//! `cargo xtask simulate`: the core in a simulated world, held to the laws.

use anyhow::Result;

use crate::law_mutations;
use crate::project::Project;

pub const HELP: &str = "\
cargo xtask simulate [--seeds N] [--first S] [--seed S] [--years Y] [--all] [--lines N] [--ordinary N]
cargo xtask simulate --breaks

Lives through simulated worlds on all cores, each made from its seed, with every law of docs/LAWS.md checked at every
step, and says how long the account lived, what was asked, how often it was told of, and how long it took to come back.

  --seeds N   so many worlds (400)
  --first S   beginning with this seed (1)
  --seed S    this world alone
  --years Y   how long an account lives in each (0.25)
  --all       go on after a law was broken, and count which
  --lines N   so many lines are told of a world that failed (60); with 0 only which law broke
  --ordinary N so many days of ordinary use, day and night and in working hours, of which the notices are counted (500)

A world in which a law breaks is made smaller while the same law still breaks, and told: what was planned, and what
happened when. Ends with 1 if any law was broken.

--breaks breaks each law twice, and its rest, in a copy of the core on purpose (xtask/src/law_mutations/list.rs) and says in how
many worlds that was noticed. Ends with 1 if one was not, or was taken for another failure.";

/// As every test run does: at least fifty years of an account, and every break.
const FIFTY_YEARS: [&str; 2] = ["--seeds", "220"];

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    match args {
        [arg] if arg == "--breaks" => law_mutations::run(project),
        args => live(project, args),
    }
}

/// # Errors
/// When a law is broken, or a break of one is not noticed.
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
