//! Checks whether the owner's status line reports to Holdoff.

use super::Finding;
use crate::saved_state::SavedState;
use holdoff_core::providers::Provider;
use holdoff_engine::owners::locations;
use holdoff_engine::owners::status_line::{
    Obstacle, ObstacleKind, Scope, Status, StatusLineSettings, command, obstacles,
};
use holdoff_engine::platform::environment::Environment;

/// Each takes two lines, and a user may have hundreds of projects.
const OBSTACLES_MAX: usize = 8;

pub fn inspect(environment: &Environment, saved: &SavedState) -> Vec<Finding> {
    let places = locations::all(environment, &saved.settings);
    let mut findings = Vec::new();
    for source in &places {
        let line = StatusLineSettings::new(source.config_dir(), &environment.data_dir);
        findings.push(place(&line, environment));
        if matches!(line.status(), Ok(Status::Installed { .. })) {
            let here = std::env::current_dir().unwrap_or_else(|_| environment.home.clone());
            let here = obstacles(source.config_dir(), &[here]);
            findings.extend(here.iter().map(|one| obstacle(source.provider(), one, Finding::wrong)));
            // Other projects get a note only.
            let mut others = obstacles(source.config_dir(), &source.projects());
            others.retain(|other| !here.contains(other));
            let noted = |text: String, advice: String| Finding::note(text).advised(advice);
            findings.extend(others.iter().take(OBSTACLES_MAX).map(|one| obstacle(source.provider(), one, noted)));
            if let Some(more) = others.len().checked_sub(OBSTACLES_MAX).filter(|more| *more > 0) {
                findings.push(Finding::note(format!("{more} more projects have such settings")));
            }
        }
    }
    findings
}

/// A setting that stops the owner, at least in some projects, from calling Holdoff.
fn obstacle(provider: Provider, obstacle: &Obstacle, finding: impl Fn(String, String) -> Finding) -> Finding {
    let owner = provider.owner();
    let file = obstacle.path.display();
    let what = match obstacle.kind {
        ObstacleKind::Disabled => "turns off hooks and status lines (disableAllHooks)",
        ObstacleKind::Replaced => "has its own status line",
    };
    let place = match obstacle.scope {
        Scope::User => owner.to_owned(),
        Scope::Project => format!("{owner} in that project"),
        Scope::Managed => format!("{owner} on this computer"),
    };
    let advice = match (obstacle.scope, obstacle.kind) {
        (Scope::Managed, _) => {
            format!("Only your administrator can change that. Holdoff still checks usage with {}.", provider.name())
        }
        (_, ObstacleKind::Disabled) => {
            "To get readings without requests, remove disableAllHooks from that file.".to_owned()
        }
        (_, ObstacleKind::Replaced) => {
            "Sessions of other projects still report to Holdoff. To include these, remove statusLine from that file."
                .to_owned()
        }
    };
    finding(format!("{file} {what}, so {place} does not call Holdoff"), advice)
}

/// The program in the command, without anything else in it.
fn program(called: &str) -> String {
    let program = command::program(called).unwrap_or_default();
    format!("{} statusline", program.display())
}

fn place(place: &StatusLineSettings, environment: &Environment) -> Finding {
    let settings = place.settings().display();
    match place.status() {
        Ok(Status::Installed { command: called, .. }) if !command::can_be_called(&called) => Finding::wrong(
            format!("{settings} calls Holdoff at a path where it does not exist: {}", program(&called)),
            "Run: holdoff statusline install",
        ),
        Ok(Status::Installed { command: called, .. }) if strays(&called, environment) => Finding::note(format!(
            "{settings} calls Holdoff with another data folder than the one in use here (a snap's terminal, for example, uses its own)"
        ))
        .advised("Run: holdoff statusline install"),
        Ok(Status::Installed { earlier, .. }) => {
            let after = if earlier.is_some() { ", then your own status line" } else { "" };
            Finding::fine(format!("{settings} calls Holdoff{after}"))
        }
        Ok(Status::Nothing | Status::Other(_)) => Finding::note(format!("{settings} does not call Holdoff"))
            .advised("To get readings without requests, run: holdoff statusline install"),
        Err(error) => Finding::wrong(error.to_string(), "Fix the file, or do not use the status line."),
    }
}

fn strays(called: &str, environment: &Environment) -> bool {
    cfg!(unix) && command::data_dir(called).as_ref() != Some(&environment.data_dir)
}
