//! Identifies processes as the owner record does: whether a recorded process has ended, and how to record our own.

/// The scope in which a process id is meaningful: this machine and this PID namespace, in Claude Code's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidSpace {
    pub domain: String,
    pub space: String,
}

#[cfg(target_os = "linux")]
pub(super) use linux::{here, is_gone, started};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{here, is_gone, started};

#[cfg(target_os = "linux")]
mod linux {
    use super::PidSpace;
    use std::fs;

    /// Field 22 (start time) of `/proc/<pid>/stat`, counted from after the program's name.
    const START: usize = 19;

    /// Returns `None` if `/proc` shows a different PID namespace than ours.
    pub(in super::super) fn here() -> Option<PidSpace> {
        let own = fs::read_link("/proc/self").ok()?;
        if own.to_str() != Some(&std::process::id().to_string()) {
            return None;
        }
        let namespace = fs::read_link("/proc/self/ns/pid").map(|name| name.display().to_string()).unwrap_or_default();
        let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let apart = if namespace.is_empty() { String::new() } else { format!("#{namespace}") };
        Some(PidSpace { domain: format!("linux:{}:{namespace}", machine.trim()), space: format!("{host}{apart}") })
    }

    /// The start time in clock ticks since boot.
    pub(in super::super) fn started(pid: u32) -> Option<String> {
        fields(pid)?.get(START).cloned()
    }

    /// Whether the process has certainly ended: the id is unused, belongs to a zombie, or was reused.
    pub(in super::super) fn is_gone(pid: u32, start: Option<&str>) -> bool {
        if super::no_such_process(pid) {
            return true;
        }
        let Some(fields) = fields(pid) else {
            return false;
        };
        let dead = fields.first().is_some_and(|state| matches!(state.as_str(), "Z" | "X" | "x"));
        let another = matches!((start, fields.get(START)), (Some(then), Some(now)) if then != now);
        dead || another
    }

    /// The fields after the program's name, which may contain spaces and parentheses.
    fn fields(pid: u32) -> Option<Vec<String>> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat).into_owned();
        let (_, behind) = stat.rsplit_once(')')?;
        Some(behind.split_whitespace().map(str::to_owned).collect())
    }
}

/// Untested. Without start times, a reused process id counts as the original process; on Windows no process is known to have
/// ended.
#[cfg(not(target_os = "linux"))]
mod other {
    use super::PidSpace;

    pub(in super::super) fn here() -> Option<PidSpace> {
        #[cfg(target_os = "macos")]
        {
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            Some(PidSpace { domain: "darwin".to_owned(), space: host })
        }
        #[cfg(not(target_os = "macos"))]
        None
    }

    pub(in super::super) fn started(_: u32) -> Option<String> {
        None
    }

    pub(in super::super) fn is_gone(pid: u32, _: Option<&str>) -> bool {
        super::no_such_process(pid)
    }
}

/// An invalid process id (0, 1 or too large) proves nothing.
#[cfg(unix)]
fn no_such_process(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 1).and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn no_such_process(_: u32) -> bool {
    false
}
