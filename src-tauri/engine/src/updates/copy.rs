//! The running copy of Holdoff, and the package that it was installed from.

use crate::platform::data_dir::FileId;
use crate::platform::fs;
use holdoff_core::updates::{Build, PackageKind, PublicKey, Version};
use std::path::{Path, PathBuf};

/// Relative to the installation prefix; the file holds the package kind as one word.
const MARKER: &str = "share/holdoff/package";
const MARKER_MAX: u64 = 64;

#[derive(Debug, Clone)]
pub struct ThisCopy {
    /// The path that this program was started from.
    pub program: PathBuf,
    /// The parent of `bin`.
    pub prefix: PathBuf,
    pub package: Option<PackageKind>,
    /// The program's file at startup.
    file: Option<FileId>,
}

impl ThisCopy {
    pub fn find() -> Self {
        Self::of(std::env::current_exe().unwrap_or_default())
    }

    fn of(program: PathBuf) -> Self {
        let in_bin = program.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "bin"));
        let prefix = in_bin.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let package = in_bin.and_then(|_| package(&prefix));
        let file = FileId::at(&program);
        Self { program, prefix, package, file }
    }

    pub fn build(&self, key: Option<PublicKey>) -> Build {
        // A build without a valid version never counts as outdated.
        let version = Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Version::new(u64::MAX, 0, 0));
        Build { version, package: self.package, system: system(), key }
    }

    /// Whether the program's file has been replaced.
    pub fn is_replaced(&self) -> bool {
        FileId::at(&self.program) != self.file
    }
}

/// The system name used in the release list.
pub fn system() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

fn package(prefix: &Path) -> Option<PackageKind> {
    let marker = fs::read(&prefix.join(MARKER), MARKER_MAX).ok()?;
    PackageKind::from_key(str::from_utf8(&marker).ok()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_kind_is_read_from_the_marker_file() {
        let prefix = tempfile::tempdir().unwrap();
        let marker = prefix.path().join(MARKER);
        std::fs::create_dir_all(marker.parent().unwrap()).unwrap();
        let of = |text: &str| {
            std::fs::write(&marker, text).unwrap();
            ThisCopy::of(prefix.path().join("bin/holdoff-tray")).package
        };
        assert_eq!(of("archive\n"), Some(PackageKind::Archive));
        assert_eq!([of("deb"), of("rpm")], [Some(PackageKind::Deb), Some(PackageKind::Rpm)]);
        assert_eq!([of(""), of("aur"), of(&"deb".repeat(100))], [None, None, None]);
        assert_eq!(ThisCopy::of(prefix.path().join("debug/holdoff-tray")).package, None, "it is not installed");
        std::fs::remove_file(&marker).unwrap();
        assert_eq!(ThisCopy::of(prefix.path().join("bin/holdoff-tray")).package, None);
    }
}
