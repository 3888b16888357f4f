//! The owner's status line in the settings window: its status, a preview of a change, and the change itself once the user
//! has agreed to the preview. All functions read files and block for a moment.

use crate::view::{Answer, DiffKind, DiffLine, StatusLineAnswer, StatusLinePlan, StatusLineView};
use holdoff_core::Settings;
use holdoff_core::messages;
use holdoff_core::messages::StatusLine;
use holdoff_core::providers::Provider;
use holdoff_engine::owners::CredentialStore;
use holdoff_engine::owners::locations;
use holdoff_engine::owners::status_line::{
    Change, Kind, Line, Plan, SettingsError, Status, StatusLineSettings, command,
};
use holdoff_engine::platform::environment::Environment;
use std::path::{Path, PathBuf};

/// The command that the owner calls is in the same folder as the app.
const PROGRAM: &str = if cfg!(windows) { "holdoff.exe" } else { "holdoff" };

/// A requested change of the status line at `place`.
#[derive(Debug, Clone, Copy)]
pub struct StatusLineRequest<'a> {
    pub place: &'a str,
    /// Whether to install Holdoff; otherwise the earlier command is restored.
    pub install: bool,
    /// The fingerprint of the previewed change that the user agreed to.
    pub agreed: Option<&'a str>,
}

pub fn all(environment: &Environment, settings: &Settings) -> Vec<StatusLineView> {
    places(environment, settings).into_iter().map(view).collect()
}

/// Returns the preview of the change, or makes the change if the user agreed to it.
pub fn change(environment: &Environment, settings: &Settings, request: StatusLineRequest<'_>) -> StatusLineAnswer {
    match try_change(environment, settings, request) {
        Ok(answer) => answer,
        Err(why) => said(false, why),
    }
}

fn try_change(
    environment: &Environment,
    settings: &Settings,
    request: StatusLineRequest<'_>,
) -> Result<StatusLineAnswer, String> {
    let found = places(environment, settings).into_iter().find(|found| found.name == request.place);
    let ConfigDir { provider, place, .. } = found.ok_or_else(messages::status_line_folder_gone)?;
    let plan =
        if request.install { place.plan_install(&own_command(&environment.data_dir)?) } else { place.plan_uninstall() };
    let nothing = if request.install { messages::status_line_there } else { messages::status_line_not_there };
    match (plan.map_err(in_words)?, request.agreed) {
        (Plan::Nothing, _) => Ok(said(true, nothing(provider))),
        (Plan::Change(change), None) => {
            let plan = shown(&change, &environment.home);
            let forgotten = if change.forgotten() { messages::status_line_forgotten(provider) } else { String::new() };
            Ok(StatusLineAnswer { plan: Some(plan), ..said(true, forgotten) })
        }
        (Plan::Change(change), Some(agreed)) if change.fingerprint() != agreed => {
            Err(messages::status_line_changed(provider))
        }
        (Plan::Change(change), Some(_)) => {
            make(provider, &place, *change, request.install).map(|done| said(true, done))
        }
    }
}

fn make(provider: Provider, place: &StatusLineSettings, change: Change, install: bool) -> Result<String, String> {
    change.apply().map_err(in_words)?;
    let now = place.status().map_err(in_words)?;
    Ok(match (&now, install) {
        (Status::Installed { earlier, .. }, true) => messages::status_line_installed(provider, earlier.as_deref()),
        (Status::Other(earlier), false) => messages::status_line_removed(provider, earlier.as_deref()),
        (_, true) => messages::status_line_installed(provider, None),
        (_, false) => messages::status_line_removed(provider, None),
    })
}

/// The settings of one config folder.
struct ConfigDir {
    provider: Provider,
    /// The name of the file, as shown.
    name: String,
    place: StatusLineSettings,
}

fn places(environment: &Environment, settings: &Settings) -> Vec<ConfigDir> {
    let sources = locations::all(environment, settings);
    let place = |source: &CredentialStore| {
        let place = StatusLineSettings::new(source.config_dir(), &environment.data_dir);
        ConfigDir { provider: source.provider(), name: name(place.settings(), &environment.home), place }
    };
    sources.iter().map(place).collect()
}

/// The path with `~` for the home folder.
fn name(path: &Path, home: &Path) -> String {
    path.strip_prefix(home).map_or_else(|_| path.to_owned(), |below| Path::new("~").join(below)).display().to_string()
}

fn view(found: ConfigDir) -> StatusLineView {
    let now = |line| messages::status_line_now(found.provider, line);
    let (text, install, remove) = match found.place.status() {
        Ok(Status::Nothing) => (now(StatusLine::None), true, false),
        Ok(Status::Other(own)) => (now(StatusLine::Other(own.as_deref())), true, false),
        Ok(Status::Installed { command, .. }) if !command::can_be_called(&command) => {
            (now(StatusLine::Lost(&command)), true, true)
        }
        Ok(Status::Installed { earlier, .. }) => (now(StatusLine::Holdoff(earlier.as_deref())), false, true),
        Err(error) => (error.to_string(), false, false),
    };
    StatusLineView { place: found.name, text, install, remove }
}

fn own_command(data_dir: &Path) -> Result<String, String> {
    let here = std::env::current_exe().and_then(|exe| exe.canonicalize());
    let program: Option<PathBuf> = here.ok().and_then(|exe| Some(exe.parent()?.join(PROGRAM)));
    let program = program
        .filter(|program| program.is_file())
        .ok_or("The command holdoff is not next to the app, so there is nothing to call. Reinstall Holdoff.")?;
    Ok(command::own(&command::lasting(&program, std::env::var_os("PATH").as_deref()), data_dir))
}

fn shown(change: &Change, home: &Path) -> StatusLinePlan {
    StatusLinePlan {
        path: name(change.path(), home),
        lines: change.diff().into_iter().map(line).collect(),
        fingerprint: change.fingerprint(),
    }
}

fn line(line: Line) -> DiffLine {
    let kind = match line.kind {
        Kind::Removed => DiffKind::Removed,
        Kind::Added => DiffKind::Added,
    };
    DiffLine { kind, text: line.text }
}

fn said(done: bool, message: String) -> StatusLineAnswer {
    let message = Some(message).filter(|message| !message.is_empty());
    StatusLineAnswer { plan: None, answer: Answer { done, message } }
}

fn in_words(error: SettingsError) -> String {
    error.to_string()
}
