//! `cargo xtask fuzz`: runs libFuzzer on every parser of outside input.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cmd::Cmd;
use crate::project::Project;
use crate::{UsageError, toolchain, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask fuzz [--minutes M] [--keep] [TARGET]...

Installs cargo-fuzz if it is missing, then fuzzes each target for M minutes (default 10), starting from the inputs in
tests/fuzz/corpus, and stops at the first finding. libFuzzer needs a C++ compiler.
Without a target, all of them:

  usage_answer  token_answer  error_body  credential  status_line  retry_after  settings  state_slots  slot_generations

--keep then writes the smallest set of inputs with the same coverage to tests/fuzz/corpus; `--minutes 0 --keep` does only
that. Every `cargo xtask test` also replays the corpus, with mutations.";

const CARGO_FUZZ: &str = "0.13.2";
/// No input needs more; an input that does is a finding.
const LIMITS: [&str; 3] = ["-rss_limit_mb=1024", "-timeout=10", "-max_len=65536"];

struct Options {
    minutes: u64,
    keep: bool,
    targets: Vec<String>,
}

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let ground = Ground::of(project);
    let options = parse(args, &ground.targets()?)?;
    toolchain::install_cargo_tool(project, "fuzz", CARGO_FUZZ)?;
    for target in &options.targets {
        fs::create_dir_all(ground.work(target)).context("the folder for new inputs could not be made")?;
        fs::create_dir_all(&ground.findings).context("the folder for findings could not be made")?;
        if options.minutes > 0 {
            ground.fuzz(project, target, options.minutes)?;
        }
        if options.keep {
            ground.keep(project, target)?;
        }
    }
    Ok(())
}

/// The folders for fuzzing.
struct Ground {
    dir: PathBuf,
    kept: PathBuf,
    target: PathBuf,
    findings: PathBuf,
}

impl Ground {
    fn of(project: &Project) -> Self {
        let fuzz = project.root().join("tests/fuzz");
        // A separate folder, because this build uses its own flags.
        let target = project.target().join("fuzz");
        Self { dir: fuzz.join("libfuzzer"), kept: fuzz.join("corpus"), findings: target.join("findings"), target }
    }

    /// The names of the fuzz targets: the folders of kept inputs.
    fn targets(&self) -> Result<Vec<String>> {
        let folders = fs::read_dir(&self.kept).context("tests/fuzz/corpus could not be read")?;
        let mut names: Vec<String> =
            folders.flatten().map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// The inputs that reached new code, kept from one run to the next.
    fn work(&self, target: &str) -> PathBuf {
        self.target.join("corpus").join(target)
    }

    /// Without sanitizers: they need a nightly compiler and find only errors that code without `unsafe` cannot have.
    fn cargo_fuzz(&self, project: &Project, subcommand: &str) -> Cmd {
        project
            .cargo("fuzz")
            .args([subcommand, "--sanitizer", "none", "--fuzz-dir"])
            .arg(&self.dir)
            .hidden_env("CARGO_TARGET_DIR", &self.target)
            .no_input()
    }

    fn fuzz(&self, project: &Project, target: &str, minutes: u64) -> Result<()> {
        println!("\n== {target}, {minutes} min");
        self.cargo_fuzz(project, "run")
            .arg(target)
            .args([self.work(target), self.kept.join(target)])
            .arg("--")
            .args(LIMITS)
            .args(["-verbosity=0", "-print_final_stats=1"])
            .arg(format!("-max_total_time={}", minutes * 60))
            .arg(format!("-dict={}", self.dir.join("words.dict").display()))
            .arg(format!("-artifact_prefix={}/{target}-", self.findings.display()))
            .run()
            .with_context(|| {
                let run = format!("cargo fuzz run --sanitizer none --fuzz-dir {} {target} FILE", self.dir.display());
                format!("{target} has a finding, unless it was stopped; `{run}` repeats it")
            })
    }

    /// Selects inputs by the code they reach, not by how often: this keeps tens of inputs instead of thousands.
    fn keep(&self, project: &Project, target: &str) -> Result<()> {
        let fewest = self.target.join("fewest").join(target);
        if fewest.exists() {
            fs::remove_dir_all(&fewest).context("an earlier choice of inputs could not be removed")?;
        }
        fs::create_dir_all(&fewest).context("the folder for the inputs to keep could not be made")?;
        self.cargo_fuzz(project, "run")
            .arg(target)
            .args([&fewest, &self.kept.join(target), &self.work(target)])
            .arg("--")
            .args(LIMITS)
            .args(["-merge=1", "-use_counters=0", "-verbosity=0"])
            .run()?;
        let added = add_missing(&fewest, &self.kept.join(target))?;
        println!("{target}: added {added} inputs to the corpus.");
        Ok(())
    }
}

/// Adds new inputs. The kept ones stay, with their names.
fn add_missing(from: &Path, to: &Path) -> Result<usize> {
    let contents = |dir: &Path| -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let entries = fs::read_dir(dir).with_context(|| format!("{} could not be read", dir.display()))?;
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).with_context(|| format!("{} could not be read", path.display()))?;
            Ok((path, bytes))
        };
        entries.flatten().map(|entry| read(entry.path())).collect()
    };
    let there = contents(to)?;
    let mut added = 0;
    for (path, bytes) in contents(from)? {
        let Some(name) = path.file_name().filter(|_| there.iter().all(|(_, kept)| *kept != bytes)) else { continue };
        fs::write(to.join(name), bytes).context("an input could not be kept")?;
        added += 1;
    }
    Ok(added)
}

fn parse(args: &[String], known: &[String]) -> Result<Options> {
    let mut options = Options { minutes: 10, keep: false, targets: Vec::new() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--minutes" => {
                let minutes = args.next().ok_or_else(|| value_missing("--minutes", "a number"))?;
                let wrong = || UsageError(format!("`--minutes {minutes}` is not a number of minutes."));
                options.minutes = minutes.parse().map_err(|_| wrong())?;
            }
            "--keep" => options.keep = true,
            target if known.iter().any(|name| name == target) => options.targets.push(target.to_owned()),
            other => return Err(unknown_argument("fuzz", other)),
        }
    }
    if options.targets.is_empty() {
        options.targets = known.to_vec();
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Option<(u64, bool, Vec<String>)> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let options = super::parse(&args, &["one".to_owned(), "two".to_owned()]).ok()?;
        Some((options.minutes, options.keep, options.targets))
    }

    #[test]
    fn fuzz_arguments_default_to_every_target() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(parse(&[]), Some((10, false, names(&["one", "two"]))));
        assert_eq!(parse(&["--minutes", "3", "two", "--keep"]), Some((3, true, names(&["two"]))));
        for wrong in [&["--minutes"][..], &["--minutes", "soon"], &["three"], &["--forever"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn fuzz_targets_are_in_the_help_and_have_a_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz");
        let ground = Ground {
            dir: root.join("libfuzzer"),
            kept: root.join("corpus"),
            target: PathBuf::new(),
            findings: PathBuf::new(),
        };
        let targets = ground.targets().unwrap();
        assert!(targets.len() >= 8);
        for target in targets {
            assert!(HELP.contains(&target), "{target}");
            assert!(ground.dir.join(format!("fuzz_targets/{target}.rs")).is_file(), "{target}");
        }
    }
}
