//! What runs: who is polled from where, one task for each account, and how they begin.

pub mod condition;
pub mod login;
pub mod runner;
pub mod start;
pub mod supervisor;
