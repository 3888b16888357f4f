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
fn every_command_has_help_and_a_page() {
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
fn a_wrong_word_is_wrong_usage() {
    let scene = Scene::new();
    for args in
        [&["nonsense"][..], &["status", "--jsn"], &["man", "nonsense"], &["completions", "tcsh"], &["status", "x"]]
    {
        let output = scene.run(args, b"");
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
    }
}

/// The shell itself says whether it can be read.
#[test]
fn bash_can_read_its_completions() {
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
fn a_closed_pipe_is_no_error() {
    let scene = Scene::new();
    let line = format!("'{}' man | true", env!("CARGO_BIN_EXE_holdoff"));
    let output = finished(scene.program("bash").args(["-o", "pipefail", "-c", &line]), b"");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}
