//! The list as CycloneDX 1.5, <https://cyclonedx.org/docs/1.5/json/>.

use crate::component::{Component, Ecosystem};
use anyhow::Result;
use serde_json::{Map, Value, json};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// As JSON, the same for the same list.
pub fn render(components: &[Component], timestamp: &str) -> Result<String> {
    let root = format!("pkg:generic/holdoff@{VERSION}");
    let all: Vec<String> = components.iter().map(Component::purl).collect();
    let mut dependencies = vec![json!({"ref": root, "dependsOn": all})];
    dependencies.extend(components.iter().map(|one| json!({"ref": one.purl(), "dependsOn": unique(&one.uses)})));
    let bom = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": timestamp,
            "tools": {"components": [{"type": "application", "name": env!("CARGO_PKG_NAME"), "version": VERSION}]},
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "holdoff",
                "version": VERSION,
                "purl": root,
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
            },
        },
        "components": components.iter().map(component).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&bom)? + "\n")
}

fn unique(uses: &[String]) -> Vec<&String> {
    let mut uses: Vec<&String> = uses.iter().collect();
    uses.sort();
    uses.dedup();
    uses
}

fn component(one: &Component) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    set("type", json!("library"));
    set("bom-ref", json!(one.purl()));
    // In npm's names, what stands before the slash is a group.
    match one.name.split_once('/') {
        Some((group, name)) if one.ecosystem == Ecosystem::Npm => {
            set("group", json!(group));
            set("name", json!(name));
        }
        _ => {
            set("name", json!(one.name));
        }
    }
    set("version", json!(one.version));
    set("purl", json!(one.purl()));
    set("licenses", json!([{"expression": one.licence}]));
    if let Some(hash) = &one.hash {
        set("hashes", json!([{"alg": hash.algorithm, "content": hash.hex}]));
    }
    if let Some(url) = &one.repository {
        set("externalReferences", json!([{"type": "vcs", "url": url}]));
    }
    Value::Object(object)
}
