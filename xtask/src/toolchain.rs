//! The tools that this program itself requires: Node.js with npm, and rustup's components.

use anyhow::{Context, Result, bail};

use crate::cmd::Cmd;
use crate::project::Project;

/// Node.js's package manager. On Windows it is a script, which is only found with its extension.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

const NODE_WANTED: &str = "Node.js 20.19 or newer (of the 22 series 22.12 or newer) with npm builds the UI";
const NODE_WHERE: &str = "Install it from the distribution or from nodejs.org, then start again.";

/// Checks that Node.js is installed and new enough for the tools that build the UI.
pub fn check_node() -> Result<()> {
    let said = Cmd::new("node")
        .arg("--version")
        .read()
        .with_context(|| format!("{NODE_WANTED}, and there is none in the PATH. {NODE_WHERE}"))?;
    let Some(version) = parse_version(&said) else {
        bail!("`node --version` prints {:?}, which is not a version. {NODE_WHERE}", said.trim());
    };
    if !is_new_enough(version) {
        bail!("{NODE_WANTED}; here is {}. {NODE_WHERE}", said.trim());
    }
    if !Cmd::new(NPM).arg("--version").succeeds() {
        bail!("Node.js is installed without npm, which the UI build needs. Install npm, then start again.");
    }
    Ok(())
}

/// Checks that rustfmt and clippy are installed.
pub fn check_rust_components(project: &Project) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !project.cargo(subcommand).arg("--version").succeeds() {
            bail!("`cargo {subcommand}` is not installed. Install it with `rustup component add {component}`.");
        }
    }
    Ok(())
}

/// Checks that `cargo NAME` is installed, and otherwise installs this version from crates.io.
pub fn install_cargo_tool(project: &Project, name: &str, version: &str) -> Result<()> {
    if project.cargo(name).arg("--version").succeeds() {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    project.cargo("install").args(["--locked", "--version", version, &package]).no_input().run().with_context(|| {
        format!("`cargo {name}` is not installed, and could not be: without a network, bring {package} {version} here")
    })
}

/// The major and minor numbers of a version such as "v20.19.1".
fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The versions that vite 8 supports, from `engines` in its package.json.
fn is_new_enough((major, minor): (u32, u32)) -> bool {
    match major {
        0..=19 | 21 => false,
        20 => minor >= 19,
        22 => minor >= 12,
        23.. => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_version_output_is_parsed() {
        assert_eq!(parse_version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(parse_version("v24.0.0-nightly"), Some((24, 0)));
        assert_eq!(parse_version("20.1.0"), None);
        assert_eq!(parse_version(""), None);
    }

    #[test]
    fn node_version_must_be_supported_by_vite() {
        for too_old in [(18, 20), (20, 18), (21, 7), (22, 11)] {
            assert!(!is_new_enough(too_old), "{too_old:?}");
        }
        for good in [(20, 19), (22, 12), (23, 0), (24, 1)] {
            assert!(is_new_enough(good), "{good:?}");
        }
    }
}
