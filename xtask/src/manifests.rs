//! `cargo xtask manifests`: manifests of a release for other package managers.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::changelog::VERSION;
use crate::project::Project;
use crate::{UsageError, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask manifests --assets DIR --repository URL --out DIR

Fills in the AUR's PKGBUILD, Homebrew's cask and winget's manifests for the release of this version, from SHA256SUMS in
--assets. A manifest whose package is missing there is skipped, with a message.";

/// The template folders in xtask/packaging, with the files in each.
const MANIFESTS: [(&str, &[&str]); 3] = [
    ("aur", &["PKGBUILD"]),
    ("homebrew", &["holdoff.rb"]),
    ("winget", &["Holdoff.Holdoff.yaml", "Holdoff.Holdoff.installer.yaml", "Holdoff.Holdoff.locale.en-US.yaml"]),
];

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let Options { assets, repository, out } = parse(args)?;
    let here = env::current_dir().context("the current folder is gone")?;
    let sums = here.join(assets).join("SHA256SUMS");
    let sums = fs::read_to_string(&sums).with_context(|| format!("{} cannot be read", sums.display()))?;
    let sums = parse_sums(&sums);
    for (manager, names) in MANIFESTS {
        let templates = project.root().join("xtask/packaging").join(manager);
        let fill = |name: &'static str| {
            let text = fs::read_to_string(templates.join(name)).with_context(|| format!("{name} cannot be read"))?;
            Ok((name, filled(&text, &repository, &sums)?))
        };
        match names.iter().copied().map(fill).collect::<Result<Vec<_>>>() {
            Ok(files) => {
                let folder = here.join(&out).join(manager);
                fs::create_dir_all(&folder)?;
                for (name, text) in files {
                    fs::write(folder.join(name), text)?;
                }
                println!("{manager}: in {}", folder.display());
            }
            Err(why) => println!("{manager}: left out, {why}"),
        }
    }
    Ok(())
}

/// File names and checksums from the output of sha256sum.
pub fn parse_sums(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name, sum)).collect()
}

/// The template with `@VERSION@`, `@HOMEPAGE@`, `@URL@` (of the release's files) and `@SHA256 NAME@` filled in.
fn filled(template: &str, repository: &str, sums: &BTreeMap<&str, &str>) -> Result<String> {
    let repository = repository.trim_end_matches('/');
    let url = format!("{repository}/releases/download/v{VERSION}");
    let mut rest = template.replace("@VERSION@", VERSION).replace("@HOMEPAGE@", repository).replace("@URL@", &url);
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once("@SHA256 ") {
        let (name, after) = after.split_once('@').context("a sum has no end in the template")?;
        let sum = sums.get(name).with_context(|| format!("there is no {name} among the packages"))?;
        text += before;
        text += sum;
        rest = after.to_owned();
    }
    if rest.contains("@SHA256") {
        bail!("a sum has no name in the template");
    }
    Ok(text + &rest)
}

struct Options {
    assets: PathBuf,
    repository: String,
    out: PathBuf,
}

fn parse(args: &[String]) -> Result<Options> {
    let (mut assets, mut repository, mut out) = (None, None, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let target = match arg.as_str() {
            "--assets" => &mut assets,
            "--repository" => &mut repository,
            "--out" => &mut out,
            other => return Err(unknown_argument("manifests", other)),
        };
        *target = Some(args.next().cloned().ok_or_else(|| value_missing(arg, "a value"))?);
    }
    match (assets, repository, out) {
        (Some(assets), Some(repository), Some(out)) if repository.starts_with("https://") => {
            Ok(Options { assets: assets.into(), repository, out: out.into() })
        }
        _ => Err(UsageError("--assets, --repository (https://…) and --out are needed.".into()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_placeholders_are_filled_in_and_missing_sums_rejected() -> Result<()> {
        let sums = parse_sums("0f  holdoff.deb\naa  a b.msi\n");
        let text =
            filled("v@VERSION@ @URL@/x '@SHA256 holdoff.deb@' @SHA256 a b.msi@.", "https://example.com/h/", &sums)?;
        assert_eq!(text, format!("v{VERSION} https://example.com/h/releases/download/v{VERSION}/x '0f' aa."));
        let missing = filled("@SHA256 other.deb@", "https://example.com", &sums);
        assert!(missing.is_err_and(|why| why.to_string().contains("other.deb")));
        Ok(())
    }

    #[test]
    fn manifest_templates_leave_no_placeholder_unfilled() -> Result<()> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
        let names = [
            format!("holdoff-{VERSION}-linux-x86_64.tar.gz"),
            format!("holdoff-{VERSION}-linux-aarch64.tar.gz"),
            format!("Holdoff_{VERSION}_aarch64.dmg"),
            format!("Holdoff_{VERSION}_x64_en-US.msi"),
        ];
        let sums = names.iter().map(|name| (name.as_str(), "0f")).collect();
        for (manager, files) in MANIFESTS {
            for file in files {
                let text = filled(&fs::read_to_string(root.join(manager).join(file))?, "https://example.com/h", &sums)?;
                let left: Vec<&str> =
                    text.lines().filter(|line| line.contains("@V") || line.contains("@SHA")).collect();
                assert!(left.is_empty(), "{file}: {left:?}");
            }
        }
        Ok(())
    }
}
