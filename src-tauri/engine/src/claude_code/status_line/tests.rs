mod lock;
mod undoing;

use super::*;
use std::fs;

const OURS: &str = "/usr/bin/holdoff statusline";
const THEIRS: &str = "{\n  \"model\": \"opus\",\n  \"statusLine\": {\n    \"type\": \"command\",\n    \"command\": \"~/line.sh\",\n    \"padding\": 2\n  }\n}\n";

/// A person's `~/.claude` and Holdoff's data folder.
struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".claude")).unwrap();
        Self { dir }
    }

    fn with(settings: &str) -> Self {
        let scene = Self::new();
        scene.write(settings);
        scene
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join(".claude")
    }

    fn place(&self) -> StatusLineSettings {
        StatusLineSettings::new(&self.config(), &self.dir.path().join("data"))
    }

    fn write(&self, settings: &str) {
        fs::write(self.place().settings(), settings).unwrap();
    }

    fn read(&self) -> String {
        fs::read_to_string(self.place().settings()).unwrap()
    }

    fn install(&self) -> Box<Change> {
        change(self.place().plan_install(OURS).unwrap())
    }

    fn uninstall(&self) -> Box<Change> {
        change(self.place().plan_uninstall().unwrap())
    }
}

fn change(plan: Plan) -> Box<Change> {
    match plan {
        Plan::Change(change) => change,
        Plan::Nothing => panic!("nothing to change"),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn uninstall_restores_the_earlier_command() {
    let scene = Scene::with(THEIRS);
    let install = scene.install();
    let diff: Vec<String> = install.diff().iter().map(|line| format!("{:?} {}", line.kind, line.text)).collect();
    assert_eq!(
        diff,
        ["Removed     \"command\": \"~/line.sh\",", "Added     \"command\": \"/usr/bin/holdoff statusline\",",]
    );
    assert_eq!(scene.read(), THEIRS, "a plan changes nothing");
    assert!(!install.forgotten());
    install.apply().unwrap();
    assert_eq!(scene.read(), THEIRS.replace("~/line.sh", OURS));
    assert_eq!(scene.place().earlier().as_deref(), Some("~/line.sh"));
    let earlier = Some("~/line.sh".to_owned());
    assert_eq!(scene.place().status().unwrap(), Status::Installed { command: OURS.to_owned(), earlier });
    assert!(matches!(scene.place().plan_install(OURS).unwrap(), Plan::Nothing), "once is enough");

    scene.uninstall().apply().unwrap();
    assert_eq!(scene.read(), THEIRS);
    assert_eq!(scene.place().earlier(), None);
    assert!(matches!(scene.place().plan_uninstall().unwrap(), Plan::Nothing));
    assert_eq!(names(&scene.config()), ["settings.json"], "nothing is left beside it");
    assert_eq!(scene.place().status().unwrap(), Status::Other(Some("~/line.sh".to_owned())));
}

#[test]
fn uninstall_is_byte_identical_for_any_formatting() {
    for before in ["{}", "{\n}", "{ }\n\n", "{\"a\":1,\n\"b\":2}", "\u{feff}{\r\n\t\"a\" : 1\r\n}", "{\r\"a\":1}"] {
        let scene = Scene::with(before);
        scene.install().apply().unwrap();
        assert_ne!(scene.read(), before);
        scene.uninstall().apply().unwrap();
        assert_eq!(scene.read(), before);
    }
}

#[test]
fn uninstall_removes_a_settings_file_it_created() {
    let scene = Scene::new();
    scene.install().apply().unwrap();
    let made = "{\n  \"statusLine\": {\n    \"type\": \"command\",\n    \"command\": \"/usr/bin/holdoff statusline\"\n  }\n}\n";
    assert_eq!(scene.read(), made);
    scene.uninstall().apply().unwrap();
    assert_eq!(names(&scene.config()), Vec::<String>::new());

    scene.install().apply().unwrap();
    scene.write(&scene.read().replace("{\n  \"st", "{\n  \"model\": \"opus\",\n  \"st"));
    scene.uninstall().apply().unwrap();
    assert_eq!(scene.read(), "{\n  \"model\": \"opus\"\n}\n", "what came in since stays");
}

#[test]
fn uninstall_keeps_changes_others_made_since() {
    let scene = Scene::with(THEIRS);
    scene.install().apply().unwrap();
    scene.write(&scene.read().replace("\"padding\": 2", "\"padding\": 0").replace("opus", "sonnet"));
    scene.uninstall().apply().unwrap();
    assert_eq!(scene.read(), THEIRS.replace("\"padding\": 2", "\"padding\": 0").replace("opus", "sonnet"));
}

#[test]
fn uninstall_leaves_a_status_line_the_user_set_since() {
    let scene = Scene::with(THEIRS);
    scene.install().apply().unwrap();
    let theirs = scene.read().replace(OURS, "ccusage statusline");
    scene.write(&theirs);
    assert!(matches!(scene.place().plan_uninstall().unwrap(), Plan::Nothing));
    assert_eq!(scene.read(), theirs);
    scene.install().apply().unwrap();
    assert_eq!(scene.place().earlier().as_deref(), Some("ccusage statusline"));
}

#[test]
fn reinstall_from_a_new_path_keeps_the_earlier_command() {
    let scene = Scene::with(THEIRS);
    scene.install().apply().unwrap();
    change(scene.place().plan_install("/opt/holdoff statusline").unwrap()).apply().unwrap();
    assert_eq!(scene.place().earlier().as_deref(), Some("~/line.sh"));
    scene.uninstall().apply().unwrap();
    assert_eq!(scene.read(), THEIRS);
}

#[test]
fn uninstall_works_without_a_backup() {
    let scene = Scene::with(THEIRS);
    scene.install().apply().unwrap();
    fs::remove_dir_all(scene.dir.path().join("data")).unwrap();
    assert_eq!(scene.place().earlier(), None);
    // A move of the program does not make it known that there was nothing.
    change(scene.place().plan_install("/opt/holdoff statusline").unwrap()).apply().unwrap();
    let uninstall = scene.uninstall();
    assert!(uninstall.forgotten(), "it is said before");
    uninstall.apply().unwrap();
    assert_eq!(scene.read(), "{\n  \"model\": \"opus\"\n}\n");
}

#[test]
fn install_refused_if_settings_changed_since_the_plan() {
    for meanwhile in [Some("{\"mine\":1}"), None] {
        let scene = Scene::with(THEIRS);
        let install = scene.install();
        match meanwhile {
            Some(text) => scene.write(text),
            None => fs::remove_file(scene.place().settings()).unwrap(),
        }
        assert!(matches!(install.apply(), Err(SettingsError::Changed { .. })));
        assert_eq!(fs::read_to_string(scene.place().settings()).ok().as_deref(), meanwhile);
        assert_eq!(names(&scene.config()).len(), usize::from(meanwhile.is_some()));
    }
    let scene = Scene::new();
    let install = scene.install();
    scene.write("{}");
    assert!(matches!(install.apply(), Err(SettingsError::Changed { .. })));
    assert_eq!(scene.read(), "{}");
}

/// Another program writes a whole file of its own while Holdoff installs: it may not be lost. (Where names cannot be
/// exchanged, it is, if it comes between the look and the rename.)
#[cfg(target_os = "linux")]
#[test]
fn install_racing_another_writer_loses_no_settings() {
    for round in 0..60 {
        let scene = Scene::with("{\"n\": 0}");
        let install = scene.install();
        let path = scene.place().settings().to_owned();
        let writer = std::thread::spawn(move || {
            let next = path.with_file_name("theirs");
            fs::write(&next, format!("{{\"n\": {}}}", round + 1)).unwrap();
            fs::rename(&next, &path).unwrap();
        });
        let installed = install.apply().is_ok();
        writer.join().unwrap();
        let theirs = format!("{{\"n\": {}}}", round + 1);
        // Installed first and then overwritten by a program that had read it before; or theirs first, and refused.
        assert_eq!(scene.read(), theirs, "installed: {installed}");
        assert_eq!(names(&scene.config()), ["settings.json"]);
    }
}

#[test]
fn settings_that_cannot_be_parsed_are_left_untouched() {
    for bad in ["", "{\"a\": ", "[1]", "{\"statusLine\": 1, \"statusLine\": 2}", "\u{0}"] {
        let scene = Scene::with(bad);
        for plan in [scene.place().plan_install(OURS), scene.place().plan_uninstall()] {
            let error = plan.unwrap_err();
            assert!(matches!(error, SettingsError::Text { .. }), "{error}");
            assert!(error.to_string().contains("settings.json"), "{error}");
        }
        assert_eq!(scene.read(), bad);
    }
    let dir = tempfile::tempdir().unwrap();
    let nowhere = StatusLineSettings::new(&dir.path().join("none"), dir.path());
    assert!(matches!(nowhere.plan_install(OURS), Err(SettingsError::NoFolder { .. })));
    assert_eq!(nowhere.status().unwrap(), Status::Nothing);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    #[test]
    fn settings_symlink_stays_a_symlink() {
        let scene = Scene::new();
        let dotfiles = scene.dir.path().join("dotfiles");
        fs::create_dir(&dotfiles).unwrap();
        fs::write(dotfiles.join("claude.json"), THEIRS).unwrap();
        symlink("../dotfiles/claude.json", scene.place().settings()).unwrap();
        let install = scene.install();
        assert_eq!(install.path(), dotfiles.canonicalize().unwrap().join("claude.json"));
        install.apply().unwrap();
        assert!(scene.place().settings().is_symlink());
        assert_eq!(fs::read_to_string(dotfiles.join("claude.json")).unwrap(), THEIRS.replace("~/line.sh", OURS));
        assert_eq!(names(&dotfiles), ["claude.json"]);
        scene.uninstall().apply().unwrap();
        assert_eq!(scene.read(), THEIRS);

        fs::remove_file(dotfiles.join("claude.json")).unwrap();
        let error = scene.place().plan_install(OURS).unwrap_err().to_string();
        assert!(error.contains("a link to a missing file"), "{error}");
    }

    /// Its person moves the file among their dotfiles and leaves a link, or an editor puts a file in the place of the link.
    #[test]
    fn backup_is_found_after_the_settings_file_moved() {
        for into_dotfiles in [true, false] {
            let scene = Scene::new();
            let (named, dotfile) = (scene.place().settings().to_owned(), scene.dir.path().join("dotfile.json"));
            let (first, then) = if into_dotfiles { (&named, &dotfile) } else { (&dotfile, &named) };
            fs::write(first, THEIRS).unwrap();
            let link = || symlink(&dotfile, &named).unwrap();
            if !into_dotfiles {
                link();
            }
            scene.install().apply().unwrap();
            let installed = scene.read();
            fs::remove_file(first).unwrap();
            if into_dotfiles {
                link();
            } else {
                fs::remove_file(&named).unwrap();
            }
            fs::write(then, installed).unwrap();
            assert_eq!(scene.place().earlier().as_deref(), Some("~/line.sh"));
            let uninstall = scene.uninstall();
            assert!(!uninstall.forgotten());
            uninstall.apply().unwrap();
            assert_eq!(scene.read(), THEIRS);
            assert_eq!(names(&scene.dir.path().join("data/status-line")), Vec::<String>::new());
        }
    }

    #[test]
    fn settings_mode_is_kept_and_the_backup_is_private() {
        let scene = Scene::with(THEIRS);
        for mode in [0o600, 0o644, 0o664] {
            fs::set_permissions(scene.place().settings(), fs::Permissions::from_mode(mode)).unwrap();
            scene.install().apply().unwrap();
            let folder = scene.dir.path().join("data/status-line");
            for name in names(&folder) {
                assert_eq!(fs::metadata(folder.join(name)).unwrap().mode() & 0o777, 0o600);
            }
            scene.uninstall().apply().unwrap();
            assert_eq!(fs::metadata(scene.place().settings()).unwrap().mode() & 0o777, mode);
        }
    }

    #[test]
    fn settings_write_protected_are_refused() {
        let scene = Scene::with(THEIRS);
        fs::set_permissions(scene.place().settings(), fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(scene.place().plan_install(OURS), Err(SettingsError::ReadOnly { .. })));
        assert!(matches!(scene.place().status().unwrap(), Status::Other(_)));
    }

    #[test]
    fn install_without_a_writable_backup_changes_nothing() {
        let scene = Scene::with(THEIRS);
        let install = scene.install();
        fs::write(scene.dir.path().join("data"), "a file where the folder should be").unwrap();
        assert!(matches!(install.apply(), Err(SettingsError::Record { .. })));
        assert_eq!(scene.read(), THEIRS);
    }

    #[test]
    fn settings_fifo_is_not_opened() {
        let scene = Scene::new();
        let made = std::process::Command::new("mkfifo").arg(scene.place().settings()).status().unwrap();
        assert!(made.success());
        assert!(matches!(scene.place().plan_install(OURS), Err(SettingsError::Unreadable { .. })));
    }
}

#[test]
fn plan_fingerprint_changes_with_the_settings() {
    let scene = Scene::with(THEIRS);
    let first = scene.install().fingerprint();
    assert_eq!(scene.install().fingerprint(), first);
    scene.write(&THEIRS.replace("opus", "sonnet"));
    assert_ne!(scene.install().fingerprint(), first);
}
