//! The scene of the pictures: a desktop, a user's home, a fake Anthropic, and a nearly stopped clock.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdoff_world::app::program_folder;
use holdoff_world::desktop::Window;
use holdoff_world::fixtures;
use holdoff_world::fixtures::Resets;
use holdoff_world::spawn::{Spawned, tool};
use holdoff_world::{
    Answer, Apart, App, ClockSpec, Credential, Desktop, FakeAnthropic, Home, Inspector, Launch, Notifications, Session,
    Shade, Tray, eventually,
};
use serde_json::json;

use super::compose::Area;

/// How long anything may take to appear on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Monday, 14 September 2026, 13:00 UTC, in seconds since 1970: the first reading.
const FIRST_READING_S: u64 = 1_789_390_800;

/// Program seconds per real second: during a minute, the clock moves by less than a tenth of a second.
const NEARLY_STILL: f64 = 0.001;

/// Where the programs appear to be installed. Inside the view, this is the build folder.
const PROGRAMS: &str = "/opt/holdoff";

/// A user with a custom status line.
const CLAUDE_SETTINGS: &str = r#"{
  "model": "opus",
  "statusLine": {
    "type": "command",
    "command": "~/bin/my-status-line"
  },
  "includeCoAuthoredBy": false
}
"#;

pub struct Stage {
    pub desktop: Desktop,
    pub fake: FakeAnthropic,
    pub inspector: Inspector,
    home: Home,
    shade: Shade,
    /// The view with the programs at [`PROGRAMS`].
    apart: Apart,
}

impl Stage {
    pub async fn new(shade: Shade, (width, height): (u32, u32)) -> Self {
        let builder = Desktop::builder().notifications(Notifications::Dunst).shade(shade).size(width, height);
        let desktop = builder.start().await;
        let fake = FakeAnthropic::start_with(standing_at(0)).await;
        let apart = installed().await;
        let stage = Self { desktop, fake, inspector: Inspector::new(), home: Home::new(), shade, apart };
        stage.furnish();
        stage
    }

    /// Starts over: a new home, signed in and without a reading, and a server without failures.
    pub fn move_in(&mut self) {
        self.home = Home::new();
        self.furnish();
    }

    fn furnish(&self) {
        let theme = match self.shade {
            Shade::Light => "light",
            Shade::Dark => "dark",
        };
        // Animations are off, so that a picture is the same each time.
        let toolkit = self.home.xdg_config_home().join("gtk-3.0");
        std::fs::create_dir_all(&toolkit).expect("a folder for GTK's settings");
        let still = "[Settings]\ngtk-enable-animations=false\n";
        std::fs::write(toolkit.join("settings.ini"), still).expect("a file for GTK's settings");
        self.home.settings(&json!({"version": 1, "readings": "ask", "theme": theme}));
        // The programs for signing in again: only their existence matters.
        self.home.program("claude", "#!/bin/sh\n");
        self.home.program("x-terminal-emulator", "#!/bin/sh\n");
        self.home.sign_in(program_time(0) + Duration::from_secs(7 * 3600 + 20 * 60));
        let claude = self.home.claude_dir().join("settings.json");
        std::fs::write(claude, CLAUDE_SETTINGS).expect("a file for the settings of Claude Code");
        self.fake.set_clock(standing_at(0));
        self.fake.always(quota(42.0));
    }

    /// Lets the sign-in expire.
    pub fn expire(&self) {
        self.home.credentials(&Credential::fresh(program_time(0) - Duration::from_secs(3600)));
    }

    pub fn sign_out(&self) {
        self.home.remove_credentials();
    }

    /// Starts the app at this many minutes after 13:00, with a nearly stopped clock.
    pub fn start_at(&self, minute: u64, arguments: &[&str]) -> App {
        let launch = Launch::new(&self.home, &self.desktop, &self.fake).clock(standing_at(minute));
        let launch = launch.inspected_by(&self.inspector).programs(Path::new(PROGRAMS)).within(&self.apart);
        arguments.iter().fold(launch, |launch, argument| launch.argument(argument)).start()
    }

    /// Runs the app at 13:00 until it has a reading, then ends it.
    pub async fn first_reading(&self) {
        let app = self.start_at(0, &[]);
        self.wait_until_answered(&app, 0, "reading").await;
        end(app).await;
    }

    /// Waits until the request of this minute has this outcome on disk.
    pub async fn wait_until_answered(&self, app: &App, minute: u64, outcome: &str) {
        let at = format!("T13:{minute:02}:");
        eventually(PATIENCE, format!("the request at {at} comes to {outcome:?}"), async || {
            let status = app.status().await;
            let last = &status["accounts"][0]["last_request"];
            let says = |field: &str, text: &str| last[field].as_str().is_some_and(|said| said.contains(text));
            (says("at", &at) && says("outcome", outcome)).then_some(())
        })
        .await;
    }

    /// The app's tray item, once its tooltip says `text`.
    pub async fn tooltip(&self, app: &App, text: &str) -> Tray {
        let tray = Tray::wait_for(&self.desktop, app.pid(), PATIENCE).await;
        tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains(text)).await;
        tray
    }

    /// The position of dunst's popups. Their window names no process, so the desktop does not list it.
    pub async fn popup(&self) -> Area {
        eventually(PATIENCE, "a popup is on the screen", async || {
            let geometry = ["search", "--onlyvisible", "--class", "Dunst", "getwindowgeometry", "--shell"];
            let said = self.xdotool(&geometry).await?;
            let field = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.parse().ok());
            Some(Area { x: field("X=")?, y: field("Y=")?, width: field("WIDTH=")?, height: field("HEIGHT=")? })
        })
        .await
    }

    /// Moves a window's upper left corner.
    pub async fn move_window(&self, window: &Window, x: i32, y: i32) {
        let place = ["windowmove", &window.id.to_string(), &x.to_string(), &y.to_string()];
        self.xdotool(&place).await.expect("a window that can be moved");
    }

    /// The output of xdotool, if it finds its target.
    async fn xdotool(&self, arguments: &[&str]) -> Option<String> {
        let mut command = self.command("xdotool", "xdotool");
        let done = Spawned::start("xdotool", command.args(arguments)).finished(PATIENCE).await;
        done.status.success().then_some(done.stdout)
    }

    /// Waits until the screen stops changing.
    pub async fn still(&self) {
        assert!(self.desktop.is_still(PATIENCE).await, "the screen does not come to rest");
    }

    /// A command on this desktop.
    pub fn command(&self, program: &str, package: &str) -> Command {
        let mut command = self.home.command(tool(program, package));
        command.envs(self.desktop.env());
        command
    }
}

async fn installed() -> Apart {
    let (apart, programs) = (Apart::new().await, Path::new(PROGRAMS));
    apart.mount_small(programs.parent().expect("a folder above it"), 64).await;
    std::fs::create_dir(apart.seen(programs)).expect("a folder for the programs");
    apart.bind(&program_folder(), programs).await;
    apart
}

/// Ends the app as the end of a session does, so that it saves its state.
pub async fn end(app: App) {
    app.terminate();
    app.wait_exit(PATIENCE).await;
}

/// The usage of a user with a plan and extra usage, without the windows that have no name yet.
pub fn quota(five_hour: f64) -> Answer {
    let resets = Resets::ahead(program_time(0), program_time(0));
    let mut body = fixtures::usage_at(resets, five_hour, 26.0, 82);
    body.as_object_mut().expect("usage is an object").remove("nimbus_quill");
    Answer::usage(body)
}

fn program_time(minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(FIRST_READING_S + minute * 60)
}

/// A nearly stopped clock that reads this many minutes after 13:00 now.
fn standing_at(minute: u64) -> ClockSpec {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let (program, real) = (seconds(program_time(minute)), seconds(SystemTime::now()));
    ClockSpec { epoch_s: (program - real * NEARLY_STILL) / (1.0 - NEARLY_STILL), speed: NEARLY_STILL }
}
