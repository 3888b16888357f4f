//! Checks that production code names no provider outside the rooms that are the provider's own: everything else takes names,
//! variables and places from its description. Comments count too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Has a folder for each provider, named after it, which is its room.
const PROVIDERS: &str = "src-tauri/core/src/providers";

/// The folders with production code.
const SOURCES: [&str; 6] = [
    "src-tauri/core/src",
    "src-tauri/engine/src",
    "src-tauri/cli/src",
    "src-tauri/window/src",
    "src-tauri/src",
    "ui/src",
];

/// The other files and folders that are one provider's alone.
const ROOMS: [&str; 4] = [
    "src-tauri/engine/src/claude_code",
    "src-tauri/engine/src/claude_code.rs",
    // The command that Claude Code calls as its status line.
    "src-tauri/cli/src/statusline",
    "src-tauri/cli/src/args/statusline.rs",
];

/// The registry of the providers: only the lines that declare one.
const REGISTRY: &str = "src-tauri/core/src/providers/mod.rs";

/// The registries of their programs: in these files, only these lines.
const REGISTRIES: [(&str, &[&str]); 2] = [
    ("src-tauri/engine/src/lib.rs", &["pub mod claude_code;"]),
    (
        "src-tauri/engine/src/owners.rs",
        &[
            "pub use crate::claude_code::sessions::Sessions;",
            "pub use crate::claude_code::{CredentialStore, LockedStore, locations, sign_in_launcher, status_line};",
        ],
    ),
];

/// Files and folders with these names are tests, their helpers, or generated for the pages.
const NOT_PRODUCTION: [&str; 6] = ["tests", "snapshots", "scenarios", "harness", "mock", "bindings"];

/// A sentence for each line below `root` that names a provider where it must not.
pub fn find(root: &Path) -> Result<Vec<String>> {
    let names = names(root)?;
    let mut found = Vec::new();
    for folder in SOURCES {
        read(root, folder, &names, &mut found)?;
    }
    Ok(found)
}

/// What the providers and their programs are called, in lower case. Variables contain one of these names.
fn names(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for path in entries(root, PROVIDERS)? {
        if !path.is_dir() {
            continue;
        }
        names.extend(path.file_name().and_then(|name| name.to_str()).map(str::to_owned));
        let description = fs::read_to_string(path.join("mod.rs"))?;
        let programs = description.lines().filter_map(|line| line.trim().strip_prefix("program: \""));
        names.extend(programs.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    Ok(names)
}

fn entries(root: &Path, folder: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root.join(folder)).with_context(|| format!("{folder} could not be read"))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn read(root: &Path, folder: &str, names: &[String], found: &mut Vec<String>) -> Result<()> {
    for path in entries(root, folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let within = format!("{folder}/{name}");
        let stem = name.split('.').next().unwrap_or_default();
        let is_room = ROOMS.contains(&within.as_str()) || (folder == PROVIDERS && path.is_dir());
        if NOT_PRODUCTION.contains(&stem) || is_room {
            continue;
        }
        if path.is_dir() {
            read(root, &within, names, found)?;
        } else if ["rs", "ts", "svelte", "css"].iter().any(|end| path.extension().is_some_and(|is| is == *end)) {
            let source = fs::read_to_string(&path)?;
            found.extend(named_in(&within, &source, names).into_iter().map(|line| {
                format!(
                    "{within}:{line} names a provider or its program; take the name from the provider's description."
                )
            }));
        }
    }
    Ok(())
}

/// The numbers of the lines that name a provider, without test modules and without the lines of a registry.
fn named_in(file: &str, source: &str, names: &[String]) -> Vec<usize> {
    let registry = REGISTRIES.iter().find(|(registry, _)| *registry == file).map(|(_, lines)| *lines);
    let is_registered = |line: &str| {
        let line = line.trim();
        registry.is_some_and(|lines| lines.contains(&line)) || (file == REGISTRY && declares_a_provider(line))
    };
    let names = |line: &str| {
        let line = line.to_ascii_lowercase();
        names.iter().any(|name| line.contains(name))
    };
    let numbered = source.lines().zip(1..);
    let is_test = test_lines(source);
    numbered
        .zip(is_test)
        .filter(|((line, _), is_test)| !is_test && names(line) && !is_registered(line))
        .map(|((_, number), _)| number)
        .collect()
}

/// `pub mod name;`, or `Name: name::Name,`.
fn declares_a_provider(line: &str) -> bool {
    let is_path = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
    let module = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'));
    let entry = line.strip_suffix(',').and_then(|entry| entry.split_once(": "));
    module.is_some_and(is_path) || entry.is_some_and(|(name, spec)| is_path(name) && is_path(spec))
}

/// For each line, whether it is part of an item under `#[cfg(test)]`. The item ends with the brace, comma or semicolon at its
/// own indentation, as rustfmt sets it.
fn test_lines(source: &str) -> Vec<bool> {
    let mut indentation: Option<usize> = None;
    let mut is_open = false;
    source
        .lines()
        .map(|line| {
            let depth = line.len() - line.trim_start().len();
            let Some(own) = indentation else {
                if line.trim() == "#[cfg(test)]" {
                    (indentation, is_open) = (Some(depth), false);
                    return true;
                }
                return false;
            };
            let text = line.trim_end();
            let is_end = match is_open {
                true => {
                    depth == own && text.trim_start().starts_with(['}', ')', ']']) && !text.ends_with(['{', '(', '['])
                }
                false => text.ends_with([';', ',', '}']),
            };
            is_open |= text.ends_with(['{', '(', '[']);
            if is_end {
                indentation = None;
            }
            true
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_in(file: &str, source: &str) -> Vec<usize> {
        super::named_in(file, source, &["anthropic".to_owned(), "claude".to_owned()])
    }

    #[test]
    fn line_that_names_a_provider_is_found_in_code_comments_and_pages() {
        let file = "src-tauri/engine/src/tasks/start.rs";
        for line in [
            "let owner = \"Claude Code\";",
            "/// As Claude Code does.",
            "use crate::claude_code::locations;",
            "Provider::Anthropic",
            "var(\"CLAUDE_CONFIG_DIR\")",
            "var(\"HOLDOFF_ANTHROPIC_API\")",
        ] {
            assert_eq!(named_in(file, &format!("\n{line}\n")), [2], "{line}");
        }
        assert!(named_in(file, "let owner = provider.owner();\n").is_empty());
    }

    #[test]
    fn registry_allows_its_own_lines_alone() {
        let lines = "    pub mod anthropic;\n    Anthropic: anthropic::Anthropic,\n    // anthropic\n";
        assert_eq!(named_in(REGISTRY, lines), [3]);
        assert_eq!(named_in(REGISTRY, "name: \"Anthropic\",\nSelf::Anthropic => 1,\n"), [1, 2]);
        assert_eq!(named_in("src-tauri/core/src/state.rs", lines), [1, 2, 3]);
    }

    #[test]
    fn test_modules_are_not_searched() {
        let source = "\
fn claude() {}
#[cfg(test)]
use claude::Test;
#[cfg(test)]
#[cfg(unix)]
mod tests {
    fn claude() {
    }
}
fn claude() {
    #[cfg(test)]
    claude(
        7,
    );
    claude();
}
";
        assert_eq!(named_in("x.rs", source), [1, 10, 15]);
    }

    #[test]
    fn folder_of_a_room_is_not_searched_and_others_are() {
        let root = std::env::temp_dir().join(format!("holdoff-names-{}", std::process::id()));
        for folder in SOURCES {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in [
            "src-tauri/core/src/providers/anthropic/mod.rs",
            "src-tauri/core/src/gate/tests.rs",
            "ui/src/mock/shown/page.ts",
            "ui/src/panel/Row.svelte",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "program: \"claude\",\nof Claude Code\n").unwrap();
        }
        let found = find(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|line| line.starts_with("ui/src/panel/Row.svelte:")), "{found:?}");
    }
}
