//! `cargo xtask test`: runs all checks, those that fail soonest first.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::build::WINDOW;
use crate::packages::Purpose;
use crate::project::{Profile, Project};
use crate::{UsageError, bench, boundaries, setup, simulate, toolchain, ui, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask test [--only STEP]...

Installs what tests need, then runs every check in this order and stops at the first failure:

  setup       packages, Node.js, rustfmt, clippy
  format      cargo fmt --check
  ui-install  npm ci, if the installed packages do not match package-lock.json
  ui-lint     npm run lint
  ui-check    npm run check: types
  ui-test     npm run test
  ui-build    npm run build
  boundaries  no package depends on what its layer must not use, no source file is over 400 lines, and no provider is named
              outside its own rooms
  clippy      warnings are errors
  laws        fifty simulated account-years, and every deliberate break of a law noticed
  footprint   the resident program in release mode: memory, file size and libraries within their limits
  build       the programs and all tests
  tests       all Rust tests, the desktop tests among them

--only STEP runs only that step, and can be repeated; `desktop` runs only the desktop tests.
The desktop tests use their own virtual screen. Set HOLDOFF_CHROMIUM to the browser for the page tests if it is not in the
PATH as chromium, chromium-browser or google-chrome.";

/// One check.
struct Step {
    name: &'static str,
    /// Whether it runs when no check is named.
    by_default: bool,
    run: fn(&Project) -> Result<()>,
}

const STEPS: [Step; 14] = [
    step("setup", |project| {
        setup::prepare(Purpose::Test)?;
        setup::check_namespaces()?;
        toolchain::check_rust_components(project)
    }),
    step("format", |project| project.cargo("fmt").args(["--all", "--check"]).no_input().run()),
    step("ui-install", ui::install),
    step("ui-lint", |project| ui::script(project, "lint")),
    step("ui-check", |project| ui::script(project, "check")),
    step("ui-test", ui::test),
    step("ui-build", ui::build),
    step("boundaries", boundaries::check),
    step("clippy", clippy),
    step("laws", simulate::test),
    step("footprint", bench::footprint),
    step("build", build),
    step("tests", |project| tests(project, &[])),
    Step { name: "desktop", by_default: false, run: |project| tests(project, &["--test", "desktop"]) },
];

const fn step(name: &'static str, run: fn(&Project) -> Result<()>) -> Step {
    Step { name, by_default: true, run }
}

/// The packages that are built and tested together: cargo merges the features that all packages of one invocation need, so
/// any other selection would compile tokio and others again. The windows and the floor are excluded because their Tauri
/// features must not reach the app.
const TESTED: [&str; 5] = ["--workspace", "--exclude", "holdoff-floor", "--exclude", "holdoff-window"];

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let chosen = choose(args)?;
    let mut done: Vec<(&str, Duration)> = Vec::new();
    let start = Instant::now();
    for step in chosen {
        println!("\n== {}", step.name);
        let begin = Instant::now();
        (step.run)(project).with_context(|| {
            let after = in_words(begin.elapsed());
            format!("the step `{name}` failed after {after} (again: cargo xtask test --only {name})", name = step.name)
        })?;
        println!("== {}: passed in {}", step.name, in_words(begin.elapsed()));
        done.push((step.name, begin.elapsed()));
    }
    println!("\n{}", summary(&done, start.elapsed()));
    Ok(())
}

fn clippy(project: &Project) -> Result<()> {
    for packages in [&TESTED[..], &WINDOW, &["--package", "holdoff-floor"]] {
        let checks = ["--all-targets", "--", "-D", "warnings"];
        project.cargo("clippy").arg("--locked").args(packages).args(checks).no_input().run()?;
    }
    Ok(())
}

fn build(project: &Project) -> Result<()> {
    for packages in [&TESTED[..], &WINDOW] {
        project.cargo("build").arg("--locked").args(packages).args(["--bins", "--tests"]).no_input().run()?;
    }
    Ok(())
}

fn tests(project: &Project, which: &[&str]) -> Result<()> {
    let test =
        || project.cargo("test").arg("--locked").env("HOLDOFF_BIN_DIR", project.programs(Profile::Dev)).no_input();
    if which.is_empty() {
        // The same targets as in the build, so that nothing is rebuilt.
        test().args(WINDOW).args(["--bins", "--tests"]).run()?;
    }
    test().args(TESTED).args(which).run()
}

fn choose(args: &[String]) -> Result<Vec<&'static Step>> {
    let mut names = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => names.push(args.next().ok_or_else(|| value_missing("--only", "the name of a step"))?),
            other => return Err(unknown_argument("test", other)),
        }
    }
    if names.is_empty() {
        return Ok(STEPS.iter().filter(|step| step.by_default).collect());
    }
    let named = |name: &&String| {
        let step = STEPS.iter().find(|step| step.name == name.as_str());
        step.ok_or_else(|| {
            UsageError(format!("there is no step `{name}`; `cargo xtask test --help` lists them.")).into()
        })
    };
    names.iter().map(named).collect()
}

/// The summary of a run in which everything passed: the slowest steps, and a line that log parsers can count.
fn summary(done: &[(&str, Duration)], total: Duration) -> String {
    let mut slowest = done.to_vec();
    slowest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    let mut said = format!("All passed in {}.", in_words(total));
    if done.len() > 1 {
        let slowest = slowest.iter().take(4).map(|(name, took)| format!("{name} {}", in_words(*took)));
        said += &format!(" Slowest: {}.", slowest.collect::<Vec<_>>().join(", "));
    }
    format!("{said}\nsteps: {} passed, 0 failed", done.len())
}

fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(args: &[&str]) -> Option<Vec<&'static str>> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Some(choose(&args).ok()?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_default_to_all_unless_selected_with_only() {
        let all = chosen(&[]).unwrap_or_default();
        assert_eq!(all.first(), Some(&"setup"));
        assert_eq!(all.last(), Some(&"tests"));
        assert!(!all.contains(&"desktop"), "the desktop tests are among all the tests already");
        assert_eq!(chosen(&["--only", "desktop", "--only", "format"]), Some(vec!["desktop", "format"]));
    }

    #[test]
    fn steps_unknown_are_rejected() {
        for refused in [&["--only"][..], &["--only", "lunch"], &["format"], &["--all"]] {
            assert_eq!(chosen(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn steps_are_all_in_the_help() {
        for step in &STEPS {
            assert!(HELP.contains(step.name), "{}", step.name);
        }
    }

    #[test]
    fn summary_lists_the_slowest_steps_first_with_counts() {
        let seconds = Duration::from_secs;
        let done = [("format", seconds(2)), ("clippy", seconds(125)), ("tests", seconds(60))];
        assert_eq!(
            summary(&done, seconds(187)),
            "All passed in 3 min 07 s. Slowest: clippy 2 min 05 s, tests 1 min 00 s, format 2.0 s.\n\
             steps: 3 passed, 0 failed"
        );
    }
}
