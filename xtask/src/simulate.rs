//! `cargo xtask simulate`: the core in a simulated world, held to the laws.

use anyhow::Result;

use crate::project::Project;

pub const HELP: &str = "\
cargo xtask simulate [--seeds N] [--first S] [--seed S] [--years Y] [--all] [--lines N]

Lives through simulated worlds on all cores, each made from its seed, with every law of docs/LAWS.md checked at every
step, and says how long the account lived, what was asked, how often it was told of, and how long it took to come back.

  --seeds N   so many worlds (400)
  --first S   beginning with this seed (1)
  --seed S    this world alone
  --years Y   how long an account lives in each (0.25)
  --all       go on after a law was broken, and count which
  --lines N   so many lines are told of a world that failed (60)

A world in which a law breaks is made smaller while the same law still breaks, and told: what was planned, and what
happened when. Ends with 1 if any law was broken.";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    project
        .cargo("run")
        .args(["--profile", "simulation", "--locked", "-p", "holdoff-sim", "--bin", "holdoff-simulate", "--"])
        .args(args)
        .no_input()
        .run()
}
