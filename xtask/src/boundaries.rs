//! Checks the layout's prohibitions: dependencies that a package must not have, import cycles, source files that are too long,
//! and code that names a provider outside the provider's own rooms.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::module_cycles;
use crate::project::Project;
use crate::provider_names;

/// A source file has one reason to exist and at most this many lines.
const LINES_MAX: usize = 400;
/// The folders with source files. Tools write their output to other folders.
const SOURCES: [&str; 5] = ["src-tauri", "tests", "ui/src", "ui/tests", "xtask"];

/// The crates that must have no import cycles.
const CRATES: [&str; 8] = [
    "src-tauri/core/src",
    "src-tauri/engine/src",
    "src-tauri/cli/src",
    "src-tauri/src",
    "src-tauri/window/src",
    "src-tauri/sim/src",
    "src-tauri/model/src",
    "xtask/src",
];

/// What a package must not have among its normal dependencies, direct or transitive.
struct Boundary {
    package: &'static str,
    why: &'static str,
    /// Names of crates; one that ends with `*` is a prefix.
    never: &'static [&'static str],
    /// Features of a crate that must not be enabled.
    never_features: &'static [(&'static str, &'static str)],
}

const BOUNDARIES: &[Boundary] = &[
    Boundary {
        package: "holdoff-core",
        why: "it decides and does nothing: no I/O, no clock, no async",
        never: &[
            "tokio*",
            "async-*",
            "futures*",
            "reqwest",
            "hyper*",
            "rustls*",
            "tauri*",
            "wry",
            "gtk*",
            "zbus*",
            "notify",
            "chrono",
            "time",
            "fastrand",
            "rand*",
            "getrandom",
        ],
        // Either of them lets jiff read the clock.
        never_features: &[("jiff", "std"), ("jiff", "js")],
    },
    Boundary {
        package: "holdoff-cli",
        why: "a status line calls it every few hundred milliseconds, and what links a GUI takes a hundred",
        never: &["tauri*", "wry", "tao", "gtk*", "gdk*", "webkit2gtk*", "javascriptcore*", "soup*", "muda", "ksni"],
        never_features: &[("holdoff-core", "testing")],
    },
    #[cfg(target_os = "linux")]
    Boundary {
        package: "holdoff-tray",
        why: "it is resident, speaks to the bus itself, and no window system may end it or cost memory",
        never: &["tray-icon", "libappindicator*", "libxdo*", "wry", "tao"],
        never_features: &[("holdoff-core", "testing"), ("tauri", "wry"), ("tauri", "x11")],
    },
    #[cfg(target_os = "linux")]
    Boundary {
        package: "holdoff-window",
        why: "it shows what it is told, and asks nobody but the app",
        never: &["holdoff-tray", "ksni", "tauri-plugin-*", "zbus*"],
        never_features: &[],
    },
];

/// Checks the dependencies of every package that has a boundary.
pub fn check(project: &Project) -> Result<()> {
    let mut crossed = Vec::new();
    for boundary in BOUNDARIES {
        let tree = project
            .cargo("tree")
            .args(["--locked", "-e", "normal", "--prefix", "none", "--format", "{p}|{f}"])
            .args(["-p", boundary.package])
            .read()?;
        if !tree.starts_with(boundary.package) {
            bail!("`cargo tree` did not list the dependencies of {}, but said: {tree:?}", boundary.package);
        }
        let found = boundary.crossed_by(&tree);
        if found.is_empty() {
            println!("{} keeps its boundary ({}).", boundary.package, boundary.why);
        } else {
            crossed.push(format!(
                "{} must not depend on {}: {}. `cargo tree -p {} -i NAME` shows the path.",
                boundary.package,
                found.join(", "),
                boundary.why,
                boundary.package
            ));
        }
    }
    let long = SOURCES.iter().map(|folder| too_long(&project.root().join(folder))).collect::<Result<Vec<_>>>()?;
    crossed.extend(long.concat());
    let circles = CRATES.iter().map(|sources| module_cycles::find(&project.root().join(sources)));
    crossed.extend(circles.collect::<Result<Vec<_>>>()?.concat());
    crossed.extend(provider_names::find(project.root())?);
    if !crossed.is_empty() {
        bail!("{}", crossed.join("\n"));
    }
    Ok(())
}

/// A sentence for each source file below `folder` that has too many lines.
fn too_long(folder: &Path) -> Result<Vec<String>> {
    let mut long = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} could not be read", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            long.extend(too_long(&path)?);
        } else if path.extension().is_some_and(|end| ["rs", "ts", "svelte", "css"].iter().any(|known| end == *known)) {
            let lines = fs::read_to_string(&path)?.lines().count();
            if lines > LINES_MAX {
                long.push(format!("{} has {lines} lines; the limit is {LINES_MAX}.", path.display()));
            }
        }
    }
    Ok(long)
}

impl Boundary {
    /// The forbidden entries of `tree`, which has one `name version|feature,feature` per line.
    fn crossed_by(&self, tree: &str) -> Vec<String> {
        let mut found = Vec::new();
        for line in tree.lines() {
            let line = line.trim_end().trim_end_matches(" (*)");
            let (package, features) = line.split_once('|').unwrap_or((line, ""));
            let name = package.split_whitespace().next().unwrap_or_default();
            if self.never.iter().any(|pattern| matches(pattern, name)) {
                found.push(name.to_owned());
            }
            for (of, feature) in self.never_features {
                if name == *of && features.split(',').any(|has| has == *feature) {
                    found.push(format!("{name} with its feature {feature}"));
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDARY: Boundary = Boundary {
        package: "holdoff-core",
        why: "of the test",
        never: &["tokio*", "time"],
        never_features: &[("jiff", "std")],
    };

    #[test]
    fn forbidden_crate_is_reported_once() {
        let tree =
            "holdoff-core v0.1.0 (/src/core)|default\ntokio v1.54.1|rt\ntokio-util v0.7.1|\ntokio v1.54.1|rt (*)\n";
        assert_eq!(BOUNDARY.crossed_by(tree), ["tokio", "tokio-util"]);
    }

    #[test]
    fn forbidden_crate_names_match_whole_names_only() {
        assert!(BOUNDARY.crossed_by("time-core v0.1.8|\nruntime v1.0.0|\n").is_empty());
        assert_eq!(BOUNDARY.crossed_by("time v0.3.0|\n"), ["time"]);
    }

    #[test]
    fn forbidden_feature_matches_only_its_own_crate() {
        assert!(BOUNDARY.crossed_by("jiff v0.2.46|alloc,serde\nserde v1.0.229|std\n").is_empty());
        assert_eq!(BOUNDARY.crossed_by("jiff v0.2.46|alloc,std (*)\n"), ["jiff with its feature std"]);
    }

    #[test]
    fn source_file_over_the_line_limit_is_reported() {
        let dir = std::env::temp_dir().join(format!("holdoff-long-{}", std::process::id()));
        fs::create_dir_all(dir.join("deep")).unwrap();
        fs::write(dir.join("deep/long.rs"), "\n".repeat(LINES_MAX + 1)).unwrap();
        fs::write(dir.join("short.rs"), "\n".repeat(LINES_MAX)).unwrap();
        fs::write(dir.join("data.json"), "\n".repeat(LINES_MAX * 2)).unwrap();
        let long = too_long(&dir).unwrap();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(long.len(), 1, "{long:?}");
        assert!(long[0].contains("long.rs has 401 lines"), "{long:?}");
    }
}
