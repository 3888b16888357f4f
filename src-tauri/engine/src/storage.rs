//! Files on disk: the state of all accounts, the settings, the history, and readings that wait for the app.

pub mod history;
pub mod newer_data;
pub mod reading_spool;
pub mod settings_file;
pub mod state_file;
pub mod state_store;
