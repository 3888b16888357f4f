//! What the packages of Holdoff are made of: a CycloneDX SBOM, and the copyright notices and licences of others.
//!
//! Both come from one list: the crates that are linked into the three programs, as `cargo tree` names them for the very
//! invocations that build them, and the npm packages whose code is in the pages. Nothing is looked up on a network: the
//! licences are read from the sources that the build used.

mod component;
mod crates;
mod cyclonedx;
mod notices;
mod npm;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

const HELP: &str = "\
holdoff-sbom --root DIR --out DIR --timestamp TIME [--cargo ARGUMENTS]...

Writes holdoff.cdx.json and THIRD-PARTY-NOTICES.txt into --out. Each --cargo names the packages and features of one
invocation of cargo, separated by spaces.";

struct Arguments {
    root: PathBuf,
    out: PathBuf,
    timestamp: String,
    invocations: Vec<Vec<String>>,
}

fn main() -> Result<()> {
    let arguments = parse(std::env::args().skip(1))?;
    let Arguments { root, out, timestamp, invocations } = &arguments;
    let mut components = crates::linked(root, invocations)?;
    components.extend(npm::bundled(&root.join("ui"))?);
    components.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    write(&out.join("holdoff.cdx.json"), &cyclonedx::render(&components, timestamp)?)?;
    write(&out.join("THIRD-PARTY-NOTICES.txt"), &notices::render(&components)?)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn parse(args: impl Iterator<Item = String>) -> Result<Arguments> {
    let (mut root, mut out, mut timestamp, mut invocations) = (None, None, None, Vec::new());
    let mut args = args;
    while let Some(name) = args.next() {
        let value = args.next().with_context(|| format!("`{name}` needs a value.\n\n{HELP}"))?;
        match name.as_str() {
            "--root" => root = Some(PathBuf::from(value)),
            "--out" => out = Some(PathBuf::from(value)),
            "--timestamp" => timestamp = Some(value),
            "--cargo" => invocations.push(value.split(' ').map(str::to_owned).collect()),
            _ => bail!("Unknown argument `{name}`.\n\n{HELP}"),
        }
    }
    match (root, out, timestamp) {
        (Some(root), Some(out), Some(timestamp)) => Ok(Arguments { root, out, timestamp, invocations }),
        _ => bail!("{HELP}"),
    }
}
