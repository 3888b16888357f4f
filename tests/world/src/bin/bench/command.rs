//! The commands that must be fast, compared with a C program that does nothing and with another status line.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, UNIX_EPOCH};

use holdoff_world::spawn::{Spawned, tool};
use holdoff_world::{ClockSpec, Desktop, FakeAnthropic, Home, Launch, Tray};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// A command that runs with every prompt may take this many times as long as an empty C program.
const RATIO: f64 = 2.0;
/// The time limit for another status line's first output; it may have to fill its caches.
const RIVAL_PATIENCE: Duration = Duration::from_secs(20);
const RIVAL: &str = "ccusage statusline";
const RIVAL_ARGUMENTS: &[&str] = &["statusline", "--offline"];

const EMPTY: &str = "int main(void) { return 0; }\n";

/// Runs a program and prints its peak memory in KiB, as the kernel counted it. Written in C to be small itself: a
/// child inherits the peak of the process that started it.
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

/// Claude Code's input for its status line.
fn told(transcript: &Path) -> Vec<u8> {
    let now = ClockSpec::real().now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let limits = json!({"five_hour": {"used_percentage": 42.5, "resets_at": now + 3600},
        "seven_day": {"used_percentage": 26.1, "resets_at": now + 300_000}});
    json!({"hook_event_name": "Status", "session_id": "3f2a", "transcript_path": transcript, "cwd": "/tmp",
        "model": {"id": "claude-opus-4-6", "display_name": "Opus"}, "version": "2.1.332",
        "workspace": {"current_dir": "/tmp", "project_dir": "/tmp", "added_dirs": []},
        "cost": {"total_cost_usd": 0.12, "total_duration_ms": 45_000, "total_api_duration_ms": 2300,
            "total_lines_added": 156, "total_lines_removed": 23},
        "context_window": {"total_input_tokens": 15_234, "total_output_tokens": 4521, "context_window_size": 200_000,
            "used_percentage": 8, "remaining_percentage": 92},
        "rate_limits": limits})
    .to_string()
    .into_bytes()
}

/// The figures of one command and of the empty program.
#[derive(Clone, Debug)]
pub struct Timed {
    pub name: &'static str,
    pub ms: f64,
    pub empty_ms: f64,
    pub peak_kib: f64,
    /// The limit as a multiple of the empty program's time; `None` if the command is not ours.
    pub most: Option<f64>,
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

/// A program to measure.
struct Subject {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    most: Option<f64>,
}

/// Checks whether another status line can be measured at all.
///
/// # Errors
/// Fails if it cannot be measured, and says why.
pub async fn check_rival(home: &Home, rival: &Path) -> Result<(), String> {
    let (name, started) = (rival.display(), Instant::now());
    let mut command = home.command(rival);
    command.args(RIVAL_ARGUMENTS).stdin(told_in(home)?).stdout(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("{name} does not start: {error}"))?;
    loop {
        match child.try_wait().map_err(|error| format!("{name} does not run: {error}"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{name} {} ends with {status}", RIVAL_ARGUMENTS.join(" "))),
            None if started.elapsed() > RIVAL_PATIENCE => break,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    let _ended_meanwhile = child.kill().and_then(|()| child.wait());
    Err(format!("{name} does not answer within {} s", RIVAL_PATIENCE.as_secs()))
}

/// Measures with a reading on disk and the app ended. `rival` is another status line. If a command fails midway, the
/// figures so far are returned with the error.
pub async fn measure(
    desktop: &Desktop,
    home: &Home,
    runs: usize,
    rival: Option<&Path>,
) -> (Vec<Timed>, Result<(), String>) {
    let fake = FakeAnthropic::start().await;
    home.sign_in(ClockSpec::real().now() + Duration::from_secs(8 * 3600));
    let launch = Launch::new(home, desktop, &fake);
    let app = launch.start();
    let tray = Tray::wait_for(desktop, app.pid(), PATIENCE).await;
    tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("42 %")).await;
    app.terminate();
    app.wait_exit(PATIENCE).await;

    let peak = compile(home, "peak", PEAK).await;
    let subjects = subjects(compile(home, "empty", EMPTY).await, rival);
    let bench = Bench { launch, home, peak };
    let mut took = vec![Vec::new(); subjects.len()];
    let ended = bench.rounds(&subjects, runs, &mut took);
    let medians: Vec<f64> = took.iter().map(|took| super::report::median(took)).collect();
    let timed = |(subject, ms): (&Subject, &f64)| {
        let peak_kib = bench.most_memory(subject).unwrap_or(f64::NAN);
        Timed { name: subject.name, ms: *ms, empty_ms: medians[0], peak_kib, most: subject.most }
    };
    (subjects.iter().zip(&medians).skip(1).map(timed).collect(), ended)
}

/// The programs to measure, with the empty one first.
fn subjects(empty: PathBuf, rival: Option<&Path>) -> Vec<Subject> {
    let holdoff = programs().join("holdoff");
    let ours = |name, arguments| Subject { name, program: holdoff.clone(), arguments, most: Some(RATIO) };
    let mut subjects = vec![
        Subject { name: "empty", program: empty, arguments: &[], most: None },
        ours("holdoff status", &["status"]),
        ours("holdoff status --json", &["status", "--json"]),
        ours("holdoff guard", &["guard", "--at-least", "1"]),
        ours("holdoff statusline", &["statusline"]),
    ];
    if let Some(rival) = rival {
        subjects.push(Subject { name: RIVAL, program: rival.to_owned(), arguments: RIVAL_ARGUMENTS, most: None });
    }
    subjects
}

/// [`told`] as a file for standard input.
fn told_in(home: &Home) -> Result<File, String> {
    let input = home.path().join("told.json");
    if !input.exists() {
        let transcript = write_transcripts(home).map_err(|error| format!("a transcript: {error}"))?;
        std::fs::write(&input, told(&transcript)).map_err(|error| format!("{}: {error}", input.display()))?;
    }
    File::open(&input).map_err(|error| format!("{}: {error}", input.display()))
}

/// Writes a session of some length that names its account, among those of other days; returns its path.
fn write_transcripts(home: &Home) -> std::io::Result<PathBuf> {
    let owner = "{\"type\":\"session-owner\",\"accountUuid\":\"someone\"}\n";
    let printed = format!("{{\"type\":\"user\",\"message\":{{\"content\":\"{}\"}}}}\n", "x".repeat(1000));
    let said =
        "{\"type\":\"assistant\",\"version\":\"2.1.332\",\"timestamp\":\"2026-09-14T10:00:00Z\",\"message\":{}}\n";
    let session = [owner, &printed.repeat(500), said, owner].concat();
    let projects = home.path().join(".claude/projects");
    for project in 0..10 {
        let folder = projects.join(project.to_string());
        std::fs::create_dir_all(&folder)?;
        for other in 0..20 {
            std::fs::write(folder.join(format!("{other}.jsonl")), [owner, said].concat())?;
        }
    }
    let path = projects.join("0/3f2a.jsonl");
    std::fs::write(&path, session)?;
    Ok(path)
}

struct Bench<'a> {
    launch: Launch,
    home: &'a Home,
    peak: PathBuf,
}

impl Bench<'_> {
    /// Runs all subjects in turn, over and over, so that other load on the machine affects all of them equally. The
    /// first round is not counted: it loads each file into memory.
    fn rounds(&self, subjects: &[Subject], runs: usize, took: &mut [Vec<f64>]) -> Result<(), String> {
        for round in 0..=runs {
            for (subject, took) in subjects.iter().zip(took.iter_mut()) {
                let ms = self.time(subject)?;
                if round > 0 {
                    took.push(ms);
                }
            }
        }
        Ok(())
    }

    fn time(&self, subject: &Subject) -> Result<f64, String> {
        let mut command = self.command(&subject.program)?;
        command.args(subject.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let status = command.status().map_err(|error| format!("{} does not start: {error}", subject.name))?;
        let took = started.elapsed();
        if !status.success() {
            return Err(format!("{} ends with {status}", subject.name));
        }
        Ok(took.as_secs_f64() * 1000.0)
    }

    /// The peak memory in KiB.
    fn most_memory(&self, subject: &Subject) -> Option<f64> {
        let mut command = self.command(&self.peak).ok()?;
        let said = command.arg(&subject.program).args(subject.arguments).output().ok()?;
        String::from_utf8_lossy(&said.stdout).trim().parse().ok().filter(|_| said.status.success())
    }

    /// A command with Claude Code's input on standard input, whether it reads that or not.
    fn command(&self, program: &Path) -> Result<Command, String> {
        let mut command = Command::new(program);
        command.env_clear().envs(self.launch.environment()).stdin(told_in(self.home)?);
        Ok(command)
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

/// The same folder that [`Launch`] uses.
pub fn programs() -> PathBuf {
    let beside = || std::env::current_exe().ok()?.parent().map(Path::to_owned);
    std::env::var_os("HOLDOFF_BIN_DIR").map(PathBuf::from).or_else(beside).expect("the folder of the programs")
}
