//! The app's own programs are not there: scripts stand in for them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use holdoff_world::{App, ClockSpec, FakeAnthropic, Home, Inspector, Launch, eventually, process};

const LONG: Duration = Duration::from_secs(20);

const STAND_IN: &str = r#"#!/bin/sh
case "$1" in
  status) printf '{"version":1,"accounts":[],"asked":"%s"}\n' "$*" ;;
  refresh) echo "not before 14:32" >&2; exit 75 ;;
  env) env ;;
  *) echo "started with $*"; exec "$(dirname "$0")/holdoff-tray" ;;
esac
"#;
const STAND_IN_TRAY: &str = "#!/bin/sh\nsleep 600 &\necho ready\nwait\n";

/// A folder with the stand-ins, and a launch that uses them.
async fn world() -> (Home, FakeAnthropic, Launch) {
    let home = Home::new();
    let fake = FakeAnthropic::start_with(ClockSpec { epoch_s: 1_788_781_207.0, speed: 60.0 }).await;
    let programs = home.path().join("programs");
    fs::create_dir(&programs).unwrap();
    for (name, script) in [("holdoff", STAND_IN), ("holdoff-tray", STAND_IN_TRAY)] {
        fs::write(programs.join(name), script).unwrap();
        fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let launch = Launch::headless(&home, &fake).programs(&programs);
    (home, fake, launch)
}

async fn ready(app: &App) {
    eventually(LONG, "the app is ready", async || app.stdout().contains("ready").then_some(())).await;
}

#[tokio::test]
async fn app_is_started_killed_and_started_again() {
    let (_home, _fake, launch) = world().await;
    let app = App::start(&launch.argument("--panel"));
    ready(&app).await;
    assert!(app.stdout().starts_with("started with --panel\n"));
    assert!(app.is_running() && app.started().elapsed() < LONG);
    assert_eq!(process::name(app.pid()).as_deref(), Some("holdoff-tray"));
    assert_eq!(app.children().iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["sleep"]);
    assert!(app.command_lines().iter().any(|line| line == &["sleep", "600"]));
    assert!(app.memory_with_children().rss_kib > app.memory().rss_kib);
    let _number = app.context_switches();
    app.kill9().await;
    assert_eq!(app.wait_exit(LONG).await.signal(), Some(9));
    let again = app.start_again();
    ready(&again).await;
    assert_ne!(again.pid(), app.pid());
    again.terminate();
    assert_eq!(again.wait_exit(LONG).await.signal(), Some(15));
    assert!(!again.is_running());
}

#[tokio::test]
async fn launch_accepts_another_program_name() {
    let (_home, _fake, launch) = world().await;
    let app = launch.program("holdoff-tray").start();
    ready(&app).await;
    assert!(!app.stdout().contains("started with"));
}

#[tokio::test]
async fn cli_returns_exit_code_output_and_json() {
    let (_home, _fake, launch) = world().await;
    let output = launch.cli(&["status", "--json"]).await;
    assert_eq!((output.code(), output.json()["version"].as_i64()), (0, Some(1)));
    assert_eq!(launch.status().await["asked"], "status --json");
    let refused = launch.cli(&["refresh"]).await;
    assert_eq!((refused.code(), refused.stderr.as_str()), (75, "not before 14:32\n"));
    assert!(refused.elapsed < LONG);
}

#[tokio::test]
async fn launch_environment_has_only_the_documented_variables() {
    let (home, fake, launch) = world().await;
    let inspector = Inspector::new();
    let launch = launch.inspected_by(&inspector).env("CLAUDE_CONFIG_DIR", "/elsewhere").without("TZ");
    let shown = launch.cli(&["env"]).await.stdout;
    let has = |line: String| assert!(shown.lines().any(|shown| shown == line), "no {line} in {shown}");
    has(format!("HOLDOFF_ANTHROPIC_API={}", fake.api_base()));
    has(format!("HOLDOFF_ANTHROPIC_TOKEN={}", fake.token_base()));
    has("HOLDOFF_CLOCK=1788781207x60".to_owned());
    has(format!("HOME={}", home.path().display()));
    has("TAURI_WEBVIEW_AUTOMATION=true".to_owned());
    has("CLAUDE_CONFIG_DIR=/elsewhere".to_owned());
    assert!(shown.contains("WEBKIT_INSPECTOR_SERVER=127.0.0.1:"));
    assert!(!shown.contains("TZ=") && !shown.contains("CARGO") && !shown.contains("DISPLAY="));
    assert_eq!(
        launch.environment().len(),
        shown.lines().filter(|line| !line.starts_with("PWD=") && !line.starts_with("_=")).count()
    );
}

#[tokio::test]
#[should_panic(expected = "build it, or say with HOLDOFF_BIN_DIR where it is")]
async fn launch_panics_with_a_hint_when_binaries_are_not_built() {
    let (_home, _fake, launch) = world().await;
    launch.programs(Path::new("/nowhere")).start();
}
