//! Checks that no imports form a cycle between the files of a crate, re-exports included. A module belongs to the module
//! that declares it, so what it uses from there does not count as an import.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The path of a module in its crate; empty for the crate root.
type Module = Vec<String>;

/// One `use`, or one path in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Import {
    is_reexport: bool,
    path: Vec<String>,
}

/// A sentence for each import cycle in the crate whose sources are below `folder`.
pub fn find(folder: &Path) -> Result<Vec<String>> {
    let mut sources = BTreeMap::new();
    read(folder, &Vec::new(), &mut sources)?;
    let name = |module: &Module| if module.is_empty() { "the crate itself".to_owned() } else { module.join("::") };
    let circles = circles(&edges(&sources)).into_iter();
    Ok(circles
        .map(|circle| {
            let names: Vec<String> = circle.iter().map(name).collect();
            format!("{}: these modules import each other: {}.", folder.display(), names.join(", "))
        })
        .collect())
}

fn read(folder: &Path, above: &Module, into: &mut BTreeMap<Module, String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} could not be read", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let mut module = above.clone();
        // Tests may use every module.
        if name == "tests" || name == "bin" {
            continue;
        }
        if path.is_dir() {
            module.push(name);
            read(&path, &module, into)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            if !matches!(name.as_str(), "mod" | "lib" | "main") {
                module.push(name);
            }
            into.entry(module).or_default().push_str(&without_tests(&fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

/// The code without comments and without the test-only code at its end.
fn without_tests(source: &str) -> String {
    let mut code = String::new();
    let mut lines = source.lines().map(|line| line.split("//").next().unwrap_or_default()).peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            match lines.peek().map(|next| next.trim()) {
                Some(next) if next.starts_with("mod ") && next.ends_with('{') => break,
                Some(next) if next.ends_with(';') => drop(lines.next()),
                _ => {}
            }
            continue;
        }
        code.push_str(line);
        code.push('\n');
    }
    code
}

/// For each module, the modules it imports from.
fn edges(sources: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let imports: BTreeMap<&Module, Vec<Import>> =
        sources.iter().map(|(module, code)| (module, imports(code, module, sources))).collect();
    let mut exported: BTreeMap<(Module, String), Vec<String>> = BTreeMap::new();
    for (module, all) in &imports {
        for import in all.iter().filter(|import| import.is_reexport) {
            if let Some(name) = import.path.last() {
                exported.insert(((*module).clone(), name.clone()), import.path.clone());
            }
        }
    }
    let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, all) in imports {
        let from = edges.entry(module.clone()).or_default();
        for import in all {
            let to = resolve(import.path, &exported, sources);
            if !module.starts_with(&to) {
                from.insert(to);
            }
        }
    }
    edges
}

/// The module that a path refers to, with re-exports resolved.
fn resolve(
    mut path: Vec<String>,
    exported: &BTreeMap<(Module, String), Vec<String>>,
    sources: &BTreeMap<Module, String>,
) -> Module {
    // A limit for names that re-export each other.
    for _ in 0..8 {
        let depth = (0..=path.len()).rev().find(|depth| sources.contains_key(&path[..*depth])).unwrap_or_default();
        let (module, rest) = path.split_at(depth);
        let Some(onward) = rest.first().and_then(|name| exported.get(&(module.to_vec(), name.clone()))) else {
            return module.to_vec();
        };
        path = onward.iter().chain(&rest[1..]).cloned().collect();
    }
    path
}

fn imports(code: &str, module: &Module, sources: &BTreeMap<Module, String>) -> Vec<Import> {
    let mut found = Vec::new();
    let mut add = |is_reexport: bool, path: Vec<String>| {
        found.extend(absolute(path, module, sources).map(|path| Import { is_reexport, path }));
    };
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let (before, after) = (&rest[..at], &rest[at + 4..]);
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        let is_use = line.is_empty() || (line.starts_with("pub") && !line.contains('='));
        let end = after.find(';').unwrap_or(after.len());
        if is_use {
            let mut paths = Vec::new();
            expand(&[], &after[..end], &mut paths);
            paths.into_iter().for_each(|path| add(line.starts_with("pub"), path));
        }
        rest = if is_use { &after[end..] } else { after };
    }
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let path: String =
                code[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
            // Such a path is the start of a group, which was expanded above.
            if !path.ends_with("::") {
                add(false, path.split("::").map(str::to_owned).collect());
            }
        }
    }
    found
}

/// Expands `a::{b, c::{d, e as f}}` into its paths.
fn expand(above: &[String], tree: &str, into: &mut Vec<Vec<String>>) {
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, group.rsplit_once('}').map(|(group, _)| group)),
        None => (tree, None),
    };
    let head = head.split(" as ").next().unwrap_or_default();
    let names = head.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let path: Vec<String> = above.iter().cloned().chain(names).collect();
    let Some(group) = group else {
        into.push(path);
        return;
    };
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                if !group[start..at].trim().is_empty() {
                    expand(&path, &group[start..at], into);
                }
                start = (at + 1).min(group.len());
            }
            _ => {}
        }
    }
}

/// The path from the crate root; `None` for a path into another crate.
fn absolute(path: Vec<String>, module: &Module, sources: &BTreeMap<Module, String>) -> Option<Vec<String>> {
    let first = path.first()?.as_str();
    let up = path.iter().take_while(|name| *name == "super").count();
    let (base, rest) = match first {
        "crate" => (&[][..], &path[1..]),
        "self" => (&module[..], &path[1..]),
        "super" => (&module[..module.len().checked_sub(up)?], &path[up..]),
        _ => {
            let child: Module = module.iter().cloned().chain([first.to_owned()]).collect();
            sources.contains_key(&child).then_some((&module[..], &path[..]))?
        }
    };
    Some(base.iter().chain(rest).filter(|name| *name != "*").cloned().collect())
}

/// The import cycles: groups of modules that reach one another.
fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reached = |from: &Module| {
        let mut seen = BTreeSet::new();
        let mut left: Vec<&Module> = edges.get(from).into_iter().flatten().collect();
        while let Some(next) = left.pop() {
            if seen.insert(next.clone()) {
                left.extend(edges.get(next).into_iter().flatten());
            }
        }
        seen
    };
    let all: BTreeMap<&Module, BTreeSet<Module>> = edges.keys().map(|module| (module, reached(module))).collect();
    let mut circles: Vec<BTreeSet<Module>> = Vec::new();
    for (module, reach) in &all {
        if !reach.contains(*module) {
            continue;
        }
        let together = reach.iter().filter(|other| all.get(other).is_some_and(|back| back.contains(*module)));
        let circle: BTreeSet<Module> = together.cloned().collect();
        if !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let module = |name: &str| name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let sources = files.iter().map(|(name, code)| (module(name), without_tests(code))).collect();
        let circles = circles(&edges(&sources)).into_iter();
        circles.map(|circle| circle.iter().map(|module| module.join("::")).collect()).collect()
    }

    #[test]
    fn cycle_is_found_for_every_import_form() {
        for b in ["use crate::a::A;", "use super::a::{self, A};", "fn b() { crate::a::a() }", "use crate::A;"] {
            let circles =
                found(&[("", "mod a;\nmod b;\npub use a::A;"), ("a", "use crate::b::{B, C as D};"), ("b", b)]);
            assert_eq!(circles, [["a", "b"]], "{b}");
        }
    }

    #[test]
    fn cycle_of_three_modules_is_reported_whole() {
        let circles = found(&[
            ("", "mod a;\nmod b;\nmod c;"),
            ("a", "use crate::b;"),
            ("b", "pub use crate::c::{x::{y}, z};"),
            ("c", "use crate::a;"),
        ]);
        assert_eq!(circles, [["a", "b", "c"]]);
    }

    #[test]
    fn import_from_the_parent_module_is_not_a_cycle() {
        assert!(found(&[("", "mod a;"), ("a", "mod b;\nuse b::B;"), ("a::b", "use super::A;")]).is_empty());
    }

    #[test]
    fn imports_in_tests_and_comments_are_ignored() {
        let b = "//! See crate::a.\n#[cfg(test)]\nuse crate::a::A;\nfn b() {}\n#[cfg(test)]\nmod tests {\n use crate::a;\n}";
        assert!(found(&[("", "mod a;\nmod b;"), ("a", "use crate::b;"), ("b", b)]).is_empty());
    }
}
