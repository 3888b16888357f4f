//! One piece of somebody else's code.

use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    pub ecosystem: Ecosystem,
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub licence: String,
    /// Where its source is told to be.
    pub repository: Option<String>,
    pub authors: Vec<String>,
    pub hash: Option<Hash>,
    /// The folder of its source.
    pub source: PathBuf,
    /// The package URLs of what it uses, among those that are listed.
    pub uses: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ecosystem {
    Cargo,
    Npm,
}

/// Of the archive that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash {
    pub algorithm: &'static str,
    pub hex: String,
}

impl Component {
    /// See <https://github.com/package-url/purl-spec>.
    pub fn purl(&self) -> String {
        purl(self.ecosystem, &self.name, &self.version)
    }
}

pub fn purl(ecosystem: Ecosystem, name: &str, version: &str) -> String {
    let kind = match ecosystem {
        Ecosystem::Cargo => "cargo",
        Ecosystem::Npm => "npm",
    };
    format!("pkg:{kind}/{}@{}", name.replace('@', "%40"), version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_are_escaped() {
        assert_eq!(purl(Ecosystem::Npm, "@tauri-apps/api", "2.12.5"), "pkg:npm/%40tauri-apps/api@2.12.5");
        assert_eq!(purl(Ecosystem::Cargo, "wasip2", "1.0.1+wasi-0.2.4"), "pkg:cargo/wasip2@1.0.1%2Bwasi-0.2.4");
    }
}
