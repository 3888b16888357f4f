//! Simulation tests of Holdoff: the real decision core in a world that is generated from a seed.
//!
//! No sockets, no files, no real time. [`laws`] are the invariants, written once over a stream of [`observation`]s;
//! everything else produces observations. `cargo xtask simulate --help` explains how to run it.

pub mod batch;
pub mod laws;
pub mod observation;
pub mod office;
pub mod profiles;
pub mod rng;
pub mod schedule;
pub mod shrink;
pub mod stats;
pub mod steady_state;
pub mod trace;
pub mod updates;
pub mod world;
