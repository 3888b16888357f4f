//! The copyright notices and licences that the packages have to carry.

use crate::component::{Component, Ecosystem};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What a licence file's name begins with, in capitals.
const NAMES: [&str; 7] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE", "AUTHORS"];
/// Parts of the names of those that need not come along where MIT was offered and is chosen.
const OTHERS: [&str; 7] = ["APACHE", "ZLIB", "UNLICENSE", "BOOST", "0BSD", "CC0", "SPDX"];

/// For a package that names a licence and brings no text of it.
const TEXTS: [(&str, &str); 2] =
    [("MIT", include_str!("../licences/MIT.txt")), ("BSD-3-Clause", include_str!("../licences/BSD-3-Clause.txt"))];

const LGPL: &str = include_str!("../licences/LGPL-2.1.txt");

const PREFACE: &str = "\
Holdoff's programs contain code of others, under the licences below. Where a package leaves a choice that includes the
MIT License, that is the one chosen. Holdoff itself is licensed under MIT or Apache-2.0, at your choice.

All programs contain parts of the Rust standard library (The Rust Project Developers; MIT or Apache-2.0,
https://github.com/rust-lang/rust), and of the run-time library of GCC (GPL-3.0 with the GCC Runtime Library Exception).

The Linux program `holdoff` contains the GNU C Library (Copyright Free Software Foundation, Inc. and others; LGPL-2.1 or
later, https://sourceware.org/glibc/), whose licence is at the end. With Holdoff's own source, which is all public, the
program can be linked anew with another version of it: `cargo build --release -p holdoff-cli`.
";

/// All of them, each text once, with the packages that it is of.
pub fn render(components: &[Component]) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<&Component>> = BTreeMap::new();
    for component in components {
        for text in texts_of(component)? {
            texts.entry(text).or_default().push(component);
        }
    }
    let mut sections: Vec<(Vec<&Component>, String)> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    sections.sort_by_key(|(of, _)| of.first().map(|one| (one.name.clone(), one.version.clone())));

    let mut out = PREFACE.to_owned();
    for (of, text) in sections {
        let _ = writeln!(out, "\n{}\n", "-".repeat(80));
        for one in of {
            let _ = writeln!(out, "{} {} ({}), {}", one.name, one.version, one.licence, url(one));
        }
        let _ = write!(out, "\n{text}");
    }
    let _ = write!(out, "\n{}\n\nGNU C Library\n\n{LGPL}", "-".repeat(80));
    Ok(out)
}

/// Where its source can be had, as some licences want told.
fn url(one: &Component) -> String {
    match one.ecosystem {
        Ecosystem::Cargo => format!("https://crates.io/crates/{}/{}", one.name, one.version),
        Ecosystem::Npm => format!("https://www.npmjs.com/package/{}/v/{}", one.name, one.version),
    }
}

fn texts_of(one: &Component) -> Result<Vec<String>> {
    let files = files(&one.source).with_context(|| format!("the source of {} is missing", one.name))?;
    let named = |path: &Path, part: &str| name(path).contains(part);
    let mit_is_chosen = one.licence.contains(" OR ") && files.iter().any(|path| named(path, "MIT"));
    let chosen = files.iter().filter(|path| !(mit_is_chosen && OTHERS.iter().any(|part| named(path, part))));
    let texts: Vec<String> = chosen.map(|path| read(path)).collect::<Result<_>>()?;
    if !texts.is_empty() {
        return Ok(texts);
    }
    let text = TEXTS.iter().find(|(licence, _)| *licence == one.licence).map(|(_, text)| *text);
    let text = text.with_context(|| {
        format!("{} {} ({}) contains no licence text, and there is none here", one.name, one.version, one.licence)
    })?;
    let authors = if one.authors.is_empty() { format!("The authors of {}", one.name) } else { one.authors.join(", ") };
    Ok(vec![format!("Copyright (c) {authors}\n\n{text}")])
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let is_one = |path: &PathBuf| path.is_file() && NAMES.iter().any(|begin| name(path).starts_with(begin));
    let mut found: Vec<PathBuf> = entries.into_iter().filter(is_one).collect();
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_uppercase()
}

/// One form of line ends and of the end, so that the same text is the same.
fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_matches('\n').to_owned() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package with these files in a folder that goes away again.
    fn check(licence: &str, files: &[&str], expected: &[&str]) -> Result<()> {
        let tag: String = files.concat().chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = std::env::temp_dir().join(format!("holdoff-sbom-{}-{licence}-{tag}", std::process::id()));
        fs::create_dir_all(&folder)?;
        for file in files {
            fs::write(folder.join(file), format!("the text of {file}\r\n\n"))?;
        }
        let one = Component {
            ecosystem: Ecosystem::Cargo,
            name: "a".into(),
            version: "1.0.0".into(),
            licence: licence.into(),
            repository: None,
            authors: vec!["Ann".into()],
            hash: None,
            source: folder.clone(),
            uses: vec![],
        };
        let texts = texts_of(&one);
        fs::remove_dir_all(&folder)?;
        let expected: Vec<String> = expected.iter().map(|file| format!("the text of {file}\n")).collect();
        assert_eq!(texts?, expected);
        Ok(())
    }

    #[test]
    fn licence_choice_prefers_mit_and_includes_other_notices() -> Result<()> {
        check("MIT OR Apache-2.0", &["LICENSE-APACHE", "LICENSE-MIT", "NOTICE"], &["LICENSE-MIT", "NOTICE"])?;
        check("Apache-2.0 AND MIT", &["LICENSE-APACHE", "LICENSE-MIT"], &["LICENSE-APACHE", "LICENSE-MIT"])?;
        check("Apache-2.0 OR BSL-1.0", &["LICENSE-APACHE"], &["LICENSE-APACHE"])?;
        check("MIT", &["README.md", "licence.txt"], &["licence.txt"])
    }

    #[test]
    fn licence_without_a_text_is_an_error_unless_bundled() {
        assert!(check("GPL-3.0", &["README.md"], &[]).is_err());
        let said = TEXTS.map(|(name, text)| (name, text.len() > 500));
        assert_eq!(said, [("MIT", true), ("BSD-3-Clause", true)]);
    }
}
