mod lock;

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

    fn place(&self) -> Place {
        Place::new(&self.config(), &self.dir.path().join("data"))
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
fn there_and_back_with_an_earlier_command() {
    let scene = Scene::with(THEIRS);
    let install = scene.install();
    let diff: Vec<String> = install.diff().iter().map(|line| format!("{:?} {}", line.kind, line.text)).collect();
    assert_eq!(
        diff,
        [
            "Same   \"model\": \"opus\",",
            "Same   \"statusLine\": {",
            "Same     \"type\": \"command\",",
            "Removed     \"command\": \"~/line.sh\",",
            "Added     \"command\": \"/usr/bin/holdoff statusline\",",
            "Same     \"padding\": 2",
            "Same   }",
            "Same }",
        ]
    );
    assert_eq!(scene.read(), THEIRS, "a plan changes nothing");
    assert!(!install.forgotten());
    let done = install.apply("t").unwrap();
    assert_eq!(fs::read_to_string(done.copy.unwrap()).unwrap(), THEIRS);
    assert_eq!(scene.read(), THEIRS.replace("~/line.sh", OURS));
    assert_eq!(scene.place().earlier().as_deref(), Some("~/line.sh"));
    let earlier = Some("~/line.sh".to_owned());
    assert_eq!(scene.place().status().unwrap(), Status::Installed { command: OURS.to_owned(), earlier });
    assert!(matches!(scene.place().plan_install(OURS).unwrap(), Plan::Nothing), "once is enough");

    scene.uninstall().apply("t").unwrap();
    assert_eq!(scene.read(), THEIRS);
    assert_eq!(scene.place().earlier(), None);
    assert!(matches!(scene.place().plan_uninstall().unwrap(), Plan::Nothing));
    assert_eq!(names(&scene.config()), ["settings.json"], "nothing is left beside it");
    assert_eq!(scene.place().status().unwrap(), Status::Other(Some("~/line.sh".to_owned())));
}

#[test]
fn there_and_back_is_exact_however_it_was_laid_out() {
    for before in ["{}", "{\n}", "{ }\n\n", "{\"a\":1,\n\"b\":2}", "\u{feff}{\r\n\t\"a\" : 1\r\n}", "{\r\"a\":1}"] {
        let scene = Scene::with(before);
        scene.install().apply("t").unwrap();
        assert_ne!(scene.read(), before);
        scene.uninstall().apply("t").unwrap();
        assert_eq!(scene.read(), before);
    }
}

#[test]
fn settings_that_were_not_there_are_gone_again() {
    let scene = Scene::new();
    let done = scene.install().apply("t").unwrap();
    assert_eq!(done.copy, None);
    let made = "{\n  \"statusLine\": {\n    \"type\": \"command\",\n    \"command\": \"/usr/bin/holdoff statusline\"\n  }\n}\n";
    assert_eq!(scene.read(), made);
    scene.uninstall().apply("t").unwrap();
    assert_eq!(names(&scene.config()), Vec::<String>::new());

    scene.install().apply("t").unwrap();
    scene.write(&scene.read().replace("{\n  \"st", "{\n  \"model\": \"opus\",\n  \"st"));
    scene.uninstall().apply("t").unwrap();
    assert_eq!(scene.read(), "{\n  \"model\": \"opus\"\n}\n", "what came in since stays");
}

#[test]
fn what_others_changed_since_stays() {
    let scene = Scene::with(THEIRS);
    scene.install().apply("t").unwrap();
    scene.write(&scene.read().replace("\"padding\": 2", "\"padding\": 0").replace("opus", "sonnet"));
    scene.uninstall().apply("t").unwrap();
    assert_eq!(scene.read(), THEIRS.replace("\"padding\": 2", "\"padding\": 0").replace("opus", "sonnet"));
}

#[test]
fn a_line_that_its_person_set_since_is_theirs() {
    let scene = Scene::with(THEIRS);
    scene.install().apply("t").unwrap();
    let theirs = scene.read().replace(OURS, "ccusage statusline");
    scene.write(&theirs);
    assert!(matches!(scene.place().plan_uninstall().unwrap(), Plan::Nothing));
    assert_eq!(scene.read(), theirs);
    scene.install().apply("t2").unwrap();
    assert_eq!(scene.place().earlier().as_deref(), Some("ccusage statusline"));
}

#[test]
fn a_moved_program_keeps_the_earlier_command() {
    let scene = Scene::with(THEIRS);
    scene.install().apply("t").unwrap();
    change(scene.place().plan_install("/opt/holdoff statusline").unwrap()).apply("t").unwrap();
    assert_eq!(scene.place().earlier().as_deref(), Some("~/line.sh"));
    scene.uninstall().apply("t").unwrap();
    assert_eq!(scene.read(), THEIRS);
}

#[test]
fn with_nothing_kept_it_still_comes_out_again() {
    let scene = Scene::with(THEIRS);
    scene.install().apply("t").unwrap();
    fs::remove_dir_all(scene.dir.path().join("data")).unwrap();
    assert_eq!(scene.place().earlier(), None);
    // A move of the program does not make it known that there was nothing.
    change(scene.place().plan_install("/opt/holdoff statusline").unwrap()).apply("t").unwrap();
    let uninstall = scene.uninstall();
    assert!(uninstall.forgotten(), "it is said before");
    uninstall.apply("t").unwrap();
    assert_eq!(scene.read(), "{\n  \"model\": \"opus\"\n}\n");
}

/// As it was kept at first: a whole copy, and a record by the file's own path.
#[test]
fn what_an_earlier_version_kept_is_put_back() {
    for (before, since) in [(Some(THEIRS), ""), (Some(THEIRS), "\n"), (None, "")] {
        let scene = before.map_or_else(Scene::new, Scene::with);
        scene.install().apply("t").unwrap();
        let real = scene.place().settings().canonicalize().unwrap();
        let drawer = scene.dir.path().join("data/status-line");
        fs::remove_dir_all(&drawer).unwrap();
        fs::create_dir(&drawer).unwrap();
        let copy = before.map(|_| "settings-20260914T120000Z.json");
        copy.inspect(|copy| fs::write(drawer.join(copy), THEIRS).unwrap());
        let line = serde_json::json!({"type": "command", "command": "~/line.sh", "padding": 2});
        let record = serde_json::json!({
            "version": 1, "settings": real, "earlier": before.map(|_| line), "copy": copy,
            "after": kept::digest(scene.read().as_bytes()),
        });
        let name = format!("{}.json", &kept::digest(real.as_os_str().as_encoded_bytes())[..16]);
        fs::write(drawer.join(name), record.to_string()).unwrap();
        scene.write(&(scene.read() + since));
        scene.uninstall().apply("t").unwrap();
        let there = fs::read_to_string(scene.place().settings()).ok();
        assert_eq!(there, before.map(|before| before.to_owned() + since));
        let left = names(&drawer);
        assert!(left.iter().all(|name| name.starts_with("copy-")), "{left:?}");
    }
}

const TOKEN: &str = "sk-ant-oat01-SECRET_1";

/// A token that someone put into the settings of Claude Code is theirs.
#[test]
fn no_token_comes_into_holdoffs_folder() {
    let before = format!(
        "{{\n  // \"X\": \"{TOKEN}\"\n  \"env\": {{\"CLAUDE_CODE_OAUTH_TOKEN\": \"{TOKEN}\"}},\n  \"apiKey\": \"{TOKEN}\"\n}}\n"
    );
    let scene = Scene::with(&before);
    let drawer = scene.dir.path().join("data/status-line");
    let copies = || names(&drawer).iter().filter(|name| name.starts_with("copy-")).count();
    for stamp in ["1", "2", "3"] {
        let done = scene.install().apply(stamp).unwrap();
        let copy = fs::read_to_string(done.copy.unwrap()).unwrap();
        assert_eq!(copy, before.replace(TOKEN, "…"), "all else is there");
        for name in names(&drawer) {
            assert!(!fs::read_to_string(drawer.join(&name)).unwrap().contains("SECRET"), "{name}");
        }
        assert_eq!(copies(), 1, "the newest is enough");
        scene.uninstall().apply(stamp).unwrap();
        assert_eq!(scene.read(), before, "byte for byte all the same");
        assert_eq!((copies(), names(&drawer).len()), (1, 1), "and nothing else");
    }
}

#[test]
fn what_changes_between_the_look_and_the_write_is_not_overwritten() {
    for meanwhile in [Some("{\"mine\":1}"), None] {
        let scene = Scene::with(THEIRS);
        let install = scene.install();
        match meanwhile {
            Some(text) => scene.write(text),
            None => fs::remove_file(scene.place().settings()).unwrap(),
        }
        assert!(matches!(install.apply("t"), Err(SettingsError::Changed { .. })));
        assert_eq!(fs::read_to_string(scene.place().settings()).ok().as_deref(), meanwhile);
        assert_eq!(names(&scene.config()).len(), usize::from(meanwhile.is_some()));
    }
    let scene = Scene::new();
    let install = scene.install();
    scene.write("{}");
    assert!(matches!(install.apply("t"), Err(SettingsError::Changed { .. })));
    assert_eq!(scene.read(), "{}");
}

/// Another program writes a whole file of its own while Holdoff installs: it may not be lost.
#[test]
fn a_race_loses_nobodys_settings() {
    for round in 0..60 {
        let scene = Scene::with("{\"n\": 0}");
        let install = scene.install();
        let path = scene.place().settings().to_owned();
        let writer = std::thread::spawn(move || {
            let next = path.with_file_name("theirs");
            fs::write(&next, format!("{{\"n\": {}}}", round + 1)).unwrap();
            fs::rename(&next, &path).unwrap();
        });
        let installed = install.apply("t").is_ok();
        writer.join().unwrap();
        let theirs = format!("{{\"n\": {}}}", round + 1);
        // Installed first and then overwritten by a program that had read it before; or theirs first, and refused.
        assert_eq!(scene.read(), theirs, "installed: {installed}");
        assert_eq!(names(&scene.config()), ["settings.json"]);
    }
}

#[test]
fn what_cannot_be_edited_is_left_as_it_is() {
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
    let nowhere = Place::new(&dir.path().join("none"), dir.path());
    assert!(matches!(nowhere.plan_install(OURS), Err(SettingsError::NoFolder { .. })));
    assert_eq!(nowhere.status().unwrap(), Status::Nothing);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    #[test]
    fn a_link_stays_a_link() {
        let scene = Scene::new();
        let dotfiles = scene.dir.path().join("dotfiles");
        fs::create_dir(&dotfiles).unwrap();
        fs::write(dotfiles.join("claude.json"), THEIRS).unwrap();
        symlink("../dotfiles/claude.json", scene.place().settings()).unwrap();
        let install = scene.install();
        assert_eq!(install.path(), dotfiles.canonicalize().unwrap().join("claude.json"));
        install.apply("t").unwrap();
        assert!(scene.place().settings().is_symlink());
        assert_eq!(fs::read_to_string(dotfiles.join("claude.json")).unwrap(), THEIRS.replace("~/line.sh", OURS));
        assert_eq!(names(&dotfiles), ["claude.json"]);
        scene.uninstall().apply("t").unwrap();
        assert_eq!(scene.read(), THEIRS);

        fs::remove_file(dotfiles.join("claude.json")).unwrap();
        let error = scene.place().plan_install(OURS).unwrap_err().to_string();
        assert!(error.contains("a link to a file that is not there"), "{error}");
    }

    /// Its person moves the file among their dotfiles and leaves a link, or an editor puts a file in the place of the link.
    #[test]
    fn what_is_kept_is_found_when_the_file_has_moved() {
        for into_dotfiles in [true, false] {
            let scene = Scene::new();
            let (named, dotfile) = (scene.place().settings().to_owned(), scene.dir.path().join("dotfile.json"));
            let (first, then) = if into_dotfiles { (&named, &dotfile) } else { (&dotfile, &named) };
            fs::write(first, THEIRS).unwrap();
            let link = || symlink(&dotfile, &named).unwrap();
            if !into_dotfiles {
                link();
            }
            scene.install().apply("t").unwrap();
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
            uninstall.apply("t").unwrap();
            assert_eq!(scene.read(), THEIRS);
            let left = names(&scene.dir.path().join("data/status-line"));
            assert!(left.iter().all(|name| name.starts_with("copy-")), "{left:?}");
        }
    }

    #[test]
    fn the_mode_stays_and_the_copy_is_private() {
        let scene = Scene::with(THEIRS);
        for mode in [0o600, 0o644, 0o664] {
            fs::set_permissions(scene.place().settings(), fs::Permissions::from_mode(mode)).unwrap();
            let done = scene.install().apply("t").unwrap();
            assert_eq!(fs::metadata(done.copy.unwrap()).unwrap().mode() & 0o777, 0o600);
            scene.uninstall().apply("t").unwrap();
            assert_eq!(fs::metadata(scene.place().settings()).unwrap().mode() & 0o777, mode);
        }
    }

    #[test]
    fn write_protected_settings_are_respected() {
        let scene = Scene::with(THEIRS);
        fs::set_permissions(scene.place().settings(), fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(scene.place().plan_install(OURS), Err(SettingsError::ReadOnly { .. })));
        assert!(matches!(scene.place().status().unwrap(), Status::Other(_)));
    }

    #[test]
    fn without_room_for_the_copy_nothing_is_changed() {
        let scene = Scene::with(THEIRS);
        let install = scene.install();
        fs::write(scene.dir.path().join("data"), "a file where the folder should be").unwrap();
        assert!(matches!(install.apply("t"), Err(SettingsError::Copy { .. })));
        assert_eq!(scene.read(), THEIRS);
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let scene = Scene::new();
        let made = std::process::Command::new("mkfifo").arg(scene.place().settings()).status().unwrap();
        assert!(made.success());
        assert!(matches!(scene.place().plan_install(OURS), Err(SettingsError::Unreadable { .. })));
    }
}

#[test]
fn the_difference_shows_no_ones_keys() {
    let scene = Scene::with(
        "{\n  \"env\": {\"A\": \"topsecret1\"},\n  \"apiKey\": \"topsecret2\",\n  \"x\": [\"sk-ant-api03-topsecret3\"],\n  \"headers\": {\"y\": [\"topsecret4\"]},\n  \"model\": \"opus\"\n}",
    );
    let shown: String = scene.install().diff().into_iter().map(|line| line.text + "\n").collect();
    assert!(!shown.contains("topsecret") && shown.contains("\"A\": \"…\""), "{shown}");
}

#[test]
fn a_plan_is_known_by_its_fingerprint() {
    let scene = Scene::with(THEIRS);
    let first = scene.install().fingerprint();
    assert_eq!(scene.install().fingerprint(), first);
    scene.write(&THEIRS.replace("opus", "sonnet"));
    assert_ne!(scene.install().fingerprint(), first);
}
