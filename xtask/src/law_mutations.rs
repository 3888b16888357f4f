//! Checks that the laws detect errors: the core is broken on purpose, one break at a time, and run in the same worlds.
//!
//! The breaks are switches in a copy of the core and of the simulation. The core itself contains none of them.

mod list;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::cmd::Cmd;
use crate::project::Project;
use list::breaks;

/// A break that shows in none of this many worlds counts as undetected.
const WORLDS: usize = 60;

/// The width of the column that describes the break.
const WIDTH: usize = 62;

/// A deliberate break, and the failure by which it must be detected.
#[derive(Debug)]
struct Break {
    failure: Failure,
    what: &'static str,
    changes: [Option<Change>; 3],
}

/// How a world fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// This law is broken.
    Law(u8),
    /// The world never comes to rest, and time almost stands still.
    Restless,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Law(law) => write!(f, "a break of law {law}"),
            Self::Restless => f.write_str("unrest"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Change {
    /// The path below the core's `src`.
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

impl Change {
    /// Applies the change; `number` is the index of the break in the list.
    fn apply(&self, number: usize, text: &str) -> Result<String> {
        let found = text.matches(self.from).count();
        ensure!(found == 1, "`{}` occurs {found} times in core/src/{}", self.from, self.file);
        Ok(text.replacen(self.from, &self.to.replace("ON", &format!("crate::broken({number})")), 1))
    }
}

const fn one(law: u8, what: &'static str, change: Change) -> Break {
    Break { failure: Failure::Law(law), what, changes: [Some(change), None, None] }
}

const fn restless(what: &'static str, change: Change) -> Break {
    Break { failure: Failure::Restless, what, changes: [Some(change), None, None] }
}

const fn change(file: &'static str, from: &'static str, to: &'static str) -> Change {
    Change { file, from, to }
}

/// Added to the copy of the core.
const SWITCH: &str = r#"
/// Whether this break is on.
pub(crate) fn broken(number: usize) -> bool {
    static BROKEN: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    let read = || std::env::var("HOLDOFF_BREAK").ok().and_then(|number| number.parse().ok());
    *BROKEN.get_or_init(read) == Some(number)
}
"#;

/// Runs the simulation with each break until it detects the break.
///
/// # Errors
/// Fails if a break is not detected or is reported as another failure.
pub fn run(project: &Project) -> Result<()> {
    let program = build(project)?;
    println!("\n{:>3}  {:<WIDTH$} {:>6} {:>8}", "law", "break", "worlds", "seconds");
    let mut missed = Vec::new();
    for (number, Break { failure, what, .. }) in breaks().enumerate() {
        let begin = Instant::now();
        let said = Cmd::new(&program)
            .args(["--lines", "0", "--seeds"])
            .arg(WORLDS.to_string())
            .env("HOLDOFF_BREAK", number.to_string())
            .read_anyway()?;
        let seen = seen(&said);
        let law = match failure {
            Failure::Law(law) => law.to_string(),
            Failure::Restless => String::new(),
        };
        let worlds = seen.map_or("none".to_owned(), |(seed, _)| seed.to_string());
        println!("{law:>3}  {what:<WIDTH$} {worlds:>6} {:>8.1}", begin.elapsed().as_secs_f64());
        match seen {
            Some((_, seen)) if seen == *failure => {}
            Some((_, seen)) => missed.push(format!("that {what} was reported as {seen}")),
            None => missed.push(format!("that {what} was not noticed in {WORLDS} worlds")),
        }
    }
    if !missed.is_empty() {
        bail!("not every break was noticed: {}", missed.join("; "));
    }
    println!("Every break was noticed as a break of its law.");
    Ok(())
}

/// The seed of the first failed world, which equals the number of worlds needed, and its failure.
fn seen(said: &str) -> Option<(u64, Failure)> {
    let (seed, rest) = said.lines().find_map(|line| line.strip_prefix("seed ")?.split_once(" broke law "))?;
    let (law, why) = rest.split_once(": ")?;
    let failure =
        if why.starts_with("it does not come to rest") { Failure::Restless } else { Failure::Law(law.parse().ok()?) };
    Some((seed.trim().parse().ok()?, failure))
}

fn build(project: &Project) -> Result<PathBuf> {
    let dir = project.target().join("breaks");
    let copy = dir.join("copy");
    if copy.exists() {
        fs::remove_dir_all(&copy).context("an earlier copy could not be removed")?;
    }
    let sources = project.root().join("src-tauri");
    for name in ["core", "sim"] {
        copy_crate(&sources.join(name), &copy.join(name))?;
    }
    write(&copy.join("Cargo.toml"), &workspace(&read(&project.root().join("Cargo.toml"))?)?)?;
    fs::copy(project.root().join("Cargo.lock"), copy.join("Cargo.lock")).context("Cargo.lock could not be copied")?;
    break_all(&copy.join("core/src"))?;
    let built = dir.join("target");
    project
        .cargo("build")
        .args(["--quiet", "--profile", "simulation", "--bin", "holdoff-simulate", "--manifest-path"])
        .arg(copy.join("Cargo.toml"))
        .hidden_env("CARGO_TARGET_DIR", &built)
        .no_input()
        .run()?;
    Ok(built.join("simulation").join(format!("holdoff-simulate{}", std::env::consts::EXE_SUFFIX)))
}

fn break_all(sources: &Path) -> Result<()> {
    for (file, text) in broken_files(sources)? {
        write(&sources.join(file), &text)?;
    }
    let lib = sources.join("lib.rs");
    write(&lib, &(read(&lib)? + SWITCH))
}

/// The changed files, each with all of its breaks.
fn broken_files(sources: &Path) -> Result<BTreeMap<&'static str, String>> {
    let mut files = BTreeMap::new();
    for (number, broken) in breaks().enumerate() {
        for change in broken.changes.iter().flatten() {
            let text = files.remove(change.file).map_or_else(|| read(&sources.join(change.file)), Ok)?;
            files.insert(change.file, change.apply(number, &text)?);
        }
    }
    Ok(files)
}

/// The workspace of the copy: the repository's workspace with only the two members.
fn workspace(manifest: &str) -> Result<String> {
    let begin = manifest.find("[workspace.package]").context("Cargo.toml has no [workspace.package]")?;
    let package = manifest.find("\n[package]").context("Cargo.toml has no [package]")?;
    let shared = manifest.get(begin..package).context("[package] comes before [workspace.package]")?;
    let shared = shared.replace("\"src-tauri/", "\"");
    Ok(format!("[workspace]\nmembers = [\"core\", \"sim\"]\nresolver = \"3\"\n\n{shared}"))
}

fn copy_crate(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} could not be made", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("{} could not be read", from.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(target) = path.file_name().map(|name| to.join(name)) else { continue };
        if path.is_dir() {
            copy_crate(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("{} could not be copied", path.display()))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("{} could not be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_mutations_cover_each_law_twice_and_apply_to_the_core() {
        for law in 1..=18 {
            assert!(breaks().filter(|broken| broken.failure == Failure::Law(law)).count() >= 2, "{law}");
        }
        broken_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/core/src")).unwrap();
    }

    #[test]
    fn simulation_output_is_parsed() {
        let said = "12.0 account-years\n\nseed 7 broke law 13: the usage gate is open after 3.4 days\n";
        assert_eq!(seen(said), Some((7, Failure::Law(13))));
        let said = "seed 1 broke law 11: it does not come to rest after 0.0 days\n";
        assert_eq!(seen(said), Some((1, Failure::Restless)));
        assert_eq!(seen("No law was broken.\n"), None);
    }

    #[test]
    fn workspace_copy_lists_only_the_built_members() {
        let manifest =
            workspace("[workspace]\nx\n[workspace.package]\ny\nc = { path = \"src-tauri/core\" }\n[package]\nz");
        assert_eq!(
            manifest.unwrap(),
            "[workspace]\nmembers = [\"core\", \"sim\"]\nresolver = \"3\"\n\n[workspace.package]\ny\nc = { path = \"core\" }"
        );
    }
}
