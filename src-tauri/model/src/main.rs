//! Checks all given bounds and prints the number of states.
#![allow(clippy::print_stdout, reason = "telling a person what was checked is this program's work")]

use holdoff_model::{Bounds, Checked, Step, World};
use stateright::{Checker, DiscoveryClassification, Model};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let only = std::env::args().skip_while(|arg| arg != "--only").nth(1);
    let wide = std::env::args().any(|arg| arg == "--wide");
    let mut good = true;
    for (name, bounds) in
        Bounds::all(wide).into_iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
    {
        let begin = Instant::now();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let checker = Checked { bounds }.checker().threads(threads).spawn_bfs().join();
        let (states, unique, depth) = (checker.state_count(), checker.unique_state_count(), checker.max_depth());
        println!(
            "{name}: {unique} states ({states} visited), at most {depth} steps deep, {:.1} s",
            begin.elapsed().as_secs_f64()
        );
        for (property, path) in checker.discoveries() {
            let found = checker.discovery_classification(property);
            println!("  {property}: {found}");
            if matches!(found, DiscoveryClassification::Counterexample) {
                good = false;
                println!("    {:?}", path.last_state().broken);
                print_path(path);
            }
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The relevant steps, each with its time; actions that Holdoff performs by itself are left out.
fn print_path(path: stateright::Path<World, Step>) {
    for (world, step) in path.into_vec() {
        match step {
            None | Some(Step::Do | Step::Wait) => {}
            Some(step) => println!("    {:8.1} min  {step:?}", world.minutes()),
        }
    }
}
