use super::*;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

/// A person's computer, with Holdoff's program on it.
struct Computer {
    folder: TempDir,
    variables: Vec<(&'static str, OsString)>,
}

impl Computer {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = vec![
            ("XDG_CONFIG_DIRS", folder.path().join("xdg").into_os_string()),
            ("XDG_CURRENT_DESKTOP", "ubuntu:GNOME".into()),
        ];
        let computer = Self { folder, variables };
        computer.program("bin/holdoff-tray");
        computer
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn program(&self, path: &str) {
        self.file(path, "#!/bin/sh\n");
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn file(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    /// An entry that starts the program, with these keys too.
    fn entry(&self, path: &str, keys: &str) {
        let exec = self.at("bin/holdoff-tray");
        self.file(path, &format!("[Desktop Entry]\nType=Application\nExec={}\n{keys}\n", exec.display()));
    }

    fn autostart(&self) -> Autostart {
        self.autostart_of("bin/holdoff-tray")
    }

    fn autostart_of(&self, program: &str) -> Autostart {
        let variable = |name: &str| Some(self.variables.iter().find(|(known, _)| *known == name)?.1.clone());
        Autostart::from(&self.at("home"), &self.at(program), variable)
    }
}

const OURS: &str = "home/.config/autostart/dev.holdoff.tray.desktop";
const EARLIER: &str = "home/.config/autostart/Holdoff.desktop";

#[test]
fn autostart_is_enabled_and_disabled() {
    let computer = Computer::new();
    let autostart = computer.autostart();
    assert!(!autostart.is_on());
    autostart.set(true).unwrap();
    assert!(autostart.is_on() && computer.at(OURS).is_file());
    autostart.set(true).unwrap();
    autostart.set(false).unwrap();
    assert!(!autostart.is_on() && !computer.at(OURS).exists());
    autostart.set(false).unwrap();
    assert_eq!(fs::read_dir(computer.at("home/.config/autostart")).unwrap().count(), 0);
}

#[test]
fn autostart_entry_passes_desktop_file_validate() {
    let computer = Computer::new();
    computer.program("My \"100%\" Programs/holdoff-tray");
    computer.autostart_of("My \"100%\" Programs/holdoff-tray").set(true).unwrap();
    let checked = std::process::Command::new("desktop-file-validate").arg(computer.at(OURS)).output();
    let checked = checked.expect("desktop-file-validate (Debian package desktop-file-utils)");
    assert!(checked.status.success() && checked.stdout.is_empty(), "{checked:?}");
}

#[test]
fn autostart_dir_follows_an_absolute_xdg_config_home() {
    let mut computer = Computer::new();
    computer.variables.push(("XDG_CONFIG_HOME", computer.at("elsewhere").into_os_string()));
    computer.autostart().set(true).unwrap();
    assert!(computer.at("elsewhere/autostart/dev.holdoff.tray.desktop").is_file() && !computer.at(OURS).exists());
    computer.variables.pop();
    computer.variables.push(("XDG_CONFIG_HOME", "not/absolute".into()));
    computer.autostart().set(true).unwrap();
    assert!(computer.at(OURS).is_file());
}

#[test]
fn autostart_entry_disabled_by_a_key_is_off_and_can_be_enabled() {
    for keys in ["Hidden=true", "X-GNOME-Autostart-enabled=false", "OnlyShowIn=KDE;", "TryExec=/no/such/program"] {
        for name in [OURS, EARLIER] {
            let computer = Computer::new();
            computer.entry(name, keys);
            let autostart = computer.autostart();
            assert!(!autostart.is_on(), "{name} {keys}");
            autostart.set(true).unwrap();
            assert!(autostart.is_on() && !computer.at(EARLIER).exists(), "{name} {keys}");
        }
    }
}

#[test]
fn autostart_entry_of_an_earlier_version_is_detected_and_removed() {
    let computer = Computer::new();
    computer.entry(EARLIER, "");
    let autostart = computer.autostart();
    assert!(autostart.is_on());
    autostart.set(false).unwrap();
    assert!(!autostart.is_on() && !computer.at(EARLIER).exists());
}

#[test]
fn autostart_entry_with_a_missing_program_is_off() {
    let computer = Computer::new();
    let autostart = computer.autostart();
    autostart.set(true).unwrap();
    fs::remove_file(computer.at("bin/holdoff-tray")).unwrap();
    assert!(!autostart.is_on());
}

#[test]
fn autostart_entry_for_all_users_is_overridden_with_hidden() {
    let computer = Computer::new();
    computer.entry("xdg/autostart/dev.holdoff.tray.desktop", "");
    let autostart = computer.autostart();
    assert!(autostart.is_on());
    autostart.set(false).unwrap();
    assert!(!autostart.is_on());
    assert!(fs::read_to_string(computer.at(OURS)).unwrap().contains("Hidden=true"));
    autostart.set(true).unwrap();
    assert!(autostart.is_on());
}

#[test]
fn systemd_unit_counts_as_autostart_and_is_left_unchanged() {
    let computer = Computer::new();
    let wants = computer.at("home/.config/systemd/user/graphical-session.target.wants");
    fs::create_dir_all(&wants).unwrap();
    symlink(computer.at("holdoff.service"), wants.join("holdoff.service")).unwrap();
    let autostart = computer.autostart();
    assert!(!autostart.is_on(), "the unit itself is gone");
    computer.file("holdoff.service", "[Service]\n");
    assert!(autostart.is_on());
    assert_eq!(autostart.set(false), Err(messages::AUTOSTART_BY_UNIT.to_owned()));
    assert!(wants.join("holdoff.service").exists());
}

#[test]
fn autostart_entry_symlink_is_kept_and_its_target_written() {
    let computer = Computer::new();
    computer.file("dotfiles/holdoff.desktop", "");
    fs::create_dir_all(computer.at("home/.config/autostart")).unwrap();
    symlink(computer.at("dotfiles/holdoff.desktop"), computer.at(OURS)).unwrap();
    computer.autostart().set(true).unwrap();
    assert!(fs::symlink_metadata(computer.at(OURS)).unwrap().is_symlink() && computer.autostart().is_on());
}

#[test]
fn appimage_autostart_runs_the_appimage_file() {
    let mut computer = Computer::new();
    computer.program("Holdoff.AppImage");
    computer.variables.push(("APPIMAGE", computer.at("Holdoff.AppImage").into_os_string()));
    computer.autostart().set(true).unwrap();
    assert!(!fs::read_to_string(computer.at(OURS)).unwrap().contains("AppImage"), "it is that of another program");
    fs::remove_file(computer.at(OURS)).unwrap();
    computer.variables.push(("APPDIR", computer.at("bin").into_os_string()));
    computer.autostart().set(true).unwrap();
    assert!(fs::read_to_string(computer.at(OURS)).unwrap().contains("/Holdoff.AppImage\n"));
}

#[test]
fn autostart_write_failure_is_reported() {
    let computer = Computer::new();
    computer.file("home/.config/autostart", "a file in the folder's place");
    let said = computer.autostart().set(true).unwrap_err();
    assert!(said.contains("dev.holdoff.tray.desktop") && said.contains("The setting is unchanged."), "{said}");
    let odd = std::ffi::OsStr::from_bytes(b"/opt/\xff/holdoff-tray");
    let said = Autostart::from(&computer.at("elsewhere"), Path::new(odd), |_| None).set(true).unwrap_err();
    assert!(said.contains("/opt/") && said.contains("another folder"), "{said}");
}
