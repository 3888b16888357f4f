//! Reads CHANGELOG.md, which has the Keep a Changelog format.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::{UsageError, unknown_argument};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub const HELP: &str = "\
cargo xtask release-notes TAG

Prints the section of CHANGELOG.md for a tagged version, such as v0.1.0. Fails if the tag is not the version in
Cargo.toml, or if the version has no dated section.";

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let tag = match args {
        [tag] => tag,
        [] => return Err(UsageError("the tag is missing; `cargo xtask release-notes --help` says more.".into()).into()),
        [_, other, ..] => return Err(unknown_argument("release-notes", other)),
    };
    if tag.strip_prefix('v') != Some(VERSION) {
        bail!("the tag is {tag}, but Cargo.toml has version {VERSION}: the tag must be v{VERSION}.");
    }
    let text = read(project)?;
    let notes = section(&text, VERSION).filter(|notes| !notes.is_empty());
    let notes = notes.with_context(|| {
        format!("CHANGELOG.md has nothing under a heading such as \"## [{VERSION}] - 2026-01-31\"; write it first.")
    })?;
    println!("{notes}");
    Ok(())
}

pub fn read(project: &Project) -> Result<String> {
    fs::read_to_string(project.root().join("CHANGELOG.md")).context("CHANGELOG.md cannot be read")
}

/// A version and its release date.
#[derive(Debug, PartialEq, Eq)]
pub struct Release<'a> {
    pub version: &'a str,
    pub date: &'a str,
}

/// All releases in the order of the file, newest first.
pub fn releases(text: &str) -> Vec<Release<'_>> {
    text.lines().filter_map(heading).collect()
}

/// The text below the heading of a version.
pub fn section(text: &str, version: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| heading(line).is_none_or(|release| release.version != version));
    lines.next()?;
    // Link references are at the end of the file.
    let ours = lines.take_while(|line| !line.starts_with("## ") && !line.starts_with('['));
    Some(ours.collect::<Vec<_>>().join("\n").trim().to_owned())
}

/// "## [0.1.0] - 2026-01-31".
fn heading(line: &str) -> Option<Release<'_>> {
    let (version, date) = line.strip_prefix("## [")?.split_once("] - ")?;
    let date = date.trim();
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date.then_some(Release { version, date })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Changelog

## [Unreleased]

### Added
- Something to come

## [0.2.0] - 2026-12-24

### Fixed
- A thing

## [0.1.0] - 2026-11-30
- The first

[0.1.0]: https://example.com
";

    #[test]
    fn released_versions_are_those_with_a_date() {
        let found: Vec<_> = releases(TEXT).iter().map(|release| (release.version, release.date)).collect();
        assert_eq!(found, [("0.2.0", "2026-12-24"), ("0.1.0", "2026-11-30")]);
    }

    #[test]
    fn release_notes_are_the_section_of_that_version_only() {
        assert_eq!(section(TEXT, "0.2.0").as_deref(), Some("### Fixed\n- A thing"));
        assert_eq!(section(TEXT, "0.1.0").as_deref(), Some("- The first"));
        assert_eq!(section(TEXT, "Unreleased"), None);
        assert_eq!(section(TEXT, "0.3.0"), None);
    }
}
