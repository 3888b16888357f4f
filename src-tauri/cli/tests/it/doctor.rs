//! `holdoff doctor`: what it finds, and what it must not reveal.

use super::scene::*;
use holdoff_world::Credential;
use holdoff_world::home::random_token;
use holdoff_world::secrets::Secrets;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::{Duration, SystemTime};

fn signed_in(scene: &Scene) -> Credential {
    let credential = Credential::fresh(SystemTime::now() + Duration::from_secs(3600));
    write(scene, ".claude/.credentials.json", &credential.to_json().to_string(), 0o600);
    let account = json!({"accountUuid": "0b0c7f5e-0000-4000-8000-000000000001", "emailAddress": "ann@example.com"});
    write(scene, ".claude.json", &json!({"oauthAccount": account}).to_string(), 0o600);
    credential
}

fn write(scene: &Scene, name: &str, text: &str, mode: u32) {
    let path = scene.home().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn doctor(scene: &Scene) -> String {
    said(&finished(scene.holdoff(&["doctor"]).env("PATH", scene.home().join("bin")), b""))
}

fn said(output: &Output) -> String {
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = text(&output.stdout);
    assert_eq!(output.status.code(), Some(i32::from(text.contains("WRONG"))), "{text}");
    text
}

#[test]
fn doctor_prints_no_tokens_and_no_personal_names() {
    let scene = Scene::new();
    let credential = signed_in(&scene);
    scene.state(42.0, 26.0, 60);
    let others = [random_token("sk-ant-oat01-"), random_token("sk-ant-api03-"), random_token("sk-ant-ort01-")];
    scene.settings(
        &json!({"env": {"ANTHROPIC_API_KEY": others[1]},
        "statusLine": {"type": "command", "command": format!("X={} line.sh", others[2])}})
        .to_string(),
    );
    let mut command = scene.holdoff(&["doctor"]);
    command.env("CLAUDE_CODE_OAUTH_TOKEN", &others[0]).env("HTTPS_PROXY", "http://ann:pass-word-1234@proxy");
    let text = said(&finished(&mut command, b""));
    let secrets: Vec<&str> = credential.secrets().into_iter().chain(others.iter().map(String::as_str)).collect();
    assert_eq!(Secrets::new(&secrets).form_in(&text), None, "{text}");
    for telling in ["ann", "example.com", "0b0c7f5e", "pass-word", scene.home().to_str().unwrap()] {
        assert!(!text.contains(telling), "{telling} in {text}");
    }
    for expected in [
        "signed in (max) until ",
        "only you can read it (mode 600)",
        "Account 1\n",
        "last read 1 min ago from Anthropic's usage endpoint",
        "CLAUDE_CODE_OAUTH_TOKEN (value not shown)",
        "the proxy proxy:80 (HTTPS_PROXY in the environment)",
        "~/.claude/settings.json does not call Holdoff",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

/// Types and keys of settings, variables and the sign-in are shown, but never their values.
#[test]
fn doctor_prints_no_user_chosen_values() {
    let scene = Scene::new();
    let mut credential = signed_in(&scene).to_json();
    credential["claudeAiOauth"]["subscriptionType"] = json!("hush-plan");
    write(&scene, ".claude/.credentials.json", &credential.to_string(), 0o600);
    let account = json!({"accountUuid": "hush-id", "emailAddress": "hush@example.com", "organizationName": "hush org"});
    write(&scene, ".claude.json", &json!({"oauthAccount": account}).to_string(), 0o600);
    scene.state(42.0, 26.0, 60);
    let settings = json!({
        "theme": "hush-theme", "percent": ["hush-list"], "quiet_hours": {"hush-key": 1}, "polling_interval_s": "hush",
        "metrics": {"listen": "hush", "token_file": 7}, "claude_config_dirs": ["hush-dir"], "history_days": "hush",
        "accounts": {"anthropic:hush-id": {"label": "hush\nlabel", "enabled": "hush"}, "hush-b": "hush"},
    });
    write(&scene, ".local/share/dev.holdoff.tray/settings.json", &settings.to_string(), 0o600);
    scene.settings(
        r#"{"env": {"A": "hush"}, "statusLine": {"type": "command", "command": "curl -H 'X: hush' https://u:hush@x"}}"#,
    );
    write(&scene, "bin/claude", "#!/bin/sh\necho 'hush 2.1.96 (hush)'\n", 0o755);
    let mut command = scene.holdoff(&["doctor"]);
    command.env("PATH", scene.home().join("bin"));
    for name in [
        "XDG_CURRENT_DESKTOP",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XDG_RUNTIME_DIR",
        "NO_COLOR",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "ANTHROPIC_API_KEY",
        "XDG_STATE_HOME",
        "HOLDOFF_STATUSLINE",
    ] {
        command.env(name, "hush-value");
    }
    // The proxy in use is shown, but not its credentials.
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        command.env(name, "http://hush:hush@proxy.example.org:3128/hush");
    }
    let text = said(&finished(&mut command, b""));
    assert!(!text.contains("hush"), "{text}");
    for expected in [
        "signed in (unknown plan) until ",
        "unknown desktop on Wayland",
        "\"theme\" is a string; it must be",
        "\"percent\" is a list",
        "\"metrics\" is an object",
        "\"accounts.<account>.enabled\" is a string",
        "\"accounts.<account>\" is a string",
        "\"claude_config_dirs\" lists a string",
        "HTTPS_PROXY (value not shown)",
        "the proxy proxy.example.org:3128 (",
        "XDG_RUNTIME_DIR (value not shown)",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    for (name, wrong) in [("HOLDOFF_ANTHROPIC_API", "http://ann:hush@127.0.0.1:1"), ("HOLDOFF_CLOCK", "hush")] {
        let output = finished(scene.holdoff(&["doctor"]).env(name, wrong), b"");
        let said = text_of(&output);
        assert!(output.status.code() == Some(78) && said.contains(name) && !said.contains("hush"), "{said}");
    }
}

fn text_of(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// A folder name can contain sequences for the terminal or the shell.
#[test]
fn doctor_quotes_odd_dir_names_and_prints_no_control_characters() {
    let scene = Scene::new();
    signed_in(&scene);
    let odd = "it's $(touch owned) \u{1b}]0;owned\u{7}\u{202e}";
    fs::rename(scene.claude(), scene.home().join(odd)).unwrap();
    write(&scene, &format!("{odd}/.credentials.json"), "{\"claudeAiOauth\":", 0o644);
    for args in [&["doctor"][..], &["statusline", "install", "--yes"], &["status"], &["status", "--json"]] {
        let output = finished(scene.holdoff(args).env("CLAUDE_CONFIG_DIR", scene.home().join(odd)), b"");
        let told = text_of(&output);
        assert!(!told.chars().any(|c| c != '\n' && holdoff_core::text::is_hidden(c)), "{args:?}: {told:?}");
        let Some(advice) =
            told.lines().find_map(|line| line.split("Run: ").nth(1).filter(|run| run.contains("chmod 600")))
        else {
            assert_ne!(args, ["doctor"], "{told}");
            continue;
        };
        assert!(finished(scene.program("/bin/sh").args(["-c", advice]), b"").status.success(), "{advice}");
        let mode = fs::metadata(scene.home().join(odd).join(".credentials.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{advice}");
        assert!(!scene.home().join("owned").exists());
    }
}

#[test]
fn doctor_problems_come_with_a_fix() {
    let scene = Scene::new();
    assert!(doctor(&scene).contains("no sign-in found\n        -> Sign in with: claude auth login"));
    signed_in(&scene);
    scene.state(42.0, 26.0, 60);
    write(&scene, ".claude/.credentials.json", "{\"claudeAiOauth\":", 0o644);
    fs::set_permissions(scene.data(), fs::Permissions::from_mode(0o500)).unwrap();
    fs::write(scene.data().join("state.b.json"), "{").unwrap();
    fs::write(scene.data().join("settings.json"), "{\"polling_interval_s\": 5}").unwrap();
    fs::write(scene.data().join("state.a.json.unreadable-x"), "{").unwrap();
    scene.settings("{\"statusLine\": {\"type\": \"command\", \"command\": \"/nowhere/holdoff statusline\"}}");
    let text = doctor(&scene);
    for expected in [
        "WRONG it cannot be used: it is incomplete or damaged JSON",
        "WRONG other users of this computer can read it (mode 644)\n        -> Run: chmod 600 ~/.claude/.credentials.json",
        "has mode 500\n        -> Run: chmod 700 ~/.local/share/dev.holdoff.tray",
        "state.b.json cannot be used: it is not valid JSON",
        "\"polling_interval_s\" is 5",
        "note  set aside because they could not be read: state.a.json.unreadable-x",
        "calls Holdoff at a path where it does not exist: /nowhere/holdoff statusline\n        -> Run: holdoff statusline install",
        " problems found.",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn doctor_reports_dirs_accessible_to_other_users() {
    let scene = Scene::new();
    signed_in(&scene);
    scene.state(42.0, 26.0, 60);
    let logs = scene.home().join(".local/state/dev.holdoff.tray");
    fs::create_dir_all(&logs).unwrap();
    for mode in [0o755, 0o750, 0o701, 0o770] {
        for folder in [scene.data(), logs.clone()] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        }
        let text = doctor(&scene);
        for (name, place) in [("data folder", ".local/share"), ("log folder", ".local/state")] {
            let said = format!("access the {name} ~/{place}/dev.holdoff.tray (mode {mode:o})");
            assert!(text.contains(&said) && text.contains("chmod 700 ~/"), "{said} in {text}");
        }
    }
    fs::set_permissions(scene.data(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(doctor(&scene).contains("ok    the data folder ~/.local/share/dev.holdoff.tray (mode 700)"));
}

/// A terminal in a snap, beside the desktop's data folder.
#[test]
fn doctor_and_refresh_report_a_second_data_dir() {
    let scene = Scene::new();
    signed_in(&scene);
    scene.state(42.0, 26.0, 60);
    let mut there = scene.holdoff(&["doctor"]);
    there.env("XDG_DATA_HOME", scene.home().join("snap/share"));
    for base in ["HOLDOFF_ANTHROPIC_API", "HOLDOFF_ANTHROPIC_TOKEN"] {
        there.env(base, "http://127.0.0.1:9");
    }
    let text = said(&finished(&mut there, b""));
    assert!(text.contains("another data folder of Holdoff, ~/.local/share/dev.holdoff.tray:"), "{text}");
    let mut refresh = scene.holdoff(&["refresh"]);
    refresh.env("XDG_DATA_HOME", scene.home().join("snap/share")).env("HOLDOFF_ANTHROPIC_API", "http://127.0.0.1:9");
    let output = finished(refresh.env("HOLDOFF_ANTHROPIC_TOKEN", "http://127.0.0.1:9"), b"");
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(super::scene::text(&output.stderr).contains("another data folder of Holdoff"), "{output:?}");
}

/// A user with a custom folder for the sign-in has none in the default one.
#[test]
fn doctor_reports_a_missing_sign_in_only_where_one_is_expected() {
    let scene = Scene::new();
    signed_in(&scene);
    fs::rename(scene.claude(), scene.home().join("work")).unwrap();
    let named = |folder: &str| {
        let mut command = scene.holdoff(&["doctor"]);
        text(&finished(command.env("CLAUDE_CONFIG_DIR", scene.home().join(folder)), b"").stdout)
    };
    let spare = "Sign-in ~/.claude/.credentials.json\n  note  no sign-in here; another location has one";
    let missed = |place: &str| format!("Sign-in ~/{place}/.credentials.json\n  WRONG no sign-in found\n");
    assert!(named("work").contains(spare), "{}", named("work"));
    // A sign-in elsewhere does not replace the requested one.
    write(&scene, ".local/share/dev.holdoff.tray/settings.json", r#"{"claude_config_dirs": ["~/work"]}"#, 0o600);
    assert!(named("other").contains(&missed("other")), "{}", named("other"));
    assert!(named(".claude").contains(&missed(".claude")), "{}", named(".claude"));
    fs::remove_file(scene.home().join("work/.credentials.json")).unwrap();
    assert!(named("work").contains(&missed(".claude")), "{}", named("work"));
}

#[test]
fn doctor_reports_claude_code_too_old_or_unresponsive() {
    let scene = Scene::new();
    assert!(doctor(&scene).contains("claude is not on the PATH"));
    for (script, expected) in [
        ("echo '2.1.96 (Claude Code)'", "ok    Claude Code 2.1.96"),
        ("echo '2.1.80 (Claude Code)'", "ok    Claude Code 2.1.80"),
        ("echo '2.0.99 (Claude Code)'", "note  Claude Code 2.0.99, whose status line does not report limits"),
        ("echo nonsense", "does not report its version"),
        ("exec /bin/sleep 600", "or does not answer"),
    ] {
        write(&scene, "bin/claude", &format!("#!/bin/sh\n{script}\n"), 0o755);
        let text = doctor(&scene);
        assert!(text.contains(expected), "{script}: {text}");
    }
}

#[test]
fn doctor_reports_a_display_that_refuses_connections() {
    let scene = Scene::new();
    for (name, value) in [("DISPLAY", ":4094"), ("DISPLAY", "unix:4094.0"), ("WAYLAND_DISPLAY", "wayland-nowhere")] {
        let text = said(&finished(scene.holdoff(&["doctor"]).env(name, value), b""));
        assert!(text.contains("cannot connect to the display, so Holdoff's windows do not open"), "{text}");
        assert!(!text.contains("4094") && !text.contains("nowhere"), "{text}");
    }
    let text = said(&finished(scene.holdoff(&["doctor"]).env("DISPLAY", "elsewhere:10.0"), b""));
    assert!(text.contains("on X11"), "{text}");
}

#[test]
fn doctor_names_settings_that_override_the_status_line() {
    let scene = Scene::with_earlier("echo mine");
    let project = scene.home().join("project");
    let in_project = |file: &str, text: &str| write(&scene, &format!("project/.claude/{file}"), text, 0o600);
    let doctor = || said(&finished(scene.holdoff(&["doctor"]).current_dir(project.join("src")), b""));
    fs::create_dir_all(project.join("src")).unwrap();
    assert!(!doctor().contains("does not call Holdoff"));

    in_project("settings.json", r#"{"statusLine": {"type": "command", "command": "theirs"}}"#);
    let text = doctor();
    let expect =
        "~/project/.claude/settings.json has its own status line, so Claude Code in that project does not call Holdoff";
    assert!(text.contains(expect), "{text}");

    // It is also known from a project where it was used.
    let known = json!({"projects": {project.to_str().unwrap(): {}, "/nowhere": {}}});
    write(&scene, ".claude.json", &known.to_string(), 0o600);
    let from_home = said(&scene.run(&["doctor"], b""));
    assert_eq!(from_home.matches(expect).count(), 1, "{from_home}");

    in_project("settings.local.json", r#"{"disableAllHooks": true}"#);
    let text = doctor();
    assert!(text.contains("~/project/.claude/settings.local.json turns off hooks and status lines"), "{text}");

    let settings = scene.read_settings().replacen('{', r#"{"disableAllHooks": true,"#, 1);
    scene.settings(&settings);
    fs::remove_dir_all(project.join(".claude")).unwrap();
    let text = doctor();
    let expect = "~/.claude/settings.json turns off hooks and status lines (disableAllHooks), so Claude Code does not call Holdoff";
    assert!(text.contains(expect), "{text}");
}
