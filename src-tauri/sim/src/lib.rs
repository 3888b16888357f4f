//! Holdoff's conduct, shown: the real decision core in a world simulated from a seed.
//!
//! No socket, no file, no real time. [`laws`] is what may never be seen to happen, written once over a stream of
//! [`observation`]s; everything else only makes observations. `cargo xtask simulate --help` says how to run it.

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
