//! Medians, a table, and the limits that are exceeded.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::command::Timed;
use super::footprint::{ACCOUNTS, ACCOUNTS_RATIO, Footprint};
use super::tray_app::{Program, Sample};

type Ratio = (&'static str, fn(&Sample) -> f64, f64);

/// The limits for Holdoff as multiples of the baseline app's median.
const RATIOS: [Ratio; 5] = [
    ("idle PSS", |one| one.pss_kib, 0.3),
    ("idle private memory", |one| one.private_kib, 0.3),
    ("exec to tray item registered", |one| one.registered_ms, 0.4),
    // Not met so far: each window is a new process, and its dynamic linking and the start of GTK and WebKit take more
    // than half of the time. The baseline app has all that behind it when it is clicked.
    ("click to window painted", |one| one.painted_ms, 0.6),
    ("PSS of all with one window open", |one| one.window_pss_kib, 1.15),
];
/// How many times per minute Holdoff may wake while idle.
const SWITCHES_PER_MIN: f64 = 15.0;
/// The limit for total memory after the window is closed, as a multiple of the memory before.
const CLOSED_RATIO: f64 = 1.05;
/// The peak memory limit of a command that must be fast, in KiB.
const STATUS_PEAK_KIB: f64 = 10.0 * 1024.0;

const MIB: f64 = 1024.0;

pub struct Report {
    runs: usize,
    idle: Duration,
    holdoff: Vec<Sample>,
    floor: Vec<Sample>,
    commands: Vec<Timed>,
    /// PSS with many accounts, as a multiple of that with one.
    accounts: Option<f64>,
}

/// A limit and its result.
struct Check {
    what: String,
    holds: bool,
}

/// A row of the table: name, unit, number of decimals, and accessor.
type Row = (&'static str, &'static str, usize, fn(&Sample) -> f64);

const ROWS: [Row; 16] = [
    ("idle: PSS", "MiB", 1, |one| one.pss_kib / MIB),
    ("idle: private memory", "MiB", 1, |one| one.private_kib / MIB),
    ("idle: RSS", "MiB", 1, |one| one.rss_kib / MIB),
    ("idle: context switches", "/min", 1, |one| one.switches_per_min),
    ("idle: processor time", "ms/min", 2, |one| one.cpu_ms_per_min),
    ("idle: processes", "", 0, |one| one.processes),
    ("idle: WebKit processes", "", 0, |one| one.webkit.len() as f64),
    ("idle: requests", "", 0, |one| one.requests),
    ("idle: polls due", "", 0, |one| one.polls_due),
    ("others with WebKit in memory", "", 0, |one| one.engine_sharers),
    ("others with GTK in memory", "", 0, |one| one.toolkit_sharers),
    ("exec to tray item registered", "ms", 0, |one| one.registered_ms),
    ("click to window painted", "ms", 0, |one| one.painted_ms),
    ("one window open: PSS of all", "MiB", 1, |one| one.window_pss_kib / MIB),
    ("closed again: PSS of all", "MiB", 1, |one| one.closed_pss_kib / MIB),
    ("closed again: processes", "", 0, |one| one.closed_processes),
];

impl Report {
    pub fn new(runs: usize, idle: Duration) -> Self {
        Self { runs, idle, holdoff: Vec::new(), floor: Vec::new(), commands: Vec::new(), accounts: None }
    }

    pub fn add(&mut self, program: Program, sample: Sample) {
        match program {
            Program::Holdoff => self.holdoff.push(sample),
            Program::Floor => self.floor.push(sample),
        }
    }

    pub fn accounts(&mut self, one: Footprint, many: Footprint) {
        self.accounts = Some(many.pss_kib / one.pss_kib);
    }

    pub fn command(&mut self, commands: Vec<Timed>) {
        self.commands = commands;
    }

    /// Whether every limit is met.
    pub fn holds(&self) -> bool {
        self.checks().iter().all(|check| check.holds)
    }

    pub fn text(&self) -> String {
        let mut text = if self.holdoff.is_empty() { String::new() } else { self.trays() };
        text.push_str(&self.quick());
        for check in self.checks() {
            let _infallible = writeln!(text, "{}  {}", if check.holds { "PASS" } else { "FAIL" }, check.what);
        }
        text
    }

    /// The table of the tray apps.
    fn trays(&self) -> String {
        let mut text = format!(
            "\nMedians of {} runs each, idle for {} s with no window open. The floor is an empty Tauri tray app from the \
             same lock file.\n\n{:<32}{:>10}{:>10}{:>9}\n",
            self.runs,
            self.idle.as_secs(),
            "",
            "Holdoff",
            "floor",
            "ratio"
        );
        for (what, unit, decimals, of) in ROWS {
            let (ours, floor) = (self.median(Program::Holdoff, of), self.median(Program::Floor, of));
            let ratio = if floor > 0.0 { format!("{:.2}", ours / floor) } else { "-".to_owned() };
            let ratio = if unit.is_empty() { String::new() } else { ratio };
            let row = format!("{what:<32}{ours:>10.decimals$}{floor:>10.decimals$}{ratio:>9}  {unit}");
            let _infallible = writeln!(text, "{}", row.trim_end());
        }
        text
    }

    /// The table of the commands.
    fn quick(&self) -> String {
        let mut text = String::new();
        let head = ("", "took", "empty C", "ratio");
        let _infallible = writeln!(text, "\n{:<32}{:>10}{:>10}{:>9}", head.0, head.1, head.2, head.3);
        for one in &self.commands {
            let (ms, empty, ratio) = (one.ms, one.empty_ms, one.ratio());
            let _infallible = writeln!(
                text,
                "{:<32}{ms:>10.2}{empty:>10.2}{ratio:>9.2}  ms, at most {:.1} MiB",
                one.name,
                one.peak_kib / MIB
            );
        }
        text.push('\n');
        text
    }

    pub fn json(&self) -> Value {
        let samples = |of: &[Sample]| of.iter().map(Sample::json).collect::<Vec<_>>();
        let checks: Vec<Value> =
            self.checks().iter().map(|check| json!({"what": check.what, "holds": check.holds})).collect();
        json!({"runs": self.runs, "idle_s": self.idle.as_secs(), "holdoff": samples(&self.holdoff),
            "floor": samples(&self.floor), "commands": self.commands.iter().map(Timed::json).collect::<Vec<_>>(),
            "checks": checks})
    }

    fn checks(&self) -> Vec<Check> {
        let trays = if self.holdoff.is_empty() { Vec::new() } else { self.tray_checks() };
        trays.into_iter().chain(self.quick_checks()).collect()
    }

    fn tray_checks(&self) -> Vec<Check> {
        let webkit: Vec<&str> = self.holdoff.iter().flat_map(|one| &one.webkit).map(String::as_str).collect();
        let total = |of: fn(&Sample) -> f64| self.holdoff.iter().map(of).sum::<f64>();
        let (requests, due) = (total(|one| one.requests), total(|one| one.polls_due));
        let over = self.holdoff.iter().any(|one| one.requests > one.polls_due);
        let mut checks: Vec<Check> =
            RATIOS.iter().map(|(what, of, most)| self.against_floor(what, *of, *most)).collect();
        let ours = |of| self.median(Program::Holdoff, of);
        let (switches, closed) =
            (ours(|one| one.switches_per_min), ours(|one| one.closed_pss_kib) / ours(|one| one.pss_kib));
        checks.extend([
            Check {
                what: format!("{switches:.1} context switches a minute while idle (at most {SWITCHES_PER_MIN})"),
                holds: switches <= SWITCHES_PER_MIN,
            },
            Check {
                what: format!("closed again, PSS is {closed:.2} times that of before (at most {CLOSED_RATIO})"),
                holds: closed <= CLOSED_RATIO,
            },
            Check {
                what: match webkit.as_slice() {
                    [] => "no WebKit process runs while no window is open".to_owned(),
                    some => format!("no window is open, and these run: {}", some.join(", ")),
                },
                holds: webkit.is_empty(),
            },
            Check {
                what: "nothing else has WebKit in memory while PSS is read".to_owned(),
                holds: self.holdoff.iter().chain(&self.floor).all(|one| one.engine_sharers == 0.0),
            },
            Check { what: format!("{requests} requests while idle, {due} polls due"), holds: !over },
        ]);
        if let Some(ratio) = self.accounts {
            let what =
                format!("PSS with {ACCOUNTS} accounts is {ratio:.2} times that with one (at most {ACCOUNTS_RATIO})");
            checks.push(Check { what, holds: ratio <= ACCOUNTS_RATIO });
        }
        checks
    }

    fn against_floor(&self, what: &str, of: fn(&Sample) -> f64, most: f64) -> Check {
        let ratio = self.median(Program::Holdoff, of) / self.median(Program::Floor, of);
        Check { what: format!("{what} is {ratio:.2} times the floor's (at most {most})"), holds: ratio <= most }
    }

    fn quick_checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        for one in &self.commands {
            let (name, peak, ratio) = (one.name, one.peak_kib, one.ratio());
            let Some(most) = one.most else { continue };
            checks.push(Check {
                what: format!("{name} takes {ratio:.2} times as long as an empty C program (at most {most:.1})"),
                holds: ratio <= most,
            });
            checks.push(Check {
                what: format!("{name} takes {:.1} MiB at its peak (at most {:.0})", peak / MIB, STATUS_PEAK_KIB / MIB),
                holds: peak <= STATUS_PEAK_KIB,
            });
        }
        checks
    }

    fn median(&self, program: Program, of: fn(&Sample) -> f64) -> f64 {
        let samples = match program {
            Program::Holdoff => &self.holdoff,
            Program::Floor => &self.floor,
        };
        median(&samples.iter().map(of).collect::<Vec<_>>())
    }
}

/// The middle value, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
