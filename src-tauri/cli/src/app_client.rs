//! The client for the running app.

use holdoff_engine::ipc::{self, Client};
use holdoff_engine::platform::environment::Environment;
use std::path::PathBuf;

/// The app's socket address.
pub fn address(environment: &Environment) -> PathBuf {
    ipc::address(&environment.data_dir, environment.runtime_dir.as_deref())
}

/// Connects to the running app, if there is one.
pub fn connect(environment: &Environment) -> Option<Client> {
    Client::connect(&address(environment))
}

pub fn is_running(environment: &Environment) -> bool {
    connect(environment).is_some()
}
