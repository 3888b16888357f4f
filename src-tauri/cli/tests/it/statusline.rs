//! `holdoff statusline` as Claude Code calls it.

use super::scene::*;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant, SystemTime};

/// Commands that people have in their settings, and worse ones.
const COMMANDS: [&str; 17] = [
    "cat",
    "true",
    "exit 7",
    "printf '\\000\\377\\033[31mred\\033[0m no newline'; printf 'to stderr' >&2; exit 3",
    "head -c 5",
    "wc -c",
    "read -r line; printf '%s' \"$line\"",
    "cat >/dev/null; echo a; echo b; echo c",
    "sed 's/Opus/x/' | tr -d '\"'",
    "exec cat",
    "kill -9 $$",
    "kill -TERM $$",
    "kill -PIPE $$; echo alive",
    "no-such-command-anywhere",
    "if then",
    "printf '%s|' \"$0\" \"$#\" \"$PWD\" \"$HOME\"; test -p /dev/stdin && echo pipe",
    "yes | head -n 1; (exec 3<&0; cat <&3) | cksum",
];

#[test]
fn chained_command_keeps_its_stdin_output_and_exit_status() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(7919) % 251) as u8).collect();
    let inputs = [told(42.0, 26.0), b"".to_vec(), b"no json \xff\x00".to_vec(), large[..70_000].to_vec(), large];
    for command in COMMANDS {
        let scene = Scene::with_earlier(command);
        for input in &inputs {
            let alone = finished(scene.program("/bin/sh").args(["-c", command]), input);
            let through = scene.run(&["statusline"], input);
            let what = format!("{command} with {} bytes", input.len());
            assert_eq!(through.stdout, alone.stdout, "{what}");
            assert_eq!(through.stderr, alone.stderr, "{what}");
            assert_eq!(through.status, alone.status, "{what}");
        }
    }
}

#[test]
fn chained_command_environment_gains_only_one_marker_variable() {
    let scene = Scene::with_earlier("env");
    let sorted = |output: &[u8]| {
        let mut lines: Vec<String> = text(output).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let mut through = sorted(&scene.run(&["statusline"], b"{}").stdout);
    through.retain(|line| line != "HOLDOFF_STATUSLINE=1");
    assert_eq!(through, sorted(&finished(scene.program("/bin/sh").args(["-c", "env"]), b"{}").stdout));
}

/// A terminal in a snap has its own `XDG_DATA_HOME`.
#[test]
fn xdg_data_home_differing_from_install_still_uses_the_installed_data_dir() {
    let scene = Scene::with_earlier("env; umask; echo mine");
    let settings: serde_json::Value = serde_json::from_str(&scene.read_settings()).unwrap();
    let installed = settings["statusLine"]["command"].as_str().unwrap().to_owned();
    let snap = scene.home().join("snap/code/1/.local/share");
    let line = |umask: &str, command: &str| {
        let mut shell = scene.program("/bin/sh");
        shell.args(["-c", &format!("umask {umask}; {command}")]).env("XDG_DATA_HOME", &snap);
        text(&finished(&mut shell, &told(43.0, 26.0)).stdout)
    };
    let said = line("0027", &installed);
    assert!(said.ends_with("0027\nmine\n"), "the person's own line, with their umask: {said}");
    assert!(!said.contains("HOLDOFF_DATA_DIR"), "{said}");
    assert_eq!(scene.kept()[0]["reading"]["windows"][0]["used_percent"], 43.0);
    assert!(!snap.exists(), "nobody reads what is there");
}

/// Anybody who can write a record with a command could run that command as the user.
#[test]
fn chained_command_writable_by_other_users_is_refused_with_a_warning() {
    let scene = Scene::with_earlier("echo mine");
    let run = || scene.run(&["statusline"], &told(42.0, 26.0));
    assert_eq!(text(&run().stdout), "mine\n");
    let folder = scene.data().join("status-line");
    let records = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let set = |mode| records().for_each(|path| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap());
    for mode in [0o660, 0o602, 0o666] {
        set(mode);
        let refused = run();
        assert!(text(&refused.stdout).starts_with("5h 42%"), "{refused:?}");
        let said = text(&refused.stderr);
        assert!(said.contains(&format!("can write it (mode {mode:o})")) && said.contains("chmod 600"), "{said}");
    }
    let doctor = text(&scene.run(&["doctor"], b"").stdout);
    assert!(doctor.contains("is not used: other users of this computer can write it (mode 666)"), "{doctor}");
    set(0o640);
    assert_eq!(text(&run().stdout), "mine\n", "to read it is another matter");
    // Only root can give a file away.
    if records().all(|path| std::os::unix::fs::chown(path, Some(65_534), None).is_ok()) {
        let refused = run();
        assert!(text(&refused.stdout).starts_with("5h 42%"), "{refused:?}");
        assert!(text(&refused.stderr).contains("belongs to another user"), "{refused:?}");
    }
}

#[test]
fn chained_command_output_is_streamed_and_killing_holdoff_ends_it() {
    let scene = Scene::with_earlier("echo x; exec sleep 600");
    let begun = Instant::now();
    let mut child = started(&mut scene.holdoff(&["statusline"]), &told(1.0, 1.0));
    assert_eq!(first_byte(&mut child), b'x');
    assert!(begun.elapsed() < LONG);
    // The process that Claude Code started is the command itself, so ending one ends the other.
    let name = fs::read_to_string(format!("/proc/{}/comm", child.id()));
    if cfg!(target_os = "linux") {
        let is_sleep = |name: &str| name.trim() == "sleep";
        let until = Instant::now() + LONG;
        let mut name = name.unwrap();
        while !is_sleep(&name) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
            name = fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap();
        }
        assert!(is_sleep(&name), "{name}");
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

#[test]
fn chained_command_calling_holdoff_again_does_not_recurse() {
    let own = format!("'{}' statusline | sed 's/^/mine: /'", env!("CARGO_BIN_EXE_holdoff"));
    let scene = Scene::with_earlier(&own);
    let output = scene.run(&["statusline"], &told(42.0, 26.0));
    assert!(text(&output.stdout).starts_with("mine: 5h 42% · week 26% · resets "), "{output:?}");
}

#[test]
fn statusline_without_a_chained_command_prints_and_saves_the_reading() {
    let scene = Scene::new();
    let output = scene.run(&["statusline"], &told(42.0, 26.0));
    let line = text(&output.stdout);
    assert!(line.starts_with("5h 42% · week 26% · resets ") && line.ends_with('\n'), "{line}");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let kept = scene.kept();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["place"], "~/.claude/.credentials.json");
    assert_eq!(kept[0]["reading"]["source"], "status_line");
    assert_eq!(kept[0]["reading"]["windows"][0]["used_percent"], 42.0);
    let age = now_ms() - kept[0]["reading"]["at"].as_i64().unwrap();
    assert!((0..30_000).contains(&age), "{age}");
}

#[test]
fn statusline_with_a_chained_command_also_saves_the_reading() {
    let scene = Scene::with_earlier("echo mine");
    assert_eq!(text(&scene.run(&["statusline"], &told(42.0, 26.0)).stdout), "mine\n");
    assert_eq!(scene.kept()[0]["reading"]["windows"][0]["used_percent"], 42.0);
}

/// A session that was idle for two hours repeats the reading of two hours ago.
#[test]
fn reading_age_is_the_idle_time_of_the_session() {
    let scene = Scene::new();
    let transcript = scene.home().join("s.jsonl");
    let file = fs::File::create(&transcript).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
    let mut input: serde_json::Value = serde_json::from_slice(&told(42.0, 26.0)).unwrap();
    input["transcript_path"] = json!(transcript);
    let output = scene.run(&["statusline"], input.to_string().as_bytes());
    let age = now_ms() - scene.kept()[0]["reading"]["at"].as_i64().unwrap();
    assert!((7_190_000..7_260_000).contains(&age), "{age}");
    assert!(text(&output.stdout).ends_with(" · 2 h ago\n"), "{output:?}");
}

#[test]
fn reading_is_attributed_to_the_active_config_dir() {
    let scene = Scene::new();
    let work = scene.home().join("work");
    let mut command = scene.holdoff(&["statusline"]);
    finished(command.env("CLAUDE_CONFIG_DIR", &work), &told(42.0, 26.0));
    finished(&mut scene.holdoff(&["statusline"]), &told(1.0, 2.0));
    let mut places: Vec<String> = scene.kept().iter().map(|kept| kept["place"].as_str().unwrap().to_owned()).collect();
    places.sort();
    assert_eq!(places, ["~/.claude/.credentials.json", "~/work/.credentials.json"]);
}

#[test]
fn input_without_json_or_limits_saves_no_reading_and_is_not_an_error() {
    let scene = Scene::new();
    let huge = [b"{\"x\":\"".as_slice(), &vec![b'x'; 5_000_000], b"\"}"].concat();
    for input in [b"".as_slice(), b"{}", b"garbage", b"{\"rate_limits\":", b"[1]", b"\x00\xff", &huge] {
        let output = scene.run(&["statusline"], input);
        assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), vec![], vec![]));
    }
    assert_eq!(scene.kept(), Vec::<serde_json::Value>::new());
}

/// Claude Code reports such a reset after `/clear`.
#[test]
fn invalid_field_is_not_printed() {
    let scene = Scene::new();
    for five_hour in [
        json!({"used_percentage": 12, "resets_at": 7_258_118_400_i64}),
        json!({"used_percentage": 12, "resets_at": 1_988_788_425}),
        json!({"used_percentage": 12, "resets_at": 1}),
    ] {
        let input = json!({"rate_limits": {"five_hour": five_hour}}).to_string();
        let shown = text(&scene.run(&["statusline"], input.as_bytes()).stdout).to_owned();
        assert!(shown.contains("12%") && !shown.contains("reset"), "{input}: {shown}");
    }
    let input = r#"{"rate_limits":{"five_hour":{"used_percentage":1e309},"seven_day":{"used_percentage":20}}}"#;
    assert!(text(&scene.run(&["statusline"], input.as_bytes()).stdout).contains("20%"));
}

#[test]
fn stdin_closed_still_exits_successfully() {
    let scene = Scene::new();
    let mut shell = scene.program("/bin/sh");
    shell.args(["-c", &format!("'{}' statusline <&-", env!("CARGO_BIN_EXE_holdoff"))]);
    assert_eq!(finished(&mut shell, b"").status.code(), Some(0));
}

#[test]
fn statusline_run_on_a_terminal_explains_how_to_install_it() {
    let scene = Scene::new();
    let line = format!("'{}' statusline", env!("CARGO_BIN_EXE_holdoff"));
    let output = finished(scene.program("script").args(["-qec", &line, "/dev/null"]), b"");
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(text(&output.stdout).contains("holdoff statusline install"), "{output:?}");
}

#[test]
fn disk_full_loses_only_the_reading() {
    let scene = Scene::new();
    let mut shell = scene.program("/bin/sh");
    shell.args(["-c", &format!("ulimit -f 0; '{}' statusline", env!("CARGO_BIN_EXE_holdoff"))]);
    let output = finished(&mut shell, &told(42.0, 26.0));
    assert!(text(&output.stdout).starts_with("5h 42%"), "{output:?}");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert_eq!(scene.kept(), Vec::<serde_json::Value>::new());

    fs::create_dir_all(scene.data().parent().unwrap()).unwrap();
    fs::remove_dir_all(scene.data()).unwrap_or_default();
    fs::write(scene.data(), "a file where the folder should be").unwrap();
    assert!(text(&scene.run(&["statusline"], &told(43.0, 26.0)).stdout).starts_with("5h 43%"));
}

/// Another process holds every file that it writes to, and everything else that the app keeps.
#[test]
fn file_locks_held_elsewhere_do_not_delay_the_status_line() {
    let scene = Scene::new();
    scene.state(42.0, 26.0, 60);
    scene.run(&["statusline"], &told(42.0, 26.0));
    let kept = scene.data().join("pushed");
    let files = [scene.data(), kept].map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    let mut held = Vec::new();
    for path in files.into_iter().flatten().filter(|path| path.is_file()) {
        let file = fs::File::options().read(true).write(true).open(path).unwrap();
        file.lock().unwrap();
        held.push(file);
    }
    assert!(held.len() > 1, "{held:?}");
    let line = format!("timeout 10 '{}' statusline", env!("CARGO_BIN_EXE_holdoff"));
    let output = finished(scene.program("/bin/sh").args(["-c", &line]), &told(43.0, 26.0));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).starts_with("5h 43%"), "{output:?}");
    assert_eq!(scene.kept()[0]["reading"]["windows"][0]["used_percent"], 43.0);
}

#[test]
fn no_color_disables_colours() {
    let scene = Scene::new();
    assert!(text(&scene.run(&["statusline"], &told(96.0, 26.0)).stdout).contains("\u{1b}[31m96%\u{1b}[0m"));
    let mut command = scene.holdoff(&["statusline"]);
    assert!(text(&finished(command.env("NO_COLOR", "1"), &told(96.0, 26.0)).stdout).starts_with("5h 96% ·"));
}

#[test]
fn concurrent_sessions_leave_one_intact_reading() {
    let scene = Scene::new();
    let children: Vec<_> =
        (0..100).map(|n| started(&mut scene.holdoff(&["statusline"]), &told(f64::from(n), 1.0))).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(scene.kept().len(), 1);
}

/// Opening one of these as a regular file would hang.
#[test]
fn non_regular_files_do_not_block_the_commands() {
    let make: [fn(&std::path::Path); 3] = [
        |path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
        |path| fs::create_dir(path).unwrap(),
        |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
    ];
    for make in make {
        let scene = Scene::new();
        fs::create_dir_all(scene.data()).unwrap();
        fs::set_permissions(scene.data(), fs::Permissions::from_mode(0o700)).unwrap();
        let (data, home) = (scene.data(), scene.home().to_owned());
        for path in [
            data.join("settings.json"),
            data.join("state.a.json"),
            data.join("state.b.json"),
            data.join("history.sqlite3"),
            home.join(".claude.json"),
            home.join(".claude/settings.json"),
            home.join(".claude/.credentials.json"),
            home.join(".npmrc"),
        ] {
            make(&path);
        }
        let line = scene.run(&["statusline"], &told(43.0, 26.0));
        assert!(text(&line.stdout).contains("43%"), "{line:?}");
        for args in [
            &["status"][..],
            &["doctor"],
            &["guard", "--at-least", "1"],
            &["ledger"],
            &["history"],
            &["statusline", "install", "--yes"],
        ] {
            scene.run(args, b"");
        }
    }
}

#[test]
fn byte_order_mark_in_settings_is_ignored_and_preserved() {
    let scene = Scene::with_earlier("echo mine");
    fs::write(scene.claude().join("settings.json"), format!("\u{feff}{}", scene.read_settings())).unwrap();
    fs::write(scene.data().join("settings.json"), "\u{feff}{\"percent\": \"left\"}").unwrap();
    assert_eq!(text(&scene.run(&["statusline"], &told(43.0, 26.0)).stdout), "mine\n");
    let status = scene.run(&["status"], b"");
    assert!(!text(&status.stderr).contains("settings.json"), "{status:?}");
    assert!(scene.run(&["statusline", "uninstall", "--yes"], b"").status.success());
    assert!(scene.read_settings().starts_with('\u{feff}') && scene.read_settings().contains("echo mine"));
}
