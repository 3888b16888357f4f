//! `holdoff refresh`: asks the running app for a refresh, if it is allowed.

use crate::saved_state::SavedState;
use crate::{TEMPORARY, UNAVAILABLE, app_client, print};
use holdoff_engine::ipc::{Call, RefreshAnswer};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::platform::user_dir;
use holdoff_engine::platform::user_dir::UserDir;
use std::process::ExitCode;

pub fn run(environment: &Environment, account: Option<&str>) -> ExitCode {
    let account =
        match account.map(|name| SavedState::read(environment).account(Some(name)).map(|(id, _)| id.0.clone())) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(why)) => {
                eprintln!("holdoff: {why}");
                return ExitCode::from(UNAVAILABLE);
            }
        };
    let Some(mut app) = app_client::connect(environment) else {
        eprintln!("holdoff: the tray app is not running, so it cannot refresh. Start it with: holdoff");
        let others = UserDir::of(environment).other_data_dirs();
        for about in user_dir::about_others(&environment.data_dir, &others) {
            eprintln!("holdoff: {about}");
        }
        return ExitCode::from(UNAVAILABLE);
    };
    let answer = app
        .call(Call::Refresh { account })
        .and_then(|answer| serde_json::from_value::<RefreshAnswer>(answer).map_err(std::io::Error::from));
    match answer {
        Ok(answer) if answer.asked => print(&format!("{}\n", answer.message)),
        Ok(answer) => {
            eprintln!("holdoff: {}", answer.message);
            ExitCode::from(TEMPORARY)
        }
        Err(error) => {
            eprintln!("holdoff: the tray app did not answer ({error}). If this persists, quit it and start it again.");
            ExitCode::from(UNAVAILABLE)
        }
    }
}
