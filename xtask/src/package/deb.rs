//! The package for Debian and Ubuntu, made with Debian's own tools.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Job;
use super::tree::{self, Layout, PROGRAMS, compress, copy, put, read};
use crate::changelog::VERSION;
use crate::cmd::Cmd;

const LAYOUT: Layout = Layout {
    package: "deb",
    bin: "/usr/bin",
    units: "lib/systemd/user",
    zsh: "share/zsh/vendor-completions",
    licences: None,
};

/// The maintainer: DEBFULLNAME and DEBEMAIL, as for Debian's own tools, else the author in Cargo.toml.
fn maintainer(set: impl Fn(&str) -> Option<String>) -> Result<String> {
    let set = |variable: &str| set(variable).filter(|value| !value.is_empty());
    let author = env!("CARGO_PKG_AUTHORS").trim_end_matches('>').split_once(" <");
    let (name, address) = author.context("Cargo.toml names no author with an address")?;
    let name = set("DEBFULLNAME").unwrap_or_else(|| name.to_owned());
    let address = set("DEBEMAIL").unwrap_or_else(|| address.to_owned());
    if name.contains(['\n', '<', '>']) || address.contains(['\n', '<', '>', ' ']) || !address.contains('@') {
        bail!("DEBFULLNAME {name:?} and DEBEMAIL {address:?} are not a name and an address.");
    }
    Ok(format!("{name} <{address}>"))
}

pub fn make(job: &Job<'_>) -> Result<PathBuf> {
    let root = job.fresh("deb")?;
    let (usr, doc) = (root.join("usr"), root.join("usr/share/doc/holdoff"));
    let sources = &job.sources;
    let maintainer = maintainer(|variable| env::var(variable).ok())?;
    if maintainer.ends_with(".invalid>") {
        println!("The .deb names {maintainer}, whom no mail reaches; set DEBEMAIL before you publish it.");
    }
    sources.lay(&usr, &LAYOUT)?;
    let project = sources.project.root();
    let templates = sources.packaging("debian");
    put(
        &doc.join("copyright"),
        &copyright(&read(&templates.join("copyright"))?, &read(&project.join("LICENSE-MIT"))?),
    )?;
    put(&doc.join("changelog.Debian"), &changelog(job, &maintainer)?)?;
    copy(&project.join("CHANGELOG.md"), &doc.join("changelog"), 0o644)?;
    copy(&sources.notices, &doc.join("THIRD-PARTY-NOTICES"), 0o644)?;
    for name in ["changelog.Debian", "changelog", "THIRD-PARTY-NOTICES"] {
        compress(&doc.join(name))?;
    }
    let overrides = usr.join("share/lintian/overrides/holdoff");
    put(&overrides, &read(&templates.join("lintian-overrides"))?)?;

    let arch = Cmd::new("dpkg").arg("--print-architecture").read()?.trim().to_owned();
    let control = read(&templates.join("control"))?
        .replace("@VERSION@", &job.debian_version())
        .replace("@ARCH@", &arch)
        .replace("@MAINTAINER@", &maintainer)
        .replace("@SIZE@", &installed_kib(&root)?)
        .replace("@DEPENDS@", &depends(job, &usr)?);
    let sums = "cd \"$1\" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum";
    let sums = Cmd::new("sh").args(["-c", sums, "sh"]).arg(&root).read()?;
    put(&root.join("DEBIAN/control"), &control)?;
    put(&root.join("DEBIAN/md5sums"), &sums)?;
    tree::settle(&root, &job.epoch)?;

    let deb = job.out.join(format!("holdoff_{}_{arch}.deb", job.debian_version()));
    Cmd::new("dpkg-deb")
        .args(["--root-owner-group", "-Zxz", "--build"])
        .args([&root, &deb])
        .hidden_env("SOURCE_DATE_EPOCH", &job.epoch)
        .run()?;
    Ok(deb)
}

/// Runs Debian's own checker; an error makes the build fail.
pub fn check(deb: &Path) -> Result<()> {
    Cmd::new("lintian").args(["--fail-on", "error", "--allow-root"]).arg(deb).no_input().run()
}

/// The packages of the shared libraries that the programs link, and no others.
fn depends(job: &Job<'_>, usr: &Path) -> Result<String> {
    let folder = job.fresh("shlibs")?;
    put(&folder.join("debian/control"), "Source: holdoff\n\nPackage: holdoff\nArchitecture: any\n")?;
    let programs = PROGRAMS.map(|name| usr.join("bin").join(name));
    // A program without shared libraries is not an error, so it is left out.
    let dynamic = programs.iter().filter(|path| needs_libraries(path));
    let said = Cmd::new("dpkg-shlibdeps").arg("-O").args(dynamic.map(|path| format!("-e{}", path.display())));
    let said = said.dir(&folder).read()?;
    match said.lines().find_map(|line| line.strip_prefix("shlibs:Depends=")) {
        Some(depends) if depends.contains("libwebkit2gtk") => Ok(depends.to_owned()),
        _ => bail!("dpkg-shlibdeps does not name what the programs need, but said: {said:?}"),
    }
}

fn needs_libraries(program: &Path) -> bool {
    let said = Cmd::new("readelf").arg("-d").arg(program).read().unwrap_or_default();
    said.contains("(NEEDED)")
}

fn installed_kib(root: &Path) -> Result<String> {
    let said = Cmd::new("du").args(["-s", "--apparent-size", "--block-size=1024"]).arg(root).read()?;
    said.split_whitespace().next().map(str::to_owned).context("du tells no size")
}

/// The copyright file with Holdoff's licence, indented as the format requires.
fn copyright(template: &str, mit: &str) -> String {
    // Skips the title and the copyright line, which have fields of their own.
    let body = mit.lines().skip(4).map(|line| if line.is_empty() { " .".to_owned() } else { format!(" {line}") });
    template.replace("@MIT@", &body.collect::<Vec<_>>().join("\n"))
}

fn changelog(job: &Job<'_>, maintainer: &str) -> Result<String> {
    let date =
        Cmd::new("date").args(["-u", "-R", "-d", &format!("@{}", job.epoch)]).hidden_env("LC_ALL", "C").read()?;
    Ok(format!(
        "holdoff ({}) unstable; urgency=medium\n\n  * Version {VERSION}; changelog.gz tells what is new.\n\n -- {}  {}\n",
        job.debian_version(),
        maintainer,
        date.trim()
    ))
}

/// What apt downloads and unpacks: the size of the file in bytes, and the installed size in its control data in kilobytes.
pub fn sizes(deb: &Path) -> Result<(u64, u64)> {
    let installed = Cmd::new("dpkg-deb").arg("--field").arg(deb).arg("Installed-Size").read()?;
    Ok((fs::metadata(deb)?.len(), installed.trim().parse::<u64>()? * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deb_maintainer_is_set_by_debian_variables_or_reaches_nobody() {
        let of = |set: &[(&str, &str)]| {
            maintainer(|variable| set.iter().find(|(name, _)| *name == variable).map(|(_, value)| (*value).to_owned()))
                .ok()
        };
        let nobody = of(&[]);
        assert!(
            nobody.as_deref().is_some_and(|set| set.starts_with("The Holdoff Authors <") && set.ends_with(".invalid>"))
        );
        assert_eq!(of(&[("DEBEMAIL", "")]), nobody, "a workflow turns a missing variable into an empty string");
        let ann = [("DEBFULLNAME", "Ann"), ("DEBEMAIL", "ann@example.org")];
        assert_eq!(of(&ann).as_deref(), Some("Ann <ann@example.org>"));
        for refused in ["Ann <ann@example.org>", "ann", "ann@example.org\nDepends: x"] {
            assert_eq!(of(&[("DEBEMAIL", refused)]), None, "{refused}");
        }
    }

    #[test]
    fn copyright_licence_text_is_indented_without_empty_lines() {
        let mit = "MIT License\n\nCopyright (c) 2026 Ann\n\nPermission is\ngranted.\n\nTHE SOFTWARE\n";
        assert_eq!(
            copyright("License: MIT\n@MIT@\n", mit),
            "License: MIT\n Permission is\n granted.\n .\n THE SOFTWARE\n"
        );
    }
}
