//! The crates that are linked into the programs.

use crate::component::{Component, Ecosystem, Hash, purl};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

type Id = (String, String);

/// What `cargo tree` names for these invocations, without procedural macros, build scripts and packages of this repository.
pub fn linked(root: &Path, invocations: &[Vec<String>]) -> Result<Vec<Component>> {
    let mut ids = BTreeSet::new();
    for invocation in invocations {
        let tree = ["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
        let said = cargo(root, tree.iter().copied().chain(invocation.iter().map(String::as_str)))?;
        ids.extend(said.lines().filter_map(third_party));
    }
    if ids.is_empty() {
        bail!("`cargo tree` names no crate of others.");
    }
    let metadata = cargo(root, ["metadata", "--locked", "--format-version", "1"].into_iter())?;
    let metadata: Value = serde_json::from_str(&metadata).context("`cargo metadata` cannot be read")?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock cannot be read")?;
    let (packages, uses, hashes) = (packages(&metadata), uses(&metadata), checksums(&lock));
    ids.iter()
        .map(|id| {
            let package = packages.get(id).with_context(|| format!("cargo knows no package {} {}", id.0, id.1))?;
            let all = uses.get(id).into_iter().flatten();
            let uses =
                all.filter(|used| ids.contains(*used)).map(|(name, version)| purl(Ecosystem::Cargo, name, version));
            component(id, package, hashes.get(id), uses.collect())
        })
        .collect()
}

fn cargo<'a>(root: &Path, arguments: impl Iterator<Item = &'a str>) -> Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(arguments).current_dir(root).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// "serde v1.0.229 (*)"; not "holdoff-core v0.1.0 (/a/path)".
fn third_party(line: &str) -> Option<Id> {
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    words.all(|word| word == "(*)").then(|| (name.to_owned(), version.to_owned()))
}

fn id(package: &Value) -> Option<Id> {
    Some((package["name"].as_str()?.to_owned(), package["version"].as_str()?.to_owned()))
}

fn packages(metadata: &Value) -> BTreeMap<Id, &Value> {
    let all = metadata["packages"].as_array().into_iter().flatten();
    all.filter_map(|package| Some((id(package)?, package))).collect()
}

fn uses(metadata: &Value) -> BTreeMap<Id, Vec<Id>> {
    let all = metadata["packages"].as_array().into_iter().flatten();
    let names: BTreeMap<&str, Id> = all.filter_map(|package| Some((package["id"].as_str()?, id(package)?))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().into_iter().flatten();
    nodes
        .filter_map(|node| {
            let normal = |used: &&Value| used["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(is_normal));
            let used = node["deps"].as_array()?.iter().filter(normal);
            let used = used.filter_map(|used| names.get(used["pkg"].as_str()?).cloned());
            Some((names.get(node["id"].as_str()?)?.clone(), used.collect()))
        })
        .collect()
}

fn is_normal(kind: &Value) -> bool {
    kind["kind"].is_null()
}

/// From Cargo.lock, whose form is fixed: a name, a version, a source and a checksum, a line each.
fn checksums(lock: &str) -> BTreeMap<Id, String> {
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let of = |block: &str| Some(((field(block, "name")?, field(block, "version")?), field(block, "checksum")?));
    lock.split("[[package]]").filter_map(of).collect()
}

fn component(id: &Id, package: &Value, hash: Option<&String>, uses: Vec<String>) -> Result<Component> {
    let text = |name: &str| package[name].as_str().map(str::to_owned);
    let manifest = text("manifest_path").map(PathBuf::from);
    let source = manifest.as_deref().and_then(Path::parent).context("a package has no folder")?.to_owned();
    let authors = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Ok(Component {
        ecosystem: Ecosystem::Cargo,
        name: id.0.clone(),
        version: id.1.clone(),
        // An older way to write OR.
        licence: text("license").with_context(|| format!("{} names no licence", id.0))?.replace('/', " OR "),
        repository: text("repository"),
        authors: authors.collect(),
        hash: hash.map(|hex| Hash { algorithm: "SHA-256", hex: hex.clone() }),
        source,
        uses,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn third_party_crates_exclude_workspace_members() {
        let of = |line| third_party(line).map(|(name, version)| format!("{name} {version}"));
        assert_eq!(of("serde v1.0.229").as_deref(), Some("serde 1.0.229"));
        assert_eq!(of("serde v1.0.229 (*)").as_deref(), Some("serde 1.0.229"));
        assert_eq!(of("holdoff-core v0.1.0 (/home/ann/holdoff/src-tauri/core)"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn checksums_are_read_from_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"s\"\nchecksum = \"0f\"\n\n\
                    [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n";
        assert_eq!(checksums(lock), BTreeMap::from([(("a".into(), "1.0.0".into()), "0f".into())]));
    }
}
