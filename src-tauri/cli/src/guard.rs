//! `holdoff guard`: succeeds only if enough quota is left.

use crate::args::Guard;
use crate::saved_state::SavedState;
use crate::{TEMPORARY, UNAVAILABLE, print};
use holdoff_core::messages;
use holdoff_core::quota::headroom::{Requirement, Verdict, evaluate};
use holdoff_engine::platform::environment::Environment;
use std::process::ExitCode;

const NOT_ENOUGH: u8 = 1;

pub fn run(environment: &Environment, args: &Guard) -> ExitCode {
    let saved = SavedState::read(environment);
    if !args.quiet {
        saved.print_problems();
    }
    let account = match saved.account(args.account.name()) {
        Ok((_, account)) => account,
        Err(why) => {
            if !args.quiet {
                eprintln!("holdoff: {why}");
            }
            return ExitCode::from(UNAVAILABLE);
        }
    };
    let requirement = Requirement { window: args.window.as_deref(), at_least: args.at_least, max_age: args.max_age };
    let now = saved.now.wall;
    let verdict = evaluate(account.reading.as_ref(), &requirement, now);
    let told = || messages::verdict(&verdict, &requirement, now, &saved.local_time());
    let code = match verdict {
        Verdict::Enough(_) if args.quiet => return ExitCode::SUCCESS,
        Verdict::Enough(_) => return print(&(told() + "\n")),
        Verdict::NotEnough(_) => NOT_ENOUGH,
        Verdict::Unknown(_) => UNAVAILABLE,
        Verdict::TooOld { .. } => TEMPORARY,
    };
    if !args.quiet {
        eprintln!("holdoff: {}", told());
    }
    ExitCode::from(code)
}
