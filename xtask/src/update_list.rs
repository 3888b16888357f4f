//! `cargo xtask update-list`: writes the list that tells the programs about a release. With its signature in front, it is
//! the file that they download (`updates.signed`).

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::changelog::{self, VERSION};
use crate::manifests::parse_sums;
use crate::project::Project;
use crate::{UsageError, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask update-list --assets DIR --out FILE

Writes the list of this version's packages that a running Holdoff can install, with their sizes, their checksums from
SHA256SUMS in --assets, and the section of CHANGELOG.md. The list must be signed: see CONTRIBUTING.md.";

/// The programs reject a larger list.
const LIST_MAX: usize = 15 * 1024;
const NOTES_MAX: usize = 8 * 1024;

struct Package {
    kind: &'static str,
    system: &'static str,
    file: String,
}

/// The packages by which the programs can replace themselves.
fn packages() -> Vec<Package> {
    let of = |system, arch: &str, debian: &str| {
        [
            Package { kind: "archive", system, file: format!("holdoff-{VERSION}-linux-{arch}.tar.gz") },
            Package { kind: "deb", system, file: format!("holdoff_{VERSION}-1_{debian}.deb") },
            Package { kind: "rpm", system, file: format!("holdoff-{VERSION}-1.{arch}.rpm") },
        ]
    };
    [of("linux-x86_64", "x86_64", "amd64"), of("linux-aarch64", "aarch64", "arm64")].into_iter().flatten().collect()
}

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let (assets, out) = parse(args)?;
    let here = env::current_dir().context("the current folder is gone")?;
    let (assets, out) = (here.join(assets), here.join(out));
    let sums = assets.join("SHA256SUMS");
    let sums = fs::read_to_string(&sums).with_context(|| format!("{} cannot be read", sums.display()))?;
    let changes = changelog::read(project)?;
    let release = changelog::releases(&changes).into_iter().find(|release| release.version == VERSION);
    let date =
        release.map(|release| release.date).context("CHANGELOG.md has no date of this version; write it first.")?;
    let notes = changelog::section(&changes, VERSION).unwrap_or_default();
    let size = |file: &str| Some(fs::metadata(assets.join(file)).ok()?.len());
    let text = list(date, &notes, &parse_sums(&sums), size)?;
    fs::write(&out, text).with_context(|| format!("{} cannot be written", out.display()))?;
    println!("The list is in {}. Sign it.", out.display());
    Ok(())
}

fn list(date: &str, notes: &str, sums: &BTreeMap<&str, &str>, size: impl Fn(&str) -> Option<u64>) -> Result<String> {
    let mut listed = Vec::new();
    for Package { kind, system, file } in packages() {
        match (sums.get(file.as_str()), size(&file)) {
            (Some(sum), Some(size)) => listed.push(format!(
                "    {{\"kind\": \"{kind}\", \"system\": \"{system}\", \"file\": {}, \"size\": {size}, \"sha256\": {}}}",
                quoted(&file),
                quoted(sum)
            )),
            _ => println!("skipped: {file} is not among the packages"),
        }
    }
    if listed.is_empty() {
        bail!("there is no package of version {VERSION} to list");
    }
    let notes: String = notes.chars().take(NOTES_MAX / 4).collect();
    let text = format!(
        "{{\n  \"format\": \"holdoff-updates-1\",\n  \"version\": {},\n  \"date\": {},\n  \"notes\": {},\n  \"packages\": [\n{}\n  ]\n}}\n",
        quoted(VERSION),
        quoted(date),
        quoted(&notes),
        listed.join(",\n")
    );
    if text.len() > LIST_MAX {
        bail!("the list has {} bytes, but the programs accept at most {LIST_MAX}", text.len());
    }
    Ok(text)
}

/// Formats a JSON string.
fn quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

fn parse(args: &[String]) -> Result<(PathBuf, PathBuf)> {
    let (mut assets, mut out) = (None, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let target = match arg.as_str() {
            "--assets" => &mut assets,
            "--out" => &mut out,
            other => return Err(unknown_argument("update-list", other)),
        };
        *target = Some(args.next().cloned().ok_or_else(|| value_missing(arg, "a value"))?);
    }
    match (assets, out) {
        (Some(assets), Some(out)) => Ok((Path::new(&assets).to_owned(), Path::new(&out).to_owned())),
        _ => Err(UsageError("--assets and --out are needed.".into()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn update_list_contains_only_existing_packages() -> Result<()> {
        let (archive, deb) =
            (format!("holdoff-{VERSION}-linux-x86_64.tar.gz"), format!("holdoff_{VERSION}-1_arm64.deb"));
        let sums = BTreeMap::from([(archive.as_str(), "0f"), (deb.as_str(), "aa")]);
        let size = |file: &str| (file == archive || file == deb).then_some(9);
        let text = list("2026-12-01", "### Added\n- A \"thing\"", &sums, size)?;
        let expect = format!(
            "{{\n  \"format\": \"holdoff-updates-1\",\n  \"version\": \"{VERSION}\",\n  \"date\": \"2026-12-01\",\n  \"notes\": \"### Added\\n- A \\\"thing\\\"\",\n  \"packages\": [\n    {{\"kind\": \"archive\", \"system\": \"linux-x86_64\", \"file\": \"{archive}\", \"size\": 9, \"sha256\": \"0f\"}},\n    {{\"kind\": \"deb\", \"system\": \"linux-aarch64\", \"file\": \"{deb}\", \"size\": 9, \"sha256\": \"aa\"}}\n  ]\n}}\n"
        );
        assert_eq!(text, expect);
        assert!(list("2026-12-01", "", &BTreeMap::new(), |_| None).is_err(), "a release without a package is none");
        Ok(())
    }

    #[test]
    fn update_list_truncates_long_notes_to_the_size_limit() -> Result<()> {
        let archive = format!("holdoff-{VERSION}-linux-x86_64.tar.gz");
        let sums = BTreeMap::from([(archive.as_str(), "0f")]);
        let text = list("2026-12-01", &"\u{1}".repeat(100_000), &sums, |_| Some(9))?;
        assert!(text.len() <= LIST_MAX);
        Ok(())
    }
}
