//! `holdoff status` beside a C program that does nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use holdoff_world::spawn::{Spawned, tool};
use holdoff_world::{ClockSpec, Desktop, FakeAnthropic, Home, Launch, Tray};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

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

/// One command's figures, and the empty program's beside it.
#[derive(Clone, Debug)]
pub struct Timed {
    pub name: &'static str,
    pub ms: f64,
    pub empty_ms: f64,
    pub peak_kib: f64,
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

/// Where a reading lies on disk, with the app ended.
pub async fn measure(desktop: &Desktop, home: &Home, runs: usize) -> Vec<Timed> {
    let fake = FakeAnthropic::start().await;
    home.sign_in(ClockSpec::real().now() + Duration::from_secs(8 * 3600));
    let launch = Launch::new(home, desktop, &fake);
    let app = launch.start();
    let tray = Tray::wait_for(desktop, app.pid(), PATIENCE).await;
    tray.wait_for_tooltip(PATIENCE, |tooltip| tooltip.contains("42 %")).await;
    app.terminate();
    app.wait_exit(PATIENCE).await;

    let empty = compile(home, "empty", EMPTY).await;
    let peak = compile(home, "peak", PEAK).await;
    let holdoff = programs().join("holdoff");
    let mut timed = Vec::new();
    for (name, arguments) in [("holdoff status", &["status"][..]), ("holdoff status --json", &["status", "--json"])] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..=runs {
            theirs.push(time(&launch, &empty, &[]));
            ours.push(time(&launch, &holdoff, arguments));
        }
        // The first of each brings its file into memory.
        let (ms, empty_ms) = (super::report::median(&ours[1..]), super::report::median(&theirs[1..]));
        timed.push(Timed { name, ms, empty_ms, peak_kib: most_memory(&launch, &peak, &holdoff, arguments) });
    }
    timed
}

fn time(launch: &Launch, program: &Path, arguments: &[&str]) -> f64 {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(launch.environment());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status().expect("a program that starts");
    let took = started.elapsed();
    assert!(status.success(), "{} {arguments:?} ends with {status}", program.display());
    took.as_secs_f64() * 1000.0
}

fn most_memory(launch: &Launch, peak: &Path, program: &Path, arguments: &[&str]) -> f64 {
    let mut command = Command::new(peak);
    command.arg(program).args(arguments).env_clear().envs(launch.environment());
    let said = command.output().expect("a program that starts");
    assert!(said.status.success(), "the memory of {} cannot be had", program.display());
    String::from_utf8_lossy(&said.stdout).trim().parse().expect("a number of KiB")
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
