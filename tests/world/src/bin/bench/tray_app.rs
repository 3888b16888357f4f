//! One run of a tray app: start, idle, a window, idle again.

use std::time::{Duration, Instant};

use holdoff_world::tray::Registrations;
use holdoff_world::{App, ClockSpec, Desktop, FakeAnthropic, Home, Launch, Tray, eventually};
use serde_json::{Value, json};

use super::pixels::Screen;
use super::shared_memory::alone;
use super::threads::Threads;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Startup work is over by then: helper threads of an async runtime end after ten idle seconds.
const SETTLE_STARTED: Duration = Duration::from_secs(15);
/// The work after opening or closing a window is over by then.
const SETTLE: Duration = Duration::from_secs(5);
/// The reported pointer position of the click.
const TRAY: (i32, i32) = (1200, 10);
/// The page of the baseline app has only this colour.
const FLOOR_PAGE: u32 = 0x2f_6f_9f;
/// The icon may contain fewer pixels of that colour.
const PIXELS_OF_A_PAGE: usize = 2000;
/// Text brings more colours than this, an empty page fewer.
const COLOURS_OF_TEXT: usize = 12;
/// The polling interval, in seconds.
const POLL_S: u64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Holdoff,
    Floor,
}

impl Program {
    pub fn name(self) -> &'static str {
        match self {
            Self::Holdoff => "holdoff",
            Self::Floor => "holdoff-floor",
        }
    }
}

/// The figures of one run.
#[derive(Clone, Debug)]
pub struct Sample {
    pub pss_kib: f64,
    pub private_kib: f64,
    pub rss_kib: f64,
    pub switches_per_min: f64,
    pub cpu_ms_per_min: f64,
    pub processes: f64,
    pub webkit: Vec<String>,
    /// Other processes with the web engine, and with the toolkit, in memory when PSS was read.
    pub engine_sharers: f64,
    pub toolkit_sharers: f64,
    pub requests: f64,
    pub polls_due: f64,
    pub registered_ms: f64,
    pub painted_ms: f64,
    pub window_pss_kib: f64,
    pub closed_pss_kib: f64,
    pub closed_processes: f64,
}

impl Sample {
    pub fn json(&self) -> Value {
        json!({"pss_kib": self.pss_kib, "private_kib": self.private_kib, "rss_kib": self.rss_kib,
            "context_switches_per_min": self.switches_per_min, "cpu_ms_per_min": self.cpu_ms_per_min,
            "processes": self.processes, "webkit_processes": self.webkit, "requests": self.requests, "engine_sharers": self.engine_sharers, "toolkit_sharers": self.toolkit_sharers,
            "polls_due": self.polls_due, "registered_ms": self.registered_ms, "painted_ms": self.painted_ms,
            "window_pss_kib": self.window_pss_kib, "closed_pss_kib": self.closed_pss_kib,
            "closed_processes": self.closed_processes})
    }
}

/// The current values of the counters.
struct Counters {
    threads: Threads,
    requests: usize,
    at: Instant,
}

pub async fn measure(desktop: &Desktop, program: Program, idle: Duration) -> Sample {
    let fake = FakeAnthropic::start().await;
    let home = Home::new();
    home.sign_in(ClockSpec::real().now() + Duration::from_secs(8 * 3600));
    let launch = Launch::new(&home, desktop, &fake).program(program.name());

    let mut registrations = Registrations::listen(desktop).await;
    let app = launch.start();
    let registered = registrations.wait_for(app.pid(), PATIENCE).await.duration_since(app.started());
    let tray = Tray::wait_for(desktop, app.pid(), PATIENCE).await;
    let first_poll = ready(program, &fake, &tray).await;
    tokio::time::sleep(SETTLE_STARTED).await;

    let before = counters(&app, &fake);
    tokio::time::sleep(idle).await;
    let after = counters(&app, &fake);
    let minutes = after.at.duration_since(before.at).as_secs_f64() / 60.0;
    let (switches, cpu_ms) = after.threads.since(&before.threads);
    let (engine_sharers, toolkit_sharers) = alone(&app).await;
    let memory = app.memory_with_children();
    let family = app.children();
    let due = |at: Instant| at.duration_since(first_poll).as_secs() / POLL_S;

    let painted = click(desktop, program, &tray).await;
    tokio::time::sleep(SETTLE).await;
    let open = app.memory_with_children();
    close(desktop, &app).await;
    let closed = app.memory_with_children();

    Sample {
        pss_kib: memory.pss_kib as f64,
        private_kib: memory.private_kib as f64,
        rss_kib: memory.rss_kib as f64,
        switches_per_min: switches as f64 / minutes,
        cpu_ms_per_min: cpu_ms / minutes,
        processes: 1.0 + family.len() as f64,
        webkit: family.into_iter().map(|(_, name)| name).filter(|name| name.contains("WebKit")).collect(),
        engine_sharers: engine_sharers as f64,
        toolkit_sharers: toolkit_sharers as f64,
        requests: (after.requests - before.requests) as f64,
        polls_due: match program {
            Program::Holdoff => (due(after.at) - due(before.at)) as f64,
            Program::Floor => 0.0,
        },
        registered_ms: registered.as_secs_f64() * 1000.0,
        painted_ms: painted.as_secs_f64() * 1000.0,
        window_pss_kib: open.pss_kib as f64,
        closed_pss_kib: closed.pss_kib as f64,
        closed_processes: 1.0 + app.children().len() as f64,
    }
}

/// Holdoff is ready when it shows its first reading. Returns when that was requested.
async fn ready(program: Program, fake: &FakeAnthropic, tray: &Tray) -> Instant {
    if program == Program::Holdoff {
        let asked = fake.wait_for_usage(1, PATIENCE).await[0].at_real;
        tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("42 %")).await;
        return Instant::now() - asked.elapsed().unwrap_or_default();
    }
    Instant::now()
}

fn counters(app: &App, fake: &FakeAnthropic) -> Counters {
    Counters { threads: Threads::of(app.pid()), requests: fake.requests().len(), at: Instant::now() }
}

/// A left click on the icon. Returns the time until the window's content is on the screen.
async fn click(desktop: &Desktop, program: Program, tray: &Tray) -> Duration {
    let mut screen = Screen::of(desktop).expect("a screen to look at");
    let before = screen.colours().expect("a screen to look at");
    let clicked = Instant::now();
    tray.activate(TRAY.0, TRAY.1).await;
    eventually(PATIENCE, "the window is painted", async || {
        let now = screen.colours().expect("a screen to look at");
        let painted = match program {
            Program::Holdoff => now.keys().filter(|colour| !before.contains_key(colour)).count() >= COLOURS_OF_TEXT,
            Program::Floor => now.get(&FLOOR_PAGE).is_some_and(|pixels| *pixels >= PIXELS_OF_A_PAGE),
        };
        painted.then(|| clicked.elapsed())
    })
    .await
}

/// Closes the window and waits until its processes are gone.
async fn close(desktop: &Desktop, app: &App) {
    let windows = desktop.windows_of(app.pid()).await;
    for window in &windows {
        desktop.close_window(window).await;
    }
    desktop.wait_for_no_window(app.pid(), PATIENCE).await;
    tokio::time::sleep(SETTLE).await;
}
