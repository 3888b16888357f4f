//! Start at login by an entry in the autostart folder that every desktop reads.

use super::desktop_entry::{self, DesktopEntry};
use crate::runtime::AppHandle;
use holdoff_core::messages;
use holdoff_engine::platform::environment::IDENTIFIER;
use holdoff_engine::platform::fs as files;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// File names of Holdoff's entry: the current one and the one of version 0.1.0.
const NAMES: [&str; 2] = ["dev.holdoff.tray.desktop", "Holdoff.desktop"];
/// The systemd user unit that the packages install.
const UNIT: &str = "holdoff.service";

#[derive(Debug, Clone)]
pub struct Autostart {
    config_home: PathBuf,
    /// The system's configuration folders, the most important first.
    config_dirs: Vec<PathBuf>,
    desktops: Vec<String>,
    path: OsString,
    program: PathBuf,
}

impl Autostart {
    pub fn new(_app: &AppHandle, home: &Path, own: &Path) -> Self {
        Self::from(home, own, |name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from(home: &Path, own: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let absolute = |path: &PathBuf| path.is_absolute();
        let config_home = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(absolute);
        let dirs = variable("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".into());
        let desktops = variable("XDG_CURRENT_DESKTOP").unwrap_or_default();
        // An AppImage is mounted at another path each time it runs.
        let image = variable("APPIMAGE").filter(|_| variable("APPDIR").is_some_and(|dir| own.starts_with(dir)));
        Self {
            config_home: config_home.unwrap_or_else(|| home.join(".config")),
            config_dirs: std::env::split_paths(&dirs).filter(absolute).collect(),
            desktops: desktops.to_string_lossy().split(':').map(str::to_owned).collect(),
            path: variable("PATH").unwrap_or_default(),
            program: image.map_or_else(|| own.to_owned(), PathBuf::from),
        }
    }

    /// Whether the desktop starts Holdoff at login, no matter who set that.
    pub fn is_on(&self) -> bool {
        self.is_on_by_entry() || self.is_on_by_unit()
    }

    /// # Errors
    /// Fails if the entry cannot be written or removed. The previous state is then kept as far as possible.
    pub fn set(&self, on: bool) -> Result<(), String> {
        if on == self.is_on() {
            return Ok(());
        }
        let entry = self.entry(NAMES[0]);
        let changed = if on { self.switch_on(&entry) } else { self.switch_off(&entry) };
        let not_at = |error: io::Error| messages::autostart_not_changed(&format!("{}: {error}", entry.display()));
        changed.map_err(not_at)?;
        match (self.is_on() == on, self.is_on_by_unit()) {
            (true, _) => Ok(()),
            (false, true) => Err(messages::AUTOSTART_BY_UNIT.to_owned()),
            (false, false) => Err(messages::autostart_not_as_written(&entry.display().to_string(), on)),
        }
    }

    fn switch_on(&self, entry: &Path) -> io::Result<()> {
        let program = self.program.to_str().ok_or_else(|| {
            let name = self.program.display();
            io::Error::other(format!("a desktop entry cannot name {name}; move Holdoff to another folder"))
        })?;
        let exec = desktop_entry::exec(program);
        write(entry, &format!("{HEAD}Exec={exec}\nIcon={IDENTIFIER}\nTerminal=false\nStartupNotify=false\n"))?;
        remove(&self.entry(NAMES[1]))
    }

    fn switch_off(&self, entry: &Path) -> io::Result<()> {
        NAMES.iter().try_for_each(|name| remove(&self.entry(name)))?;
        for name in NAMES {
            // An entry for all users of the computer is hidden for this user.
            if self.config_dirs.iter().any(|dir| dir.join("autostart").join(name).exists()) {
                write(&entry.with_file_name(name), &format!("{HEAD}Hidden=true\n"))?;
            }
        }
        Ok(())
    }

    fn entry(&self, name: &str) -> PathBuf {
        self.config_home.join("autostart").join(name)
    }

    /// Among the entries with the same name, the first one takes precedence.
    fn is_on_by_entry(&self) -> bool {
        let dirs = || [&self.config_home].into_iter().chain(&self.config_dirs);
        NAMES.iter().any(|name| {
            let texts = dirs().filter_map(|dir| files::read(&dir.join("autostart").join(name), ENTRY_MAX).ok());
            texts.map(|text| DesktopEntry::parse(&String::from_utf8_lossy(&text))).next().is_some_and(|entry| {
                entry.is_started_in(&self.desktops) && entry.programs().iter().all(|program| self.can_run(program))
            })
        })
    }

    fn is_on_by_unit(&self) -> bool {
        let targets = fs::read_dir(self.config_home.join("systemd/user")).into_iter().flatten().flatten();
        targets.filter(|target| target.file_name().to_string_lossy().ends_with(".wants")).any(|target| {
            // A link to a unit that no longer exists does not count as enabled.
            target.path().join(UNIT).exists()
        })
    }

    fn can_run(&self, program: &str) -> bool {
        use std::os::unix::fs::PermissionsExt;
        let runs =
            |path: &Path| fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
        match program {
            "" => false,
            _ if program.starts_with('/') => runs(Path::new(program)),
            _ => std::env::split_paths(&self.path).any(|dir| runs(&dir.join(program))),
        }
    }
}

/// An entry usually has a few hundred bytes.
const ENTRY_MAX: u64 = 1024 * 1024;

const HEAD: &str = "\
[Desktop Entry]
Type=Application
Name=Holdoff
Comment=Shows how much of your AI subscription is left
";

/// Writes atomically. If the path is a link, its target is written.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // The temporary file must not look like an entry: a desktop may be reading the folder.
    files::replace(&path, path.with_extension("desktop-new"), text.as_bytes())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
