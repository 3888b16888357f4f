//! `holdoff refresh`: has the running app ask, if it may.

use crate::{TEMPORARY, UNAVAILABLE, print};
use holdoff_engine::environment::Environment;
use holdoff_engine::ipc::{self, Call, Client, RefreshAnswer};
use std::path::PathBuf;
use std::process::ExitCode;

/// The running app, if there is one.
pub fn connect(environment: &Environment) -> Option<Client> {
    let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    Client::connect(&ipc::address(&environment.data_dir, runtime_dir.as_deref()))
}

pub fn run(environment: &Environment) -> ExitCode {
    let Some(mut app) = connect(environment) else {
        eprintln!("holdoff: the tray app is not running, so nobody can ask. Start it with: holdoff");
        return ExitCode::from(UNAVAILABLE);
    };
    let answer = app
        .call(Call::Refresh { account: None })
        .and_then(|answer| serde_json::from_value::<RefreshAnswer>(answer).map_err(std::io::Error::from));
    match answer {
        Ok(answer) if answer.asked => print(&format!("{}\n", answer.message)),
        Ok(answer) => {
            eprintln!("holdoff: {}", answer.message);
            ExitCode::from(TEMPORARY)
        }
        Err(error) => {
            eprintln!("holdoff: the tray app did not answer ({error}). If that stays so, quit and start it again.");
            ExitCode::from(UNAVAILABLE)
        }
    }
}
