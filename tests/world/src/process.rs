//! Information from `/proc` about a process: its descendants, memory, context switches.

use std::fs;
use std::path::PathBuf;

/// Memory of a process in KiB, from `/proc/<pid>/smaps_rollup`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident set.
    pub rss_kib: u64,
    /// Proportional set: shared pages divided by the number of processes that share them.
    pub pss_kib: u64,
    /// Pages that no other process has, clean and dirty.
    pub private_kib: u64,
}

impl std::ops::Add for Memory {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            rss_kib: self.rss_kib + other.rss_kib,
            pss_kib: self.pss_kib + other.pss_kib,
            private_kib: self.private_kib + other.private_kib,
        }
    }
}

/// Whether the process exists and is not a zombie.
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

/// The name of a process (the first 15 bytes of its program's name).
pub fn name(pid: u32) -> Option<String> {
    fs::read_to_string(proc_file(pid, "comm")).ok().map(|name| name.trim_end().to_owned())
}

/// The command line of a process, one entry per argument.
pub fn command_line(pid: u32) -> Vec<String> {
    split_at_nul(pid, "cmdline")
}

/// The environment that a process was started with, one `NAME=value` per entry.
pub fn environment(pid: u32) -> Vec<String> {
    split_at_nul(pid, "environ")
}

/// All living descendants of a process, without itself.
pub fn descendants(pid: u32) -> Vec<u32> {
    let everyone: Vec<(u32, u32)> = all_pids().into_iter().filter_map(|pid| Some((pid, stat(pid)?.parent))).collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(everyone.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    found.drain(1..).filter(|pid| is_alive(*pid)).collect()
}

/// Memory of one process.
///
/// # Panics
/// If it has ended.
pub fn memory(pid: u32) -> Memory {
    let rollup = fs::read_to_string(proc_file(pid, "smaps_rollup"))
        .unwrap_or_else(|e| panic!("cannot read the memory of process {pid}: {e}"));
    let kib = |field: &str| value(&rollup, field);
    Memory { rss_kib: kib("Rss:"), pss_kib: kib("Pss:"), private_kib: kib("Private_Clean:") + kib("Private_Dirty:") }
}

/// Memory of a process and all its descendants.
pub fn memory_of_tree(pid: u32) -> Memory {
    descendants(pid).into_iter().map(memory).fold(memory(pid), |sum, one| sum + one)
}

/// Context switches, voluntary and not, of all threads of a process so far. Those of ended threads are not included.
pub fn context_switches(pid: u32) -> u64 {
    let tasks =
        fs::read_dir(proc_file(pid, "task")).unwrap_or_else(|e| panic!("cannot read the threads of {pid}: {e}"));
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
        .map(|status| value(&status, "voluntary_ctxt_switches:") + value(&status, "nonvoluntary_ctxt_switches:"))
        .sum()
}

/// Processor time of a process so far, user and system, in clock ticks (100 a second on Linux).
pub fn cpu_ticks(pid: u32) -> u64 {
    stat(pid).unwrap_or_else(|| panic!("process {pid} has ended")).ticks
}

/// The TCP ports on which a process listens, in ascending order.
pub fn listening_ports(pid: u32) -> Vec<u16> {
    let open = fs::read_dir(proc_file(pid, "fd")).unwrap_or_else(|e| panic!("cannot read the files of {pid}: {e}"));
    let links = open.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    let sockets: Vec<String> =
        links.filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let mut ports: Vec<u16> = ["net/tcp", "net/tcp6"]
        .iter()
        .flat_map(|table| {
            let table = fs::read_to_string(proc_file(pid, table)).unwrap_or_default();
            table.lines().filter_map(|line| listener(line, &sockets)).collect::<Vec<_>>()
        })
        .collect();
    ports.sort_unstable();
    ports
}

/// The port of a line of `/proc/<pid>/net/tcp`, if the line is one of these sockets and listening.
fn listener(line: &str, sockets: &[String]) -> Option<u16> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, local, _, state, ..] = fields.as_slice() else { return None };
    let inode = fields.get(9)?;
    let port = local.rsplit_once(':')?.1;
    (*state == LISTEN && sockets.iter().any(|socket| socket == inode))
        .then(|| u16::from_str_radix(port, 16).ok())
        .flatten()
}

struct Stat {
    state: char,
    parent: u32,
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let stat = fs::read_to_string(proc_file(pid, "stat")).ok()?;
    // The name is in parentheses and may itself contain spaces and parentheses.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse().ok();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(11).unwrap_or(0) + number(12).unwrap_or(0),
    })
}

fn all_pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc is there");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn value(lines: &str, field: &str) -> u64 {
    let of = |line: &str| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok();
    lines.lines().find_map(of).unwrap_or(0)
}

fn split_at_nul(pid: u32, file: &str) -> Vec<String> {
    let bytes = fs::read(proc_file(pid, file)).unwrap_or_default();
    bytes
        .split(|byte| *byte == 0)
        .filter(|part| !part.is_empty())
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect()
}

fn proc_file(pid: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}
