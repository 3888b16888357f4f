//! Child processes: each in its own process group, with captured output, and ended when this process ends.

use std::fmt;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::sync::watch;

use crate::eventually::eventually;
use crate::locked;

/// How long the pipes of an ended program may stay open.
const PIPES_CLOSE: Duration = Duration::from_secs(2);

/// A running program. Its whole process group is killed when this is dropped, and when the test itself dies.
pub struct Spawned {
    name: String,
    pid: Pid,
    exit: watch::Receiver<Option<ExitStatus>>,
    stdout: Capture,
    stderr: Capture,
}

impl Spawned {
    /// Starts `command` with empty standard input and captured output.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(name: &str, command: &mut Command) -> Self {
        Self::start_with(name, command, Stdio::null())
    }

    /// The same, with this standard input.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start_with(name: &str, command: &mut Command, stdin: impl Into<Stdio>) -> Self {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = spawn(command).unwrap_or_else(|e| panic!("cannot start {name} ({command:?}): {e}"));
        let pid = Pid::from_child(&child);
        leash("add", pid);
        Self {
            name: name.to_owned(),
            pid,
            stdout: Capture::of(child.stdout.take().expect("a piped stdout")),
            stderr: Capture::of(child.stderr.take().expect("a piped stderr")),
            exit: wait_in_background(child),
        }
    }

    /// Its process id, which is also its process group.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Kills only this process, as a crash does (SIGKILL), and waits until it is gone.
    pub async fn kill9(&self) {
        self.signal(Signal::KILL);
        self.wait_end(Duration::from_secs(10)).await;
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it (SIGSTOP), as a debugger or heavy swapping does.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Continues it.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until it has ended and all its output was read, and returns its exit status.
    ///
    /// # Panics
    /// If it has not ended within `timeout`: shows what it wrote.
    pub async fn wait_exit(&self, timeout: Duration) -> ExitStatus {
        let status = self.wait_end(timeout).await;
        // A child that it left behind may keep the pipes open indefinitely.
        let all_read = async { (self.stdout.wait_for_end().await, self.stderr.wait_for_end().await) };
        let _held_open = tokio::time::timeout(PIPES_CLOSE, all_read).await;
        status
    }

    async fn wait_end(&self, timeout: Duration) -> ExitStatus {
        let mut exit = self.exit.clone();
        let ended = tokio::time::timeout(timeout, exit.wait_for(Option::is_some)).await;
        let ended =
            ended.unwrap_or_else(|_| panic!("{} has not ended within {timeout:?}\n{}", self.name, self.output()));
        ended.expect("somebody waits for the child").expect("it has ended")
    }

    /// Waits until it has ended and all its output was read.
    ///
    /// # Panics
    /// If it has not ended within `timeout`: shows what it wrote.
    pub async fn finished(self, timeout: Duration) -> Finished {
        let status = self.wait_exit(timeout).await;
        Finished { status, stdout: self.stdout(), stderr: self.stderr() }
    }

    /// Waits for the first line on standard output for which `pick` returns a value.
    ///
    /// # Panics
    /// If there is none within `timeout`, or the program has ended.
    pub async fn wait_for_line<T>(&self, timeout: Duration, what: &str, pick: impl Fn(&str) -> Option<T>) -> T {
        eventually(timeout, format!("{what} from {}", self.name), async || {
            let said = self.stdout();
            let found = said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).find_map(&pick);
            if found.is_none() && self.exit().is_some() {
                panic!("{} ended without saying {what}\n{}", self.name, self.output());
            }
            found
        })
        .await
    }

    /// Its output, for an error message.
    pub fn output(&self) -> String {
        format!("--- {} wrote:\n{}\n--- and to stderr:\n{}", self.name, self.stdout(), self.stderr())
    }

    fn signal(&self, signal: Signal) {
        if self.exit().is_none() {
            // It may end by itself at the same moment; then there is nothing left to signal.
            let _gone = kill_process(self.pid, signal);
        }
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // The group outlives its leader while a child is running.
        let _gone = kill_process_group(self.pid, Signal::KILL);
        leash("drop", self.pid);
        // SIGKILL cannot be refused: after a moment, its files and sockets are closed.
        for _ in 0..200 {
            if self.exit.borrow().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl fmt::Debug for Spawned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.name, self.pid())
    }
}

/// A program that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// The path of a system tool.
///
/// # Panics
/// If it is not installed: names the Debian package.
pub fn tool(program: &str, package: &str) -> PathBuf {
    find_program(program).unwrap_or_else(|| {
        panic!("{program} is not installed; on Debian: apt-get install --no-install-recommends {package}")
    })
}

fn find_program(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path)
        .chain([Path::new("/usr/bin").to_owned()])
        .map(|dir| dir.join(program))
        .find(|p| p.is_file())
}

/// A script that was just written may still be open for writing in a child that another test is forking. That fails
/// with "Text file busy" until the child has called exec.
fn spawn(command: &mut Command) -> std::io::Result<Child> {
    let begin = std::time::Instant::now();
    loop {
        match command.spawn() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy && begin.elapsed() < PIPES_CLOSE => {
                std::thread::yield_now();
            }
            result => return result,
        }
    }
}

fn wait_in_background(mut child: Child) -> watch::Receiver<Option<ExitStatus>> {
    let (ended, exit) = watch::channel(None);
    std::thread::Builder::new()
        .name("wait-for-child".to_owned())
        .spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            ended.send_replace(Some(status));
        })
        .expect("a thread that waits for a child");
    exit
}

/// Captures the output of a program.
struct Capture {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: watch::Receiver<bool>,
}

impl Capture {
    fn of(mut from: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&kept);
        let (end, ended) = watch::channel(false);
        std::thread::Builder::new()
            .name("read-output".to_owned())
            .spawn(move || {
                let mut chunk = [0; 8192];
                while let Ok(length @ 1..) = from.read(&mut chunk) {
                    locked(&writer).extend_from_slice(&chunk[..length]);
                }
                end.send_replace(true);
            })
            .expect("a thread that reads output");
        Self { kept, ended }
    }

    async fn wait_for_end(&self) {
        // An error means that the reader ended without a message, which is an end as well.
        let mut ended = self.ended.clone();
        let _ended = ended.wait_for(|ended| *ended).await;
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&locked(&self.kept)).into_owned()
    }
}

/// Ends our children if we are killed and cannot do it. A shell waits until its input closes, which happens however we
/// die, and then kills every process group that was registered and not unregistered.
const LEASH: &str = r#"
groups=""
while read -r word group; do
    if [ "$word" = add ]; then groups="$groups $group"; continue; fi
    kept=""
    for known in $groups; do [ "$known" = "$group" ] || kept="$kept $known"; done
    groups=$kept
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

fn leash(word: &str, group: Pid) {
    static SHELL: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    #[expect(clippy::zombie_processes, reason = "it outlives us: that is its purpose")]
    let shell = SHELL.get_or_init(|| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", LEASH]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().expect("a shell");
        Mutex::new(child.stdin.take().expect("a piped stdin"))
    });
    writeln!(locked(shell), "{word} {}", group.as_raw_nonzero()).expect("the shell that ends our children reads on");
}
