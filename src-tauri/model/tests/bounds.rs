//! The smaller bounds; `cargo xtask model` checks all of them.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test ends where it fails, and says what it did")]

use holdoff_model::{Bounds, Checked};
use stateright::{Checker, Model};
use std::collections::BTreeSet;

/// What was found of each property, and how many states there were.
fn check(name: &str) -> (BTreeSet<&'static str>, usize) {
    let bounds = Bounds::all(false).into_iter().find(|(known, _)| *known == name).unwrap().1;
    let checker = Checked { bounds }.checker().spawn_bfs().join();
    let mut examples = BTreeSet::new();
    for (property, path) in checker.discoveries() {
        let found = checker.discovery_classification(property).to_string();
        assert_eq!(found, "example", "{name}: {property}: {:?}", path.last_state().broken);
        examples.insert(property);
    }
    println!("{name}: {} states", checker.unique_state_count());
    (examples, checker.unique_state_count())
}

#[test]
fn laws_hold_for_every_wrong_answer_to_every_request() {
    let (examples, states) = check("one wrong answer");
    assert!(examples.contains("a renewal by Holdoff") && examples.contains("a pause"), "{examples:?}");
    assert!(states > 500, "{states}");
}

#[test]
fn laws_hold_for_two_processes_and_a_crash_before_any_action() {
    let (examples, states) = check("two processes and a crash anywhere");
    assert!(examples.contains("a crash with a request under way"), "{examples:?}");
    assert!(examples.contains("a second Holdoff took over"), "{examples:?}");
    assert!(states > 10_000, "{states}");
}
