//! The signed list of a release: its version, and what can be installed.
//!
//! It is one file: the four lines of a minisign signature, followed by the signed JSON. The size and SHA-256 of each
//! package are part of the signed data.

use crate::gate::policy::{UPDATE_LIST_MAX, UPDATE_PACKAGE_MAX};
use crate::text::{LONG_NAME_MAX, NAME_MAX, clean};
use minisign_verify::{PublicKey, Signature};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of the list on the server.
pub const LIST: &str = "updates.signed";
/// The format marker in the JSON, since the same key signs other files of a release.
pub const FORMAT: &str = "holdoff-updates-1";
/// Number of lines in a signature.
const SIGNATURE_LINES: usize = 4;
/// Maximum number of lines of release notes shown.
const NOTES_MAX: usize = 30;

/// What a copy of Holdoff was installed from, as declared by its package. Distribution packages and local builds declare
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageKind {
    Archive,
    Deb,
    Rpm,
}

impl PackageKind {
    const ALL: [Self; 3] = [Self::Archive, Self::Deb, Self::Rpm];

    /// Its key in a package and in the list.
    pub fn key(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }
}

/// A released version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub version: Version,
    /// Such as 2026-12-01.
    pub date: String,
    /// Release notes, line by line.
    pub notes: Vec<String>,
    packages: Vec<Package>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    kind: PackageKind,
    /// Such as `linux-x86_64`.
    system: String,
    /// Its file name next to the list; never a path.
    pub file: String,
    /// In bytes.
    pub size: u64,
    pub sha256: [u8; 32],
}

/// Why a list is unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotUsable {
    /// Not a list, for example a web page or a truncated file.
    NoList,
    /// Signed by someone else, or changed after signing.
    WrongSignature,
    /// The signature is valid, but this version cannot read the list, for this reason.
    Unreadable(&'static str),
}

impl fmt::Display for NotUsable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoList => f.write_str("it is not a release list"),
            Self::WrongSignature => f.write_str("its signature is not valid for Holdoff's releases"),
            Self::Unreadable(what) => write!(f, "this version cannot read it: {what}"),
        }
    }
}

impl Release {
    /// Whether it is this recorded version or an older one.
    pub fn is_at_most(&self, version: Option<&str>) -> bool {
        let known = version.and_then(|version| Version::parse(version).ok());
        known.is_some_and(|known| self.version.cmp_precedence(&known) != std::cmp::Ordering::Greater)
    }

    /// Parses a list if it is signed with this key.
    ///
    /// # Errors
    /// Fails if the list is unusable; see [`NotUsable`].
    pub fn read(signed: &[u8], key: &PublicKey) -> Result<Self, NotUsable> {
        if signed.len() > UPDATE_LIST_MAX {
            return Err(NotUsable::NoList);
        }
        let text = str::from_utf8(signed).map_err(|_| NotUsable::NoList)?;
        let end = text.match_indices('\n').nth(SIGNATURE_LINES - 1).map(|(at, _)| at + 1).ok_or(NotUsable::NoList)?;
        let (signature, list) = text.split_at(end);
        let signature = Signature::decode(signature).map_err(|_| NotUsable::NoList)?;
        key.verify(list.as_bytes(), &signature, false).map_err(|_| NotUsable::WrongSignature)?;
        let list: List = serde_json::from_str(list).map_err(|_| NotUsable::Unreadable("its structure is unknown"))?;
        list.checked()
    }

    /// The package for this kind of installation and system.
    pub fn package(&self, kind: PackageKind, system: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.kind == kind && package.system == system)
    }
}

/// The list as it appears in the file.
#[derive(Deserialize)]
struct List {
    format: String,
    version: String,
    date: String,
    #[serde(default)]
    notes: String,
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    kind: String,
    system: String,
    file: String,
    size: u64,
    sha256: String,
}

impl List {
    fn checked(self) -> Result<Release, NotUsable> {
        if self.format != FORMAT {
            return Err(NotUsable::Unreadable("its format is unknown"));
        }
        let version =
            Version::parse(&self.version).map_err(|_| NotUsable::Unreadable("its version number is invalid"))?;
        // A later version may have more kinds.
        let known = self.packages.into_iter().filter_map(|listed| Some((PackageKind::from_key(&listed.kind)?, listed)));
        Ok(Release {
            version,
            date: clean(&self.date, NAME_MAX),
            notes: self.notes.lines().map(|line| clean(line, LONG_NAME_MAX)).take(NOTES_MAX).collect(),
            packages: known.map(|(kind, listed)| listed.checked(kind)).collect::<Result<_, _>>()?,
        })
    }
}

impl Listed {
    fn checked(self, kind: PackageKind) -> Result<Package, NotUsable> {
        let wrong = NotUsable::Unreadable;
        if !is_plain(&self.file) {
            return Err(wrong("a package has an invalid file name"));
        }
        if self.size == 0 || self.size > UPDATE_PACKAGE_MAX {
            return Err(wrong("a package has an invalid size"));
        }
        let sha256 = hex::decode(&self.sha256).ok().and_then(|bytes| bytes.try_into().ok());
        let sha256 = sha256.ok_or(wrong("a package has an invalid checksum"))?;
        Ok(Package { kind, system: self.system, file: self.file, size: self.size, sha256 })
    }
}

/// Whether a name is the same on a server, in a folder and in a shell.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-~".contains(&byte);
    !name.is_empty() && name.len() <= LONG_NAME_MAX && !name.starts_with(['.', '-']) && name.bytes().all(plain)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Signs releases.
    pub struct Signer(minisign::KeyPair);

    impl Signer {
        pub fn new() -> Self {
            Self(minisign::KeyPair::generate_unencrypted_keypair().unwrap())
        }

        pub fn key(&self) -> PublicKey {
            PublicKey::from_base64(&self.0.pk.to_base64()).unwrap()
        }

        pub fn sign(&self, list: &str) -> String {
            let signature = minisign::sign(None, &self.0.sk, list.as_bytes(), None, None).unwrap();
            signature.into_string() + list
        }
    }

    pub fn list(version: &str) -> Value {
        json!({
            "format": FORMAT, "version": version, "date": "2026-12-01", "notes": "Added\n- a thing",
            "packages": [
                {"kind": "archive", "system": "linux-x86_64", "file": "holdoff.tar.gz", "size": 9, "sha256": "ab".repeat(32)},
                {"kind": "of-tomorrow", "system": "linux-x86_64", "file": "../x", "size": 0, "sha256": ""},
            ],
        })
    }

    fn read(signer: &Signer, list: &Value) -> Result<Release, NotUsable> {
        Release::read(signer.sign(&list.to_string()).as_bytes(), &signer.key())
    }

    #[test]
    fn release_list_with_valid_signature_is_read() {
        let signer = Signer::new();
        let release = read(&signer, &list("0.2.0")).unwrap();
        assert_eq!((release.version.to_string().as_str(), release.date.as_str()), ("0.2.0", "2026-12-01"));
        assert_eq!(release.notes, ["Added", "- a thing"]);
        let package = release.package(PackageKind::Archive, "linux-x86_64").unwrap();
        assert_eq!((package.file.as_str(), package.size, package.sha256), ("holdoff.tar.gz", 9, [0xab; 32]));
        assert_eq!(release.package(PackageKind::Deb, "linux-x86_64"), None);
        assert_eq!(release.package(PackageKind::Archive, "linux-aarch64"), None);
    }

    #[test]
    fn release_list_without_a_valid_signature_is_rejected() {
        let (signer, other) = (Signer::new(), Signer::new());
        let signed = other.sign(&list("0.2.0").to_string());
        assert_eq!(Release::read(signed.as_bytes(), &signer.key()), Err(NotUsable::WrongSignature));
        let signed = signer.sign(&list("0.2.0").to_string());
        for changed in
            [signed.replace("0.2.0", "0.3.0"), signed.clone() + " ", signed.replace("\"size\":9", "\"size\":8")]
        {
            assert_eq!(Release::read(changed.as_bytes(), &signer.key()), Err(NotUsable::WrongSignature));
        }
        let cut = &signed[..signed.len() - 1];
        assert_eq!(Release::read(cut.as_bytes(), &signer.key()), Err(NotUsable::WrongSignature), "torn");
        for no_list in ["", "<!doctype html>\n<html>\n<p>\n</p>\n</html>\n", "{}", "\n\n\n\n\n"] {
            assert_eq!(Release::read(no_list.as_bytes(), &signer.key()), Err(NotUsable::NoList), "{no_list:?}");
        }
        let long = signed + &" ".repeat(UPDATE_LIST_MAX);
        assert_eq!(Release::read(long.as_bytes(), &signer.key()), Err(NotUsable::NoList));
    }

    #[test]
    fn release_list_and_package_are_read_up_to_their_largest_size() {
        let signer = Signer::new();
        let mut list = list("0.2.0");
        list["packages"][0]["size"] = json!(UPDATE_PACKAGE_MAX);
        let list = list.to_string();
        let spare = UPDATE_LIST_MAX - signer.sign(&list).len();
        let padded = |spare: usize| signer.sign(&format!("{list}{}", " ".repeat(spare)));
        let largest = padded(spare);
        assert_eq!(largest.len(), UPDATE_LIST_MAX);
        let release = Release::read(largest.as_bytes(), &signer.key()).unwrap();
        assert_eq!(release.package(PackageKind::Archive, "linux-x86_64").unwrap().size, UPDATE_PACKAGE_MAX);
        assert_eq!(Release::read(padded(spare + 1).as_bytes(), &signer.key()), Err(NotUsable::NoList));
    }

    #[test]
    fn release_list_with_invalid_path_size_hash_or_format_is_rejected() {
        let signer = Signer::new();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut list = list("0.2.0");
            change(&mut list);
            read(&signer, &list)
        };
        for name in ["", "../holdoff.tar.gz", "/etc/passwd", "a b", "-rf", ".hidden", "a;b", "http://evil.example/x"] {
            let refused = with(&|list| list["packages"][0]["file"] = json!(name));
            assert_eq!(refused, Err(NotUsable::Unreadable("a package has an invalid file name")), "{name}");
        }
        for size in [0, UPDATE_PACKAGE_MAX + 1] {
            let refused = with(&|list| list["packages"][0]["size"] = json!(size));
            assert_eq!(refused, Err(NotUsable::Unreadable("a package has an invalid size")));
        }
        for sum in ["", "ab", "zz"] {
            assert!(with(&|list| list["packages"][0]["sha256"] = json!(sum)).is_err());
        }
        assert!(with(&|list| list["version"] = json!("newest")).is_err());
        assert!(with(&|list| list["format"] = json!("holdoff-updates-2")).is_err());
        assert!(with(&|list| list["packages"] = json!(null)).is_err());
        // A file of checksums is signed with the same key.
        let sums = signer.sign("0f  holdoff.deb\n");
        let refused = Release::read(sums.as_bytes(), &signer.key());
        assert_eq!(refused, Err(NotUsable::Unreadable("its structure is unknown")));
    }

    #[test]
    fn release_notes_are_cleaned_and_limited() {
        let signer = Signer::new();
        let mut list = list("0.2.0");
        list["notes"] = json!(format!("\u{1b}[31mred\u{202e}\n{}", "x\n".repeat(100)));
        let release = read(&signer, &list).unwrap();
        assert_eq!(release.notes[0], "[31mred");
        assert_eq!(release.notes.len(), NOTES_MAX);
    }
}
