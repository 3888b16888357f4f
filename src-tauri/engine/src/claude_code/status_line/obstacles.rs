//! Finds what keeps Claude Code from running the status line of the user's settings: another status line with precedence, or a
//! switch that disables all of them.

use crate::claude_code::managed_settings::managed_settings;
use crate::claude_code::status_line::settings_editor::{Current, Text, called};
use crate::claude_code::status_line::settings_file;
use crate::platform::fs;
use std::path::{Path, PathBuf};

/// The settings folder of a project, and of a home folder.
const FOLDER: &str = ".claude";
/// A project's settings files, highest precedence first.
const OF_A_PROJECT: [&str; 2] = ["settings.local.json", settings_file::NAME];
/// How many parent folders to search for the project.
const LEVELS: usize = 64;

/// One obstacle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The settings file that contains it.
    pub path: PathBuf,
    pub kind: ObstacleKind,
    pub scope: Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObstacleKind {
    /// `disableAllHooks`, which also disables the status line.
    Disabled,
    /// Another `statusLine`.
    Replaced,
}

/// Where the status line is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// On this computer, by an administrator.
    Managed,
    /// In this folder's project.
    Project,
    /// Everywhere.
    User,
}

/// The obstacles to the status line of `config_dir`, for a Claude Code started in one of these folders. No duplicates.
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
    // The first file with a value has precedence.
    for (path, scope) in managed.chain(of_project).chain(user) {
        let Some(text) = read(&path) else { continue };
        let obstacle = |kind| Obstacle { path: path.clone(), kind, scope };
        if switch.is_none()
            && let Some(off) = text.others().get("disableAllHooks").and_then(|off| off.as_bool())
        {
            switch = Some(off.then(|| obstacle(ObstacleKind::Disabled)));
        }
        // A `statusLine` without a valid command does not count.
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

/// The settings of the nearest parent folder that has some. The user's own settings do not count as a project's.
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

    /// `files` are listed by folder: `managed`, `home/.claude`, or a project's.
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
    fn obstacle_disable_all_hooks_is_reported_with_its_scope() {
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
    fn obstacle_status_line_of_higher_precedence_is_reported() {
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
        // The user's own settings are not a project's, whichever status line they name.
        check(&[("home/.claude/settings.json", OTHER)], "home/q", &[]);
        check(&[(shared, OTHER)], "home/q", &[]);
    }
}
