//! Every path in the table "Where do I add …" of ARCHITECTURE.md exists.

use crate::project::Project;
use std::path::Path;

/// The paths in backticks. They start in the root or in `src-tauri`.
fn paths(table: &str) -> Vec<&str> {
    table.split('`').skip(1).step_by(2).filter(|text| text.contains('/') && !text.contains(' ')).collect()
}

/// Whether the path exists: with a `<provider>` for any provider, and with a NAME for the panel.
fn exists(root: &Path, path: &str) -> bool {
    let path = path.replace("NAME", "panel");
    let providers = std::fs::read_dir(root.join("src-tauri/core/src/providers")).unwrap();
    let mut names = providers.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.any(|name| {
        let path = path.replace("<provider>", &name);
        root.join(&path).exists() || root.join("src-tauri").join(&path).exists()
    })
}

#[test]
fn architecture_table_names_only_existing_paths() {
    let root = Project::find().unwrap().root().to_owned();
    let text = std::fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    let (_, table) = text.split_once("## Where do I add").expect("the table is there");
    let (table, _) = table.split_once("\n## ").expect("a section follows");
    let paths = paths(table);
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        assert!(exists(&root, path), "{path} does not exist");
    }
}
