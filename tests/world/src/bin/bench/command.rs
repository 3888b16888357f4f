//! The commands that must be quick, beside a C program that does nothing, and beside another status line.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, UNIX_EPOCH};

use holdoff_world::spawn::{Spawned, tool};
use holdoff_world::{ClockSpec, Desktop, FakeAnthropic, Home, Launch, Tray};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// A command that answers from what is saved may take so many times as long as an empty C program.
const STATUS_RATIO: f64 = 15.0;
/// The status line may take so many milliseconds more than it.
const STATUS_LINE_MS: f64 = 8.0;

const EMPTY: &str = "int main(void) { return 0; }\n";

/// Runs a program and prints the most memory it had, in KiB, as the kernel counted it. It is C so that it is small
/// itself: a program takes on the peak of the one it was started from.
const PEAK: &str = r#"
#include <stdio.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>
int main(int count, char **arguments) {
    pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), 1);
        execv(arguments[1], arguments + 1);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (count < 2 || child < 0 || wait4(child, &status, 0, &usage) < 0 || status != 0) return 1;
    printf("%ld\n", usage.ru_maxrss);
    return 0;
}
"#;

/// What Claude Code tells its status line.
fn told() -> Vec<u8> {
    let now = ClockSpec::real().now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let limits = json!({"five_hour": {"used_percentage": 42.5, "resets_at": now + 3600},
        "seven_day": {"used_percentage": 26.1, "resets_at": now + 300_000}});
    json!({"hook_event_name": "Status", "session_id": "3f2a", "transcript_path": "/tmp/none.jsonl", "cwd": "/tmp",
        "model": {"id": "claude-opus-4-6", "display_name": "Opus"}, "version": "2.1.96",
        "workspace": {"current_dir": "/tmp", "project_dir": "/tmp", "added_dirs": []},
        "cost": {"total_cost_usd": 0.12, "total_duration_ms": 45_000, "total_api_duration_ms": 2300,
            "total_lines_added": 156, "total_lines_removed": 23},
        "context_window": {"total_input_tokens": 15_234, "total_output_tokens": 4521, "context_window_size": 200_000,
            "used_percentage": 8, "remaining_percentage": 92},
        "rate_limits": limits})
    .to_string()
    .into_bytes()
}

/// What a command may take.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// So many times as long as the empty program.
    Times(f64),
    /// So many milliseconds more than it.
    Over(f64),
    /// It is not ours.
    None,
}

/// One command's figures, and the empty program's beside it.
#[derive(Clone, Debug)]
pub struct Timed {
    pub name: &'static str,
    pub ms: f64,
    pub empty_ms: f64,
    pub peak_kib: f64,
    pub bound: Bound,
}

impl Timed {
    pub fn ratio(&self) -> f64 {
        self.ms / self.empty_ms
    }

    pub fn json(&self) -> Value {
        json!({"command": self.name, "ms": self.ms, "empty_c_ms": self.empty_ms, "ratio": self.ratio(),
            "peak_kib": self.peak_kib})
    }
}

/// A program to time.
struct Subject {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    bound: Bound,
}

/// Where a reading lies on disk, with the app ended. `rival` is another status line, as a shell line.
pub async fn measure(desktop: &Desktop, home: &Home, runs: usize, rival: Option<&Path>) -> Vec<Timed> {
    let fake = FakeAnthropic::start().await;
    home.sign_in(ClockSpec::real().now() + Duration::from_secs(8 * 3600));
    let launch = Launch::new(home, desktop, &fake);
    let app = launch.start();
    let tray = Tray::wait_for(desktop, app.pid(), PATIENCE).await;
    tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("42 %")).await;
    app.terminate();
    app.wait_exit(PATIENCE).await;

    let peak = compile(home, "peak", PEAK).await;
    let input = home.path().join("told.json");
    std::fs::write(&input, told()).expect("a file in the home");
    let subjects = subjects(compile(home, "empty", EMPTY).await, rival);
    let bench = Bench { launch, peak, input };
    // One after the other, over and over, so that whatever else the machine does is everybody's.
    let mut took = vec![Vec::new(); subjects.len()];
    for _ in 0..=runs {
        for (subject, took) in subjects.iter().zip(&mut took) {
            took.push(bench.time(subject));
        }
    }
    // The first of each brings its file into memory.
    let medians: Vec<f64> = took.iter().map(|took| super::report::median(&took[1..])).collect();
    let timed = |(subject, ms): (&Subject, &f64)| Timed {
        name: subject.name,
        ms: *ms,
        empty_ms: medians[0],
        peak_kib: bench.most_memory(subject),
        bound: subject.bound,
    };
    subjects.iter().zip(&medians).skip(1).map(timed).collect()
}

/// The empty one first.
fn subjects(empty: PathBuf, rival: Option<&Path>) -> Vec<Subject> {
    let holdoff = programs().join("holdoff");
    let ours = |name, arguments, bound| Subject { name, program: holdoff.clone(), arguments, bound };
    let mut subjects = vec![
        Subject { name: "empty", program: empty, arguments: &[], bound: Bound::None },
        ours("holdoff status", &["status"], Bound::Times(STATUS_RATIO)),
        ours("holdoff status --json", &["status", "--json"], Bound::Times(STATUS_RATIO)),
        ours("holdoff guard", &["guard", "--at-least", "1"], Bound::Times(STATUS_RATIO)),
        ours("holdoff statusline", &["statusline"], Bound::Over(STATUS_LINE_MS)),
    ];
    if let Some(rival) = rival {
        let arguments = &["statusline", "--offline"];
        subjects.push(Subject { name: "ccusage statusline", program: rival.to_owned(), arguments, bound: Bound::None });
    }
    subjects
}

struct Bench {
    launch: Launch,
    peak: PathBuf,
    input: PathBuf,
}

impl Bench {
    fn time(&self, subject: &Subject) -> f64 {
        let mut command = self.command(&subject.program);
        command.args(subject.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let status = command.status().expect("a program that starts");
        let took = started.elapsed();
        assert!(status.success(), "{} ends with {status}", subject.name);
        took.as_secs_f64() * 1000.0
    }

    fn most_memory(&self, subject: &Subject) -> f64 {
        let said = self.command(&self.peak).arg(&subject.program).args(subject.arguments).output();
        let said = said.expect("a program that starts");
        assert!(said.status.success(), "the memory of {} cannot be had", subject.name);
        String::from_utf8_lossy(&said.stdout).trim().parse().expect("a number of KiB")
    }

    /// With what Claude Code tells on its standard input, whether it reads that or not.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.launch.environment());
        command.stdin(File::open(&self.input).expect("the input"));
        command
    }
}

async fn compile(home: &Home, name: &str, source: &str) -> PathBuf {
    let (file, program) = (home.path().join(format!("{name}.c")), home.path().join(name));
    std::fs::write(&file, source).expect("a file in the home");
    let mut command = home.command(tool("cc", "build-essential"));
    command.args(["-O2", "-o"]).arg(&program).arg(&file);
    let done = Spawned::start("cc", &mut command).finished(PATIENCE).await;
    assert!(done.status.success(), "cc does not compile {name}.c: {}", done.stderr);
    program
}

/// The same folder that [`Launch`] takes them from.
fn programs() -> PathBuf {
    let beside = || std::env::current_exe().ok()?.parent().map(Path::to_owned);
    std::env::var_os("HOLDOFF_BIN_DIR").map(PathBuf::from).or_else(beside).expect("the folder of the programs")
}
