//! Help, completions and man pages.

use super::scene::*;

const COMMANDS: [&str; 11] = [
    "panel",
    "settings",
    "status",
    "refresh",
    "ledger",
    "history",
    "guard",
    "doctor",
    "statusline",
    "completions",
    "man",
];

#[test]
fn help_and_man_page_exist_for_every_command() {
    let scene = Scene::new();
    let all = text(&scene.run(&["--help"], b"").stdout);
    for command in COMMANDS {
        assert!(all.contains(&format!("\n  {command} ")), "{all}");
        let help = scene.run(&[command, "--help"], b"");
        assert!(help.status.success() && help.stdout.len() > 80, "{help:?}");
        let page = text(&scene.run(&["man", command], b"").stdout);
        assert!(page.contains(&format!(".TH holdoff-{command} 1")), "{page}");
    }
    assert!(text(&scene.run(&["man"], b"").stdout).contains(".TH holdoff 1"));
    assert!(all.lines().all(|line| line.chars().count() <= 100), "{all}");
}

#[test]
fn man_out_writes_every_page_to_a_dir() {
    let (scene, folder) = (Scene::new(), tempfile::tempdir().unwrap());
    let out = folder.path().to_str().unwrap();
    assert!(scene.run(&["man", "--out", out], b"").status.success());
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".1", ""))
        .collect();
    names.sort();
    let nested = ["help", "install", "uninstall"].map(|below| format!("holdoff-statusline-{below}"));
    let mut expected: Vec<String> = COMMANDS.iter().map(|command| format!("holdoff-{command}")).collect();
    expected.extend(["holdoff".to_owned(), "holdoff-help".to_owned()].into_iter().chain(nested));
    expected.sort();
    assert_eq!(names, expected);
    for name in &names {
        let page = std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
    let nowhere = folder.path().join("missing");
    let output = scene.run(&["man", "--out", nowhere.to_str().unwrap()], b"");
    assert!(!output.status.success() && text(&output.stderr).contains("could not create the page"), "{output:?}");
}

#[test]
fn unknown_arguments_exit_with_the_usage_error_code() {
    let scene = Scene::new();
    for args in [
        &["nonsense"][..],
        &["status", "--jsn"],
        &["man", "nonsense"],
        &["man", "status", "--out", "x"],
        &["completions", "tcsh"],
        &["status", "x"],
    ] {
        let output = scene.run(args, b"");
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
    }
}

/// The shell itself checks the script.
#[test]
fn completions_load_in_bash() {
    let scene = Scene::new();
    let script = scene.run(&["completions", "bash"], b"").stdout;
    let asked = [
        script,
        b"\nCOMP_WORDS=(holdoff guard --wi); COMP_CWORD=2; _holdoff holdoff --wi guard; echo ${COMPREPLY[@]}\n"
            .to_vec(),
    ];
    let output = finished(scene.program("bash").arg("-s"), &asked.concat());
    assert_eq!(text(&output.stdout), "--window\n", "{output:?}");
    for shell in ["zsh", "fish", "powershell"] {
        assert!(text(&scene.run(&["completions", shell], b"").stdout).contains("at-least"));
    }
}

#[test]
fn man_with_a_closed_pipe_is_not_an_error() {
    let scene = Scene::new();
    let line = format!("'{}' man | true", env!("CARGO_BIN_EXE_holdoff"));
    let output = finished(scene.program("bash").args(["-o", "pipefail", "-c", &line]), b"");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}
