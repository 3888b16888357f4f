//! The cost of the idle resident program, in figures that do not depend on the machine's load: memory, file size, and
//! the libraries that it loads.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::time::Duration;

use holdoff_world::app::program_folder;
use holdoff_world::{App, ClockSpec, Desktop, FakeAnthropic, Home, Launch, Notifications, Tray, eventually};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);
/// Startup work is over by then: helper threads of an async runtime end after ten idle seconds.
const SETTLE: Duration = Duration::from_secs(15);
const PROGRAM: &str = "holdoff-tray";

/// This many accounts may cost at most [`ACCOUNTS_RATIO`] times what one does.
pub const ACCOUNTS: usize = 12;
pub const ACCOUNTS_RATIO: f64 = 1.2;
/// The same on a busy machine, where responses and their garbage coincide at random.
const ACCOUNTS_RATIO_BUSY: f64 = 1.25;

/// A figure and its limit.
type Figure = (&'static str, &'static str, fn(&Footprint) -> f64, f64);

const FIGURES: [Figure; 4] = [
    ("PSS", "MiB", |one| one.pss_kib / 1024.0, 14.0),
    ("private memory", "MiB", |one| one.private_kib / 1024.0, 12.0),
    ("the program's file", "MB", |one| one.file_bytes / 1e6, 11.5),
    ("libraries loaded", "", |one| one.libraries, 72.0),
];

#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    pub pss_kib: f64,
    pub private_kib: f64,
    file_bytes: f64,
    libraries: f64,
}

/// The table, and whether every limit is met.
pub async fn report() -> (String, bool) {
    let (one, many) = (measure(1).await, measure(ACCOUNTS).await);
    let (mut text, mut holds) = (String::from("\nThe resident program, idle, with no window open:\n"), true);
    for (what, unit, of, most) in FIGURES {
        let value = of(&one);
        let line = format!("{what}: {value:.1} {unit}");
        let _infallible = writeln!(text, "{}  {} (at most {most})", verdict(value <= most), line.trim_end());
        holds &= value <= most;
    }
    let ratio = many.pss_kib / one.pss_kib;
    let kept = ratio <= ACCOUNTS_RATIO_BUSY;
    let line =
        format!("PSS with {ACCOUNTS} accounts is {ratio:.2} times that with one (at most {ACCOUNTS_RATIO_BUSY})");
    let _infallible = writeln!(text, "{}  {line}", verdict(kept));
    (text, holds && kept)
}

fn verdict(holds: bool) -> &'static str {
    if holds { "PASS" } else { "FAIL" }
}

/// Measures the program on its own bus, with this many accounts that each have a reading.
pub async fn measure(accounts: usize) -> Footprint {
    let desktop = Desktop::builder().notifications(Notifications::None).start().await;
    let fake = FakeAnthropic::start().await;
    let home = Home::new();
    let expires = ClockSpec::real().now() + Duration::from_secs(8 * 3600);
    home.sign_in(expires);
    let folders: Vec<String> = (1..accounts).map(|n| format!(".claude-{n}")).collect();
    for (n, folder) in folders.iter().enumerate() {
        let uuid = format!("0b0c7f5e-0000-4000-8000-{:012x}", n + 0x100);
        home.sign_in_at(folder, &uuid, &format!("person{n}@example.com"), expires);
    }
    let listed: Vec<String> = folders.iter().map(|folder| format!("~/{folder}")).collect();
    home.settings(&json!({"version": 1, "claude_config_dirs": listed}));
    let launch = Launch::new(&home, &desktop, &fake).program(PROGRAM);
    let app = launch.start();
    Tray::wait_for(&desktop, app.pid(), PATIENCE).await;
    eventually(PATIENCE, "every account has a reading", async || {
        let accounts_now = launch.status().await["accounts"].as_array()?.clone();
        (accounts_now.iter().filter(|account| account["reading"].is_object()).count() == accounts).then_some(())
    })
    .await;
    tokio::time::sleep(SETTLE).await;
    let memory = app.memory_with_children();
    let file = fs::metadata(program_folder().join(PROGRAM)).expect("the program is there");
    Footprint {
        pss_kib: memory.pss_kib as f64,
        private_kib: memory.private_kib as f64,
        file_bytes: file.len() as f64,
        libraries: libraries(&app).len() as f64,
    }
}

fn libraries(app: &App) -> BTreeSet<String> {
    let maps = fs::read_to_string(format!("/proc/{}/maps", app.pid())).expect("the app runs");
    let files = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    files.filter(|file| file.contains(".so")).map(str::to_owned).collect()
}
