//! Running tasks: which accounts are polled from where, one task for each, and startup.

pub mod condition;
pub mod login;
pub mod runner;
pub mod start;
pub mod supervisor;
