//! Whether Claude Code's status line keeps Holdoff up to date.

use super::Finding;
use crate::known::Known;
use holdoff_engine::environment::Environment;
use holdoff_engine::sources;
use holdoff_engine::status_line::{Place, Status, command};

pub fn look(environment: &Environment, known: &Known) -> Vec<Finding> {
    let places = sources::all(environment, &known.settings);
    places.iter().map(|source| place(&Place::new(source.config_dir(), &environment.data_dir), environment)).collect()
}

/// As it is called, without whatever else stands in the command.
fn program(called: &str) -> String {
    let program = command::program(called).unwrap_or_default();
    format!("{} statusline", program.display())
}

fn place(place: &Place, environment: &Environment) -> Finding {
    let settings = place.settings().display();
    match place.status() {
        Ok(Status::Installed { command: called, .. }) if !command::can_be_called(&called) => Finding::wrong(
            format!("{settings} calls Holdoff where it is not: {}", program(&called)),
            "Run: holdoff statusline install",
        ),
        Ok(Status::Installed { command: called, .. }) if strays(&called, environment) => Finding::note(format!(
            "{settings} calls Holdoff, but not with the data folder in use here; in a snap's terminal, say, it may use another one"
        ))
        .advised("Run: holdoff statusline install"),
        Ok(Status::Installed { earlier, .. }) => {
            let after = if earlier.is_some() { ", and then your own status line" } else { "" };
            Finding::fine(format!("{settings} calls Holdoff{after}"))
        }
        Ok(Status::Nothing | Status::Other(_)) => Finding::note(format!("{settings} does not call Holdoff"))
            .advised("To be up to date without asking, run: holdoff statusline install"),
        Err(error) => Finding::wrong(error.to_string(), "Fix the file, or do without the status line."),
    }
}

fn strays(called: &str, environment: &Environment) -> bool {
    cfg!(unix) && command::data_dir(called).as_ref() != Some(&environment.data_dir)
}
