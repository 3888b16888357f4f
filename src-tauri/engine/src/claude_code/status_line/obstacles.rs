//! What keeps Claude Code from calling the status line of its person's settings: another that counts before it, or a switch
//! that turns all of them off.

use crate::claude_code::status_line::settings_editor::{Current, Text, called};
use crate::claude_code::status_line::settings_file;
use crate::http::network::managed_settings;
use crate::platform::fs;
use std::path::{Path, PathBuf};

/// The folder that a project keeps its settings in, as a person's home does.
const FOLDER: &str = ".claude";
/// What is said for one project alone, last word first.
const OF_A_PROJECT: [&str; 2] = ["settings.local.json", settings_file::NAME];
/// How far up from a folder its project is looked for.
const LEVELS: usize = 64;

/// One thing that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The settings in which it stands.
    pub path: PathBuf,
    pub kind: ObstacleKind,
    pub scope: Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObstacleKind {
    /// `disableAllHooks`, which turns off the status line as well.
    Disabled,
    /// Another `statusLine`.
    Replaced,
}

/// Where it keeps it from being called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// On this computer: an administrator says so.
    Managed,
    /// In the project of this folder.
    Project,
    /// Everywhere.
    User,
}

/// What is in the way of the status line in the settings of `config_dir`, for a Claude Code that is started in one of these
/// folders. Each is named once.
pub fn obstacles(config_dir: &Path, folders: &[PathBuf]) -> Vec<Obstacle> {
    let mut all: Vec<Obstacle> = Vec::new();
    for folder in folders {
        let found = layered(managed_settings(), config_dir, folder);
        all.extend(found.into_iter().filter(|obstacle| !all.contains(obstacle)).collect::<Vec<_>>());
    }
    all
}

fn layered(managed: Vec<PathBuf>, config_dir: &Path, folder: &Path) -> Vec<Obstacle> {
    let managed = managed.into_iter().map(|path| (path, Scope::Managed));
    let of_project = project(folder, config_dir).into_iter().map(|path| (path, Scope::Project));
    let user = [(config_dir.join(settings_file::NAME), Scope::User)];
    let (mut line, mut switch) = (None, None);
    // The first that says something of it counts.
    for (path, scope) in managed.chain(of_project).chain(user) {
        let Some(text) = read(&path) else { continue };
        let obstacle = |kind| Obstacle { path: path.clone(), kind, scope };
        if switch.is_none()
            && let Some(off) = text.others().get("disableAllHooks").and_then(|off| off.as_bool())
        {
            switch = Some(off.then(|| obstacle(ObstacleKind::Disabled)));
        }
        // A setting that is no command of a status line is none.
        match text.current() {
            Current::Other(value) if line.is_none() && called(&value).is_some() && scope != Scope::User => {
                line = Some(Some(obstacle(ObstacleKind::Replaced)));
            }
            Current::Own(_) if line.is_none() => line = Some(None),
            Current::Other(_) | Current::Own(_) | Current::Nothing => {}
        }
    }
    switch.flatten().into_iter().chain(line.flatten()).collect()
}

/// The settings of the project that a folder is in: of the nearest folder above it that has some. The person's own are none.
fn project(folder: &Path, config_dir: &Path) -> Vec<PathBuf> {
    let own = config_dir.canonicalize().ok();
    for above in folder.ancestors().take(LEVELS) {
        let settings = above.join(FOLDER);
        let is_own = own.is_some() && settings.canonicalize().ok() == own;
        let names = OF_A_PROJECT.iter().filter(|name| !is_own || **name != settings_file::NAME);
        let found: Vec<PathBuf> = names.map(|name| settings.join(name)).filter(|path| path.exists()).collect();
        if !found.is_empty() || is_own {
            return found;
        }
    }
    Vec::new()
}

fn read(path: &Path) -> Option<Text> {
    Text::parse(&fs::read(path, settings_file::SIZE_MAX).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ObstacleKind::{Disabled, Replaced};

    const OWN: &str = r#"{"statusLine":{"type":"command","command":"/usr/bin/holdoff statusline"}}"#;
    const OTHER: &str = r#"{"statusLine":{"type":"command","command":"theirs"}}"#;
    const OFF: &str = r#"{"disableAllHooks":true,}"#;

    /// `files` by the folder that they are in: `managed`, `home/.claude`, or a project's.
    #[track_caller]
    fn check(files: &[(&str, &str)], started_in: &str, expect: &[(&str, ObstacleKind, Scope)]) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(started_in)).unwrap();
        for (name, text) in [("home/.claude/settings.json", OWN)].iter().chain(files) {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let managed = vec![root.path().join("managed/10.json"), root.path().join("managed/managed-settings.json")];
        let found = layered(managed, &root.path().join("home/.claude"), &root.path().join(started_in));
        let expect = expect.iter().map(|(path, kind, scope)| Obstacle {
            path: root.path().join(path),
            kind: *kind,
            scope: *scope,
        });
        assert_eq!(found, expect.collect::<Vec<_>>());
    }

    #[test]
    fn the_switch_that_turns_off_hooks_is_one() {
        check(&[], "home", &[]);
        let user = "home/.claude/settings.json";
        check(&[(user, OFF)], "home", &[(user, Disabled, Scope::User)]);
        let (project, managed) = ("home/p/.claude/settings.json", "managed/managed-settings.json");
        check(
            &[(project, "\u{feff}// ours\n{\"disableAllHooks\": true}")],
            "home/p/src",
            &[(project, Disabled, Scope::Project)],
        );
        check(&[(managed, OFF)], "home/p", &[(managed, Disabled, Scope::Managed)]);
        check(&[(project, r#"{"disableAllHooks":false}"#), (user, OFF)], "home/p", &[]);
        check(&[(user, r#"{"disableAllHooks":"no"}"#)], "home", &[]);
    }

    #[test]
    fn another_status_line_that_counts_first_is_one() {
        let (shared, local) = ("home/p/.claude/settings.json", "home/p/.claude/settings.local.json");
        check(&[(shared, OTHER)], "home/p/a/b", &[(shared, Replaced, Scope::Project)]);
        check(&[(shared, OTHER), (local, OTHER)], "home/p", &[(local, Replaced, Scope::Project)]);
        check(&[(shared, OTHER), (local, OWN)], "home/p", &[]);
        check(&[(shared, r#"{"statusLine":null}"#)], "home/p", &[]);
        check(
            &[("managed/10.json", OTHER), (shared, OTHER)],
            "home/p",
            &[("managed/10.json", Replaced, Scope::Managed)],
        );
        let at_home = "home/.claude/settings.local.json";
        check(&[(at_home, OTHER)], "home", &[(at_home, Replaced, Scope::Project)]);
        // The person's own settings are not a project's, whoever's line it is.
        check(&[("home/.claude/settings.json", OTHER)], "home/q", &[]);
        check(&[(shared, OTHER)], "home/q", &[]);
    }
}
