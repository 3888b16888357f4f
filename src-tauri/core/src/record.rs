//! What is written down: every request, and what readings told over time.

pub mod history;
pub mod ledger;
