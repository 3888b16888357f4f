//! Keeps tokens out of crash output: no core dump is written, and the panic message carries only a location (law 15).

use std::io;
use std::panic::{PanicHookInfo, set_hook};

/// Disables core dumps for this process and its children, and installs a panic hook that prints only the location.
pub fn disable_core_dumps() {
    platform::disable_core_dumps();
    set_hook(Box::new(say_where));
}

/// The panic message is left out because it may quote anything.
fn say_where(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    // If stderr cannot be written, there is nowhere else to report it.
    let line = format!("holdoff: internal error at {place} (thread {thread}). Please report this line.\n");
    let _ = io::Write::write_all(&mut io::stderr(), line.as_bytes());
    tracing::error!(place, thread, "internal error");
}

/// Starts an external program with the core limit of the user's session.
///
/// # Errors
/// Fails if `start` fails.
pub fn as_the_session_does<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    platform::as_the_session_does(start)
}

#[cfg(unix)]
mod platform {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use std::io;
    use std::sync::Mutex;

    /// If the core pattern is a pipe, Linux ignores the limit unless it is 1. A core file of one byte holds nothing either.
    /// (Marking the process undumpable instead would make our own /proc files unreadable to us, and portals use them to
    /// identify the caller.)
    const NONE: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };

    /// The session's limit, while ours differs.
    static SESSION: Mutex<Option<Rlimit>> = Mutex::new(None);

    pub fn disable_core_dumps() {
        let mut session = SESSION.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found = *session.get_or_insert_with(|| getrlimit(Resource::Core));
        limit(none(found));
    }

    /// Child processes inherit our limits, so the session's limit is restored while `start` runs.
    pub fn as_the_session_does<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let session = SESSION.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(found) = *session else {
            return start();
        };
        limit(found);
        let started = start();
        limit(none(found));
        started
    }

    /// The soft limit cannot exceed the hard limit, which may be lower.
    fn none(found: Rlimit) -> Rlimit {
        Rlimit { current: Some(found.maximum.map_or(NONE, |most| most.min(NONE))), maximum: found.maximum }
    }

    fn limit(limit: Rlimit) {
        if let Err(error) = setrlimit(Resource::Core, limit) {
            tracing::warn!(%error, "could not disable core dumps");
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io;

    pub fn disable_core_dumps() {}

    pub fn as_the_session_does<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        start()
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::claude_code::CredentialStore;
    use holdoff_core::credential::CredentialRead;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    const HOME: &str = "CRASH_TEST_HOME";
    const TOKEN: &str = "sk-ant-oat01-in-memory-only";

    #[test]
    fn crash_leaves_no_core_dump_and_keeps_the_session_limit() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".claude")).unwrap();
        let sign_in = format!(r#"{{"claudeAiOauth":{{"accessToken":"{TOKEN}"}}}}"#);
        std::fs::write(home.path().join(".claude/.credentials.json"), sign_in).unwrap();
        let again = r#"ulimit -S -c "$(ulimit -H -c)"; exec "$0" "$@""#;
        let output = Command::new("/bin/sh")
            .args(["-c", again, std::env::current_exe().unwrap().to_str().unwrap()])
            .args(["--exact", "platform::core_dumps::tests::dies_with_a_token", "--ignored", "--nocapture"])
            .env(HOME, home.path())
            .current_dir(home.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.signal(), Some(6), "{said} {output:?}");
        assert!(!output.status.core_dumped(), "{said}");
        let limits: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("limit ")).collect();
        let [before, after, others] = limits.as_slice() else { panic!("{said}") };
        assert!(matches!(*after, "1" | "0") && before == others, "{said}");
        let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".claude"]);
    }

    #[test]
    #[ignore = "a process that the other test starts"]
    fn dies_with_a_token() {
        let Some(home) = std::env::var_os(HOME) else { return };
        println!("\nlimit {}", soft(&std::fs::read_to_string("/proc/self/limits").unwrap()));
        disable_core_dumps();
        println!("limit {}", soft(&std::fs::read_to_string("/proc/self/limits").unwrap()));
        let child = as_the_session_does(|| Command::new("cat").arg("/proc/self/limits").output()).unwrap();
        println!("limit {}", soft(&String::from_utf8(child.stdout).unwrap()));
        let CredentialRead::Found(held) = CredentialStore::from_env(home.as_ref(), None).read() else {
            panic!("no sign-in")
        };
        assert_eq!(held.access_token.expose(), TOKEN);
        std::process::abort();
    }

    #[test]
    fn panic_output_has_the_location_and_no_token() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "platform::core_dumps::tests::panics_with_a_token", "--ignored", "--nocapture"])
            .env(HOME, "x")
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && said.contains("platform/core_dumps.rs:"), "{said}");
        assert!(!said.contains("in-memory-only"), "{said}");
    }

    #[test]
    #[ignore = "a process that the other test starts"]
    fn panics_with_a_token() {
        if std::env::var_os(HOME).is_some() {
            disable_core_dumps();
            // In a thread of its own, as the test's harness prints what its own thread panicked with.
            let ended = std::thread::spawn(|| panic!("{TOKEN}")).join();
            assert!(matches!(ended, Ok(())));
        }
    }

    fn soft(limits: &str) -> String {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    }
}
