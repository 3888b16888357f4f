//! `holdoff guard`, by its exit codes, which scripts depend on.

use super::scene::*;

#[test]
fn guard_exit_codes() {
    let scene = Scene::new();
    scene.state(42.0, 85.0, 5 * 60);
    for (args, code) in [
        ("--at-least 10", 0),
        ("--at-least 15", 0),
        ("--at-least 16", 1),
        ("--window weekly --at-least 15", 0),
        ("--window weekly --at-least 20", 1),
        ("--window 5h --at-least 58", 0),
        ("--window five_hour --at-least 58%", 0),
        ("--window opus --at-least 1", 69),
        ("--window 5h --at-least 1 --max-age 10m", 0),
        ("--window 5h --at-least 1 --max-age 4m", 75),
        ("--window weekly --at-least 99 --max-age 4m", 75),
        ("--at-least 1 --account ann@example.com", 0),
        ("--at-least 1 --account bob@example.com", 69),
        ("--window 5h", 64),
        ("--at-least 101", 64),
        ("--at-least 10 --max-age soon", 64),
    ] {
        let args: Vec<&str> = ["guard"].into_iter().chain(args.split(' ')).collect();
        let output = scene.run(&args, b"");
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        assert_ne!(output.stdout.is_empty(), output.stderr.is_empty(), "it says one thing, in one place: {output:?}");
        assert_eq!(output.stderr.is_empty(), code == 0, "{output:?}");
        let quiet = scene.run(&[args.as_slice(), &["--quiet"]].concat(), b"");
        assert_eq!(quiet.status.code(), Some(code), "{args:?}");
        assert!(code == 64 || quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{quiet:?}");
    }
    let empty = Scene::new().run(&["guard", "--at-least", "1"], b"");
    assert_eq!(empty.status.code(), Some(69), "{empty:?}");
}

#[test]
fn guard_uses_status_line_readings_without_the_app() {
    let scene = Scene::new();
    scene.state(42.0, 85.0, 3 * 3600);
    let enough = |window: &str| scene.run(&["guard", "--window", window, "--at-least", "20"], b"").status.code();
    assert_eq!((enough("5h"), enough("weekly")), (Some(75), Some(75)));
    scene.run(&["statusline"], &told(90.0, 86.0));
    assert_eq!((enough("5h"), enough("weekly")), (Some(1), Some(1)));
    scene.run(&["statusline"], &told(95.0, 86.0));
    assert_eq!(scene.run(&["guard", "--window", "5h", "--at-least", "5"], b"").status.code(), Some(0));
    let status = text(&scene.run(&["status"], b"").stdout);
    assert!(status.contains("5-hour 95 %") && status.contains("Claude Code's status line"), "{status}");
}
