//! The npm packages whose code is in the pages.

use crate::component::{Component, Ecosystem, Hash, purl};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A compiler whose runtime is put into what it compiles; it stands among the development dependencies.
const COMPILED_IN: [&str; 1] = ["svelte"];

/// What the pages depend on, with all that those use, as package-lock.json has it.
pub fn bundled(ui: &Path) -> Result<Vec<Component>> {
    let lock = std::fs::read_to_string(ui.join("package-lock.json")).context("package-lock.json cannot be read")?;
    let lock: Value = serde_json::from_str(&lock).context("package-lock.json is not valid JSON")?;
    let packages = &lock["packages"];
    let mut wanted: Vec<String> = names(&packages[""]["dependencies"]);
    wanted.extend(COMPILED_IN.map(str::to_owned));
    let mut found = BTreeMap::new();
    while let Some(name) = wanted.pop() {
        let package = &packages[format!("node_modules/{name}")];
        // An optional one of another system is not installed.
        if package.is_null() || found.contains_key(&name) {
            continue;
        }
        wanted.extend(names(&package["dependencies"]));
        let component = component(ui, &name, package)?;
        found.insert(name, component);
    }
    let purls: BTreeMap<String, String> = found.iter().map(|(name, one)| (name.clone(), one.purl())).collect();
    let mut all: Vec<Component> = found.into_values().collect();
    for one in &mut all {
        let used = names(&packages[format!("node_modules/{}", one.name)]["dependencies"]);
        one.uses = used.iter().filter_map(|name| purls.get(name).cloned()).collect();
    }
    Ok(all)
}

fn names(dependencies: &Value) -> Vec<String> {
    dependencies.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn component(ui: &Path, name: &str, package: &Value) -> Result<Component> {
    let text = |field: &str| package[field].as_str().map(str::to_owned);
    let version = text("version").with_context(|| format!("package-lock.json has no version of {name}"))?;
    let hash = text("integrity").and_then(|integrity| {
        let hex = base64(integrity.strip_prefix("sha512-")?)?;
        Some(Hash { algorithm: "SHA-512", hex })
    });
    Ok(Component {
        ecosystem: Ecosystem::Npm,
        name: name.to_owned(),
        licence: text("license")
            .with_context(|| format!("{} names no licence", purl(Ecosystem::Npm, name, &version)))?,
        version,
        repository: None,
        authors: Vec::new(),
        hash,
        source: ui.join("node_modules").join(name),
        uses: Vec::new(),
    })
}

/// Base64 as hexadecimal digits.
fn base64(text: &str) -> Option<String> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut hex) = (0_u32, 0, String::new());
    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(DIGITS.iter().position(|digit| *digit == byte)?).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            hex += &format!("{:02x}", bits >> count & 0xff);
        }
    }
    Some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_integrity_hash_is_converted_to_hex() {
        assert_eq!(base64("SGVsbG8="), Some("48656c6c6f".to_owned()));
        assert_eq!(base64("/+8="), Some("ffef".to_owned()));
        assert_eq!(base64("a b"), None);
    }
}
