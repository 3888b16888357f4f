//! `cargo xtask real-clients`: tests the real Claude Code beside Holdoff, without a network.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::cmd::Cmd;
use crate::project::{Profile, Project};
use crate::{UsageError, toolchain, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask real-clients [--rounds N] [--version V]

Installs Claude Code (2.1.332, or V) from the npm registry into its own cache ($XDG_CACHE_HOME/holdoff-real-clients) and
runs it next to Holdoff against a fake Anthropic: renewal races, slowed writes, kills, signing in and out, the status
line and the cache. Everything runs in a network namespace with only loopback, so no real server is contacted. Claude
Code reaches the fake through a proxy that terminates TLS with a test certificate.
Prints a table. N is the number of repetitions (10); most parts run once or half as often, races four times as often.
Needs Linux, and root or user namespaces. A run with N = 10 takes about a quarter of an hour.";

const PACKAGE: &str = "@anthropic-ai/claude-code";
const VERSION: &str = "2.1.332";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let options = parse(args)?;
    if !cfg!(target_os = "linux") {
        bail!("network namespaces exist only on Linux.");
    }
    toolchain::check_node()?;
    let claude = install(&options.version)?;
    project.cargo("build").args(["--locked", "-p", "holdoff-cli"]).no_input().run()?;
    let test = ["test", "--locked", "--offline", "-p", "holdoff-engine", "--test", "renewal"];
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    project.cargo("test").args(&test[1..2]).args(&test[3..]).arg("--no-run").no_input().run()?;
    apart()?
        .arg(cargo)
        .args(test)
        .args(["--", "--ignored", "--exact", "--nocapture", TEST])
        .dir(project.root())
        .hidden_env("CARGO_TARGET_DIR", project.target())
        .env("HOLDOFF_REAL_CLAUDE", claude)
        .env("HOLDOFF_REAL_ROUNDS", options.rounds.to_string())
        .env("HOLDOFF_BIN_DIR", project.programs(Profile::Dev))
        .no_input()
        .run()
}

const TEST: &str = "real::real_claude_code_and_holdoff_coexist";

/// Unpacks the program from the npm package for this machine. Package scripts are not run.
fn install(version: &str) -> Result<PathBuf> {
    let folder = cache()?.join("holdoff-real-clients").join(version);
    let machine = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("there is no Claude Code for {other}."),
    };
    let libc = if cfg!(target_env = "musl") { "-musl" } else { "" };
    let claude = folder.join(format!("node_modules/{PACKAGE}-linux-{machine}{libc}/claude"));
    if !claude.is_file() {
        Cmd::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&folder)
            .arg(format!("{PACKAGE}@{version}"))
            .no_input()
            .run()?;
    }
    if !claude.is_file() {
        bail!("npm installed {PACKAGE} {version}, but there is no {}.", claude.display());
    }
    Ok(claude)
}

fn cache() -> Result<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let home = env::home_dir().map(|home| home.join(".cache"));
    named.or(home).context("there is no home folder, and no XDG_CACHE_HOME, to keep Claude Code in")
}

/// Wraps a command, so that it has only the loopback network.
fn apart() -> Result<Cmd> {
    let root = Cmd::new("id").arg("-u").read()?.trim() == "0";
    let user: &[&str] = if root { &[] } else { &["--user", "--map-root-user"] };
    let up = "ip link set lo up && exec \"$@\"";
    Ok(Cmd::new("unshare").arg("--net").args(user).args(["--", "sh", "-c", up, "sh"]))
}

struct Options {
    rounds: usize,
    version: String,
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options { rounds: 10, version: VERSION.to_owned() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => {
                let rounds = args.next().ok_or_else(|| value_missing("--rounds", "a number"))?;
                let wrong = || UsageError(format!("`--rounds {rounds}` is not a number of rounds."));
                options.rounds = rounds.parse().ok().filter(|rounds| *rounds > 0).ok_or_else(wrong)?;
            }
            "--version" => {
                let version = args.next().ok_or_else(|| value_missing("--version", "a version"))?;
                let plain = version.starts_with(|c: char| c.is_ascii_digit())
                    && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
                if !plain {
                    return Err(
                        UsageError(format!("`--version {version}` is not a version, such as {VERSION}.")).into()
                    );
                }
                options.version.clone_from(version);
            }
            other => return Err(unknown_argument("real-clients", other)),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_clients_arguments_are_parsed_or_rejected() {
        let parse = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            parse(&args).ok().map(|options| (options.rounds, options.version))
        };
        assert_eq!(parse(&[]), Some((10, VERSION.to_owned())));
        assert_eq!(parse(&["--rounds", "3", "--version", "2.2.0"]), Some((3, "2.2.0".to_owned())));
        for wrong in [&["--rounds"][..], &["--rounds", "0"], &["--rounds", "x"], &["--version", "../x"], &["now"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
