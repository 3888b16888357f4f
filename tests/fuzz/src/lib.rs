//! The fuzz targets, and what must hold for any input.
//!
//! Each target is a plain function over bytes that panics if a property does not hold. `libfuzzer/` feeds it an
//! endless stream of inputs (`cargo xtask fuzz`); `tests/replay.rs` feeds it the inputs in `corpus/` and mutations of
//! them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a finding is a panic, and so is a target that cannot be set up"
)]

mod answers;
mod disk;
mod errors;
mod files;
mod generations;
mod given;
mod owner;
mod shown;
mod slots;
mod subject;
mod waiting;

/// One kind of external input.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the libFuzzer program and of the folder in `corpus/`.
    pub name: &'static str,
    pub run: fn(&[u8]),
}

pub const TARGETS: [Target; 9] = [
    Target { name: "usage_answer", run: answers::usage },
    Target { name: "token_answer", run: answers::token },
    Target { name: "error_body", run: errors::error_body },
    Target { name: "credential", run: owner::credential },
    Target { name: "status_line", run: owner::status_line },
    Target { name: "retry_after", run: waiting::retry_after },
    Target { name: "settings", run: files::settings },
    Target { name: "state_slots", run: slots::state_slots },
    Target { name: "slot_generations", run: generations::slot_generations },
];

/// Runs one input through one target.
///
/// # Panics
/// If there is no such target, or the input breaks a property.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("there is no target {name}")).run)(bytes);
}
