//! `holdoff statusline install` and `uninstall`.

use super::scene::*;

const THEIRS: &str = "{\n  \"model\": \"opus\",\n  \"env\": { \"API_KEY\": \"topsecret\" },\n  \"statusLine\": {\n    \"type\": \"command\",\n    \"command\": \"~/line.sh\",\n    \"padding\": 2\n  }\n}\n";

#[test]
fn statusline_install_then_uninstall_restores_the_settings() {
    let scene = Scene::new();
    scene.settings(THEIRS);
    let installed = scene.run(&["statusline", "install", "--yes"], b"");
    let said = text(&installed.stdout);
    assert_eq!(installed.status.code(), Some(0), "{installed:?}");
    assert!(said.contains("\n-     \"command\": \"~/line.sh\",\n+     \"command\": \""), "{said}");
    assert!(said.contains(" statusline\",\n") && said.contains("you see its output: ~/line.sh"), "{said}");
    assert!(!said.contains("topsecret") && !said.contains('\u{1b}'), "{said}");
    let own = serde_json::from_str::<serde_json::Value>(&scene.read_settings()).unwrap();
    let command = own["statusLine"]["command"].as_str().unwrap();
    assert_eq!(scene.read_settings(), THEIRS.replace("~/line.sh", command));
    for record in std::fs::read_dir(scene.data().join("status-line")).unwrap() {
        let record = std::fs::read_to_string(record.unwrap().path()).unwrap();
        assert!(!record.contains("topsecret") && !record.contains("opus"), "{record}");
    }

    let again = scene.run(&["statusline", "install", "--yes"], b"");
    assert!(again.status.success() && text(&again.stdout).contains("already"), "{again:?}");

    let removed = scene.run(&["statusline", "uninstall", "--yes"], b"");
    assert!(text(&removed.stdout).contains("your own command again: ~/line.sh"), "{removed:?}");
    assert_eq!(scene.read_settings(), THEIRS);
    let again = scene.run(&["statusline", "uninstall", "--yes"], b"");
    assert!(again.status.success() && text(&again.stdout).contains("Nothing was changed"), "{again:?}");
}

/// Copies of the settings from an earlier version, which may contain secrets.
#[test]
fn statusline_install_removes_old_settings_copies_and_says_so_once() {
    let scene = Scene::new();
    scene.settings(THEIRS);
    let folder = scene.data().join("status-line");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("copy-0123456789abcdef-20260914T120000Z.json"), THEIRS).unwrap();
    let said = |args: &[&str]| text(&scene.run(args, b"").stderr);
    assert!(said(&["statusline", "install", "--yes"]).contains("Holdoff has removed these copies"));
    assert_eq!(said(&["statusline", "uninstall", "--yes"]), "");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn statusline_uninstall_without_a_backup_says_so() {
    let scene = Scene::new();
    scene.settings(THEIRS);
    assert!(scene.run(&["statusline", "install", "--yes"], b"").status.success());
    std::fs::remove_dir_all(scene.data().join("status-line")).unwrap();
    let removed = scene.run(&["statusline", "uninstall", "--yes"], b"");
    assert!(removed.status.success() && text(&removed.stderr).contains("restore it with /statusline"), "{removed:?}");
}

/// The installed command is the one that the shell finds, whatever the path.
#[test]
fn statusline_install_from_an_odd_path_writes_a_runnable_command() {
    let scene = Scene::new();
    let odd = scene.home().join("it's a $HOME; \"folder\"");
    std::fs::create_dir(&odd).unwrap();
    std::fs::hard_link(env!("CARGO_BIN_EXE_holdoff"), odd.join("holdoff"))
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_holdoff"), odd.join("holdoff")).map(drop))
        .unwrap();
    let output = finished(scene.program(odd.join("holdoff")).args(["statusline", "install", "--yes"]), b"");
    assert!(output.status.success(), "{output:?}");
    let settings: serde_json::Value = serde_json::from_str(&scene.read_settings()).unwrap();
    let command = settings["statusLine"]["command"].as_str().unwrap();
    let line = finished(scene.program("/bin/sh").args(["-c", command]), &told(42.0, 26.0));
    assert!(text(&line.stdout).starts_with("5h 42%"), "{command}: {line:?}");
}

#[test]
fn statusline_install_without_confirmation_changes_nothing() {
    let scene = Scene::new();
    scene.settings(THEIRS);
    let output = scene.run(&["statusline", "install"], b"y\n");
    assert_eq!(output.status.code(), Some(64), "a pipe is nobody who could say yes");
    assert!(text(&output.stdout).contains("+     \"command\"") && text(&output.stderr).contains("--yes"), "{output:?}");
    assert_eq!(scene.read_settings(), THEIRS);
    let line = format!("'{}' statusline install", env!("CARGO_BIN_EXE_holdoff"));
    for (answer, installed) in [("n\n", false), ("\n", false), ("", false), ("y\n", true)] {
        let output = finished(scene.program("script").args(["-qec", &line, "/dev/null"]), answer.as_bytes());
        assert_eq!(scene.read_settings() != THEIRS, installed, "{answer:?}: {output:?}");
        assert_eq!(output.status.success(), installed, "{answer:?}: {output:?}");
    }
}

#[test]
fn statusline_install_accepts_another_config_dir() {
    let scene = Scene::new();
    let work = scene.home().join("work");
    std::fs::create_dir(&work).unwrap();
    let folder = work.to_str().unwrap();
    assert!(scene.run(&["statusline", "install", "--yes", "--config-dir", folder], b"").status.success());
    assert!(work.join("settings.json").exists() && !scene.claude().join("settings.json").exists());
    let mut by_variable = scene.holdoff(&["statusline", "uninstall", "--yes"]);
    assert!(finished(by_variable.env("CLAUDE_CONFIG_DIR", &work), b"").status.success());
    assert!(!work.join("settings.json").exists());
}

#[test]
fn statusline_install_failure_is_reported_and_leaves_settings_unchanged() {
    let scene = Scene::new();
    for bad in ["", "{\"a\":", "[]"] {
        scene.settings(bad);
        let output = scene.run(&["statusline", "install", "--yes"], b"");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(text(&output.stderr).contains("settings.json cannot be edited"), "{output:?}");
        assert_eq!(scene.read_settings(), bad);
    }
    let output = scene.run(&["statusline", "install", "--yes", "--config-dir", "/nowhere/at-all"], b"");
    assert!(text(&output.stderr).contains("There is no folder /nowhere/at-all"), "{output:?}");
}
