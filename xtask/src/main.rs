//! `cargo xtask`: the tasks of developers and CI in this repository.
//!
//! Each command is a module; `setup` installs requirements, `cmd` runs other programs.

#![allow(clippy::print_stdout, reason = "telling a person what goes on is this program's work")]

mod bare_system;
mod bench;
mod boundaries;
mod build;
mod changelog;
mod clean_system;
mod cmd;
#[cfg(test)]
mod documented_paths;
mod fingerprint;
mod fuzz;
mod law_mutations;
mod manifests;
mod model;
mod module_cycles;
mod mutants;
mod package;
mod packages;
mod project;
mod provider_names;
mod real_clients;
mod run;
mod setup;
mod shots;
mod simulate;
mod test;
mod toolchain;
mod ui;
mod update_list;
mod windows_tests;

use std::process::ExitCode;

use anyhow::Result;

use crate::project::Project;

const HELP: &str = "\
cargo xtask COMMAND

  run     install what is missing, build Holdoff and start it
  test    install what tests need and run every check: formatting, lints, UI, Rust, desktop
  build   install what is missing and build Holdoff without starting it
  package build the packages of a release: .deb, .rpm, .tar.gz, checksums, SBOM
  clean-system  install, upgrade and remove the packages on minimal systems
  windows-tests run the tests that also apply to Windows, under Wine
  manifests     fill in the AUR, Homebrew and winget manifests of a release
  update-list   write the release list for update checks, to be signed
  release-notes print the section of CHANGELOG.md for a tag
  bench   measure Holdoff against an empty Tauri tray app built from the same lock file
  fuzz    fuzz every parser and the state files
  model   check the laws in every order of events, within small bounds
  simulate run simulated worlds, with every law checked at every step
  mutants run mutation tests on the core
  shots   take the screenshots of the documentation
  real-clients  run the real Claude Code next to Holdoff, without a network
  setup   only install what is missing

See cargo xtask COMMAND --help.
CARGO_TARGET_DIR works as with cargo itself.";

/// The exit code for an invalid command line: EX_USAGE of sysexits.
const EXIT_USAGE: u8 = 64;

/// A command: its name, its help, and its action on the arguments after its name.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&Project, &[String]) -> Result<()>,
}

const COMMANDS: [Command; 17] = [
    Command { name: "run", help: run::HELP, run: run::run },
    Command { name: "test", help: test::HELP, run: test::run },
    Command { name: "build", help: build::HELP, run: build::run },
    Command { name: "package", help: package::HELP, run: package::run },
    Command { name: "clean-system", help: clean_system::HELP, run: clean_system::run },
    Command { name: "windows-tests", help: windows_tests::HELP, run: windows_tests::run },
    Command { name: "manifests", help: manifests::HELP, run: manifests::run },
    Command { name: "update-list", help: update_list::HELP, run: update_list::run },
    Command { name: "release-notes", help: changelog::HELP, run: changelog::run },
    Command { name: "simulate", help: simulate::HELP, run: simulate::run },
    Command { name: "bench", help: bench::HELP, run: bench::run },
    Command { name: "fuzz", help: fuzz::HELP, run: fuzz::run },
    Command { name: "model", help: model::HELP, run: model::run },
    Command { name: "mutants", help: mutants::HELP, run: mutants::run },
    Command { name: "real-clients", help: real_clients::HELP, run: real_clients::run },
    Command { name: "shots", help: shots::HELP, run: shots::run },
    Command { name: "setup", help: setup::HELP, run: setup::run },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let Some((name, rest)) = args.split_first() else {
        eprintln!("{HELP}");
        return ExitCode::from(EXIT_USAGE);
    };
    if asks_for_help(name) || name == "help" {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("There is no command `{name}`.\n\n{HELP}");
        return ExitCode::from(EXIT_USAGE);
    };
    if rest.first().is_some_and(|arg| asks_for_help(arg)) {
        println!("{}", command.help);
        return ExitCode::SUCCESS;
    }
    match Project::find().and_then(|project| (command.run)(&project, rest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask {name}: {error}");
            error.chain().skip(1).for_each(|cause| eprintln!("  caused by: {cause}"));
            match error.downcast_ref::<UsageError>() {
                Some(_) => ExitCode::from(EXIT_USAGE),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn asks_for_help(arg: &str) -> bool {
    arg == "--help" || arg == "-h"
}

/// Arguments that a command does not accept.
#[derive(Debug)]
struct UsageError(String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The error for an argument that `command` does not accept.
fn unknown_argument(command: &str, arg: &str) -> anyhow::Error {
    UsageError(format!("Unknown argument `{arg}`; see `cargo xtask {command} --help`.")).into()
}

/// The error for an option without its value.
fn value_missing(option: &str, value: &str) -> anyhow::Error {
    UsageError(format!("`{option}` needs {value} after it.")).into()
}
