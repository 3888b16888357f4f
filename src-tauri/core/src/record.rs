//! Records: every request, and readings over time.

pub mod history;
pub mod ledger;
