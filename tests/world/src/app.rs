//! Holdoff's real programs, started as a user's desktop starts them.

use std::collections::BTreeMap;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock::ClockSpec;
use crate::desktop::Session;
use crate::fake::FakeAnthropic;
use crate::home::Home;
use crate::process::{self, Memory};
use crate::releases::FakeReleases;
use crate::sandbox::Apart;
use crate::spawn::Spawned;
use crate::webdriver::Inspector;

const HOLDOFF: &str = "holdoff";
/// How long a command that only prints may run.
const COMMAND: Duration = Duration::from_secs(30);

/// How Holdoff is started: its home, its session, its servers. Can be used for any number of starts.
#[derive(Clone, Debug)]
pub struct Launch {
    env: BTreeMap<String, String>,
    folder: PathBuf,
    programs: PathBuf,
    program: String,
    arguments: Vec<String>,
    /// A command that wraps the program, with its own arguments.
    before: Vec<String>,
}

impl Launch {
    /// In `home` and `session`, with `fake` as Anthropic and the clock of `fake`.
    pub fn new(home: &Home, session: &impl Session, fake: &FakeAnthropic) -> Self {
        let mut launch = Self::headless(home, fake);
        launch.env.extend(session.env());
        launch
    }

    /// In `home`, with `fake` as Anthropic, without a display or a bus.
    pub fn headless(home: &Home, fake: &FakeAnthropic) -> Self {
        let launch = Self {
            env: home.env(),
            folder: home.path().to_owned(),
            programs: program_folder(),
            program: HOLDOFF.to_owned(),
            arguments: Vec::new(),
            before: Vec::new(),
        };
        launch
            .env("HOLDOFF_ANTHROPIC_API", fake.api_base())
            .env("HOLDOFF_ANTHROPIC_TOKEN", fake.token_base())
            .clock(fake.clock())
    }

    /// Checks for newer versions at `releases`.
    #[must_use]
    pub fn updated_from(self, releases: &FakeReleases) -> Self {
        self.env("HOLDOFF_UPDATES_API", releases.base()).env("HOLDOFF_UPDATES_KEY", releases.key())
    }

    /// Sets another clock.
    #[must_use]
    pub fn clock(self, clock: ClockSpec) -> Self {
        self.env("HOLDOFF_CLOCK", clock.to_env())
    }

    /// Adds or replaces a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Lets a [`crate::Browser`] attach to its windows.
    #[must_use]
    pub fn inspected_by(mut self, inspector: &Inspector) -> Self {
        self.env.extend(inspector.env());
        self
    }

    /// Sets the folder of the programs, instead of `HOLDOFF_BIN_DIR` or the build folder of this program.
    #[must_use]
    pub fn programs(mut self, folder: &Path) -> Self {
        self.programs = folder.to_owned();
        self
    }

    /// Starts another program instead, for example the empty app that Holdoff is compared with.
    #[must_use]
    pub fn program(mut self, name: &str) -> Self {
        self.program = name.to_owned();
        self
    }

    /// Runs the app and its commands in this view of the file system.
    #[must_use]
    pub fn within(mut self, apart: &Apart) -> Self {
        self.before = apart.prefix();
        self
    }

    /// Starts `holdoff`, which becomes the tray app in the same process.
    pub fn start(&self) -> App {
        let mut command = self.command(&self.program);
        command.args(&self.arguments);
        let started = Instant::now();
        App { process: Spawned::start(&self.program, &mut command), started, launch: self.clone() }
    }

    /// Runs `holdoff` with these arguments to completion.
    pub async fn cli(&self, arguments: &[&str]) -> Output {
        self.cli_told(arguments, b"").await
    }

    /// The same, with `stdin` as standard input.
    ///
    /// # Panics
    /// If no temporary file can be created.
    pub async fn cli_told(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        let mut told = tempfile::tempfile().expect("a temporary file");
        told.write_all(stdin).and_then(|()| told.rewind()).expect("room for a file");
        let started = Instant::now();
        let process = Spawned::start_with(HOLDOFF, self.command(HOLDOFF).args(arguments), told);
        let done = process.finished(COMMAND).await;
        Output { status: done.status, stdout: done.stdout, stderr: done.stderr, elapsed: started.elapsed() }
    }

    /// The parsed output of `holdoff status --json`.
    ///
    /// # Panics
    /// If it fails or does not print JSON.
    pub async fn status(&self) -> Value {
        let output = self.cli(&["status", "--json"]).await;
        assert!(output.status.success(), "holdoff status --json failed: {output:?}");
        output.json()
    }

    /// The environment of the programs.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        // A path inside another view cannot be checked from here.
        let there = !self.before.is_empty() || path.is_file();
        assert!(there, "{} is not there: build it, or say with HOLDOFF_BIN_DIR where it is", path.display());
        let mut command = match self.before.split_first() {
            None => Command::new(path),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(path);
                command
            }
        };
        command.env_clear().envs(&self.env).current_dir(&self.folder);
        command
    }
}

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How long it took, from before its start until all its output was read.
    pub elapsed: Duration,
}

impl Output {
    /// The exit code.
    ///
    /// # Panics
    /// If a signal ended it.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by a signal: {self:?}"))
    }

    /// What it printed, as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }
}

/// A running Holdoff. It and all its children are killed when this is dropped.
#[derive(Debug)]
pub struct App {
    process: Spawned,
    started: Instant,
    launch: Launch,
}

impl App {
    /// Starts it as `launch` says.
    pub fn start(launch: &Launch) -> Self {
        launch.start()
    }

    /// Starts it again with the same launch, for example after [`App::kill9`].
    pub fn start_again(&self) -> Self {
        self.launch.start()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Whether it is still running.
    pub fn is_running(&self) -> bool {
        self.process.exit().is_none()
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Kills it as a crash or a power cut would (SIGKILL) and waits until it is gone. Its children are not signalled.
    pub async fn kill9(&self) {
        self.process.kill9().await;
    }

    /// Stops it (SIGSTOP), as a suspend of the machine does to all programs.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Continues it.
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Asks it to end (SIGTERM), as the end of a session does.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it has not ended within `timeout`: shows what it wrote.
    pub async fn wait_exit(&self, timeout: Duration) -> ExitStatus {
        self.process.wait_exit(timeout).await
    }

    /// Runs `holdoff` with these arguments in the same environment.
    pub async fn cli(&self, arguments: &[&str]) -> Output {
        self.launch.cli(arguments).await
    }

    /// The parsed output of `holdoff status --json`.
    pub async fn status(&self) -> Value {
        self.launch.status().await
    }

    /// Its living descendants: process id and name.
    pub fn children(&self) -> Vec<(u32, String)> {
        process::descendants(self.pid()).into_iter().filter_map(|pid| Some((pid, process::name(pid)?))).collect()
    }

    /// The command lines of the app and its descendants.
    pub fn command_lines(&self) -> Vec<Vec<String>> {
        let mut family = process::descendants(self.pid());
        family.push(self.pid());
        family.into_iter().map(process::command_line).collect()
    }

    /// Its memory, without its children's.
    pub fn memory(&self) -> Memory {
        process::memory(self.pid())
    }

    /// Its memory and its children's.
    pub fn memory_with_children(&self) -> Memory {
        process::memory_of_tree(self.pid())
    }

    /// Its processor time so far, in hundredths of a second, without its children's.
    pub fn cpu_ticks(&self) -> u64 {
        process::cpu_ticks(self.pid())
    }

    /// Its context switches so far, without its children's.
    pub fn context_switches(&self) -> u64 {
        process::context_switches(self.pid())
    }
}

/// The folder of the programs: `HOLDOFF_BIN_DIR`, or the build folder of this program.
///
/// # Panics
/// If the path of this program is unknown.
pub fn program_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("HOLDOFF_BIN_DIR") {
        return PathBuf::from(folder);
    }
    let own = std::env::current_exe().expect("the path of this program");
    let folder = own.parent().expect("a program lies in a folder");
    // Tests are one level below the programs, in `deps`.
    let is_deps = folder.file_name().is_some_and(|name| name == "deps");
    if is_deps { folder.parent().unwrap_or(folder) } else { folder }.to_owned()
}
