//! Searches for secrets where they must not be: whole, in pieces, and in common encodings.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The length of the shortest piece that counts: shorter ones occur by chance.
pub const PIECE: usize = 12;

/// A set of secrets to search for. It finds any [`PIECE`] consecutive characters of the random part of a secret:
/// plain, in UTF-16, in hexadecimal, percent-encoded and JSON-escaped; and the base64 form (both alphabets, any
/// alignment) of any slightly longer piece.
pub struct Secrets {
    needles: AhoCorasick,
    /// The form that each needle represents.
    forms: Vec<&'static str>,
}

impl Secrets {
    /// Prepares the search for `secrets`.
    ///
    /// # Panics
    /// If there are none, or one has no random part that is long enough to be unique.
    pub fn new(secrets: &[&str]) -> Self {
        assert!(!secrets.is_empty(), "no secret to look for would find nothing, and prove nothing");
        let mut needles = Vec::new();
        let mut forms = Vec::new();
        for secret in secrets {
            let random = random_part(secret).as_bytes();
            assert!(
                random.len() >= PIECE,
                "a secret to look for needs {PIECE} random characters; one has {}",
                random.len()
            );
            for (form, unit, length, encoded) in encodings(random) {
                let pieces = (0..=encoded.len() - length).step_by(unit).map(|at| encoded[at..at + length].to_vec());
                needles.extend(pieces);
                forms.resize(needles.len(), form);
            }
        }
        let needles = AhoCorasick::builder().match_kind(MatchKind::Standard).build(needles).expect("a set of needles");
        Self { needles, forms }
    }

    /// The form in which `bytes` contain a secret, if they do.
    pub fn form_in(&self, bytes: impl AsRef<[u8]>) -> Option<&'static str> {
        let bytes = bytes.as_ref();
        let found = |haystack: &[u8]| self.needles.find(haystack).map(|found| self.forms[found.pattern().as_usize()]);
        found(bytes).or_else(|| {
            let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            found(&narrow).map(|_| "UTF-16")
        })
    }

    /// Every file, folder or link under `folder` with a secret in its content, name or link target.
    ///
    /// # Panics
    /// If something there cannot be read: an incomplete search proves nothing.
    pub fn under(&self, folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        self.walk(folder, &mut found);
        found
    }

    fn walk(&self, folder: &Path, found: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("cannot look into {}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("an entry of a folder").path();
            // Deleted since the folder was listed: nothing is left that could contain a secret.
            let Ok(data) = fs::symlink_metadata(&path) else { continue };
            if self.holds(&path, &data) {
                found.push(path.clone());
            }
            if data.is_dir() {
                self.walk(&path, found);
            }
        }
    }

    fn holds(&self, path: &Path, data: &fs::Metadata) -> bool {
        let name = path.file_name().unwrap_or_default();
        if self.form_in(name.as_encoded_bytes()).is_some() {
            return true;
        }
        if data.is_symlink() {
            return fs::read_link(path)
                .is_ok_and(|target| self.form_in(target.as_os_str().as_encoded_bytes()).is_some());
        }
        if !data.is_file() {
            return false;
        }
        match fs::read(path) {
            Ok(bytes) => self.form_in(bytes).is_some(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
            Err(e) => panic!("cannot look into {}: {e}", path.display()),
        }
    }
}

/// How often `bytes` contain each of `needles`, none of which is a part of another.
///
/// # Panics
/// If there are too many needles.
pub fn count<const N: usize>(bytes: &[u8], needles: [&str; N]) -> [usize; N] {
    let search = AhoCorasick::new(needles).expect("a set of needles");
    let mut found = [0; N];
    search.find_iter(bytes).for_each(|one| found[one.pattern().as_usize()] += 1);
    found
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} needles)", self.forms.len())
    }
}

/// The part after the prefix that all tokens of its kind share (`sk-ant-oat01-`).
fn random_part(secret: &str) -> &str {
    let Some(rest) = secret.strip_prefix("sk-ant-") else { return secret };
    rest.split_once('-').map_or(rest, |(_, random)| random)
}

/// The forms of `random`: name, bytes from one piece to the next, bytes of a piece, and the whole encoded.
fn encodings(random: &[u8]) -> Vec<(&'static str, usize, usize, Vec<u8>)> {
    let each = |format: fn(u8) -> String| random.iter().map(|byte| format(*byte)).collect::<String>().into_bytes();
    let mut forms = vec![
        ("plain", 1, PIECE, random.to_vec()),
        ("hexadecimal", 2, PIECE * 2, each(|byte| format!("{byte:02x}"))),
        ("hexadecimal", 2, PIECE * 2, each(|byte| format!("{byte:02X}"))),
        ("percent-encoded", 3, PIECE * 3, each(|byte| format!("%{byte:02x}"))),
        ("percent-encoded", 3, PIECE * 3, each(|byte| format!("%{byte:02X}"))),
        ("JSON-escaped", 6, PIECE * 6, each(|byte| format!("\\u{byte:04x}"))),
        ("JSON-escaped", 6, PIECE * 6, each(|byte| format!("\\u{byte:04X}"))),
    ];
    // The position of a secret in a longer text decides how its bytes fall into groups of three. The outermost groups
    // share bits with their neighbours and are left out.
    for lead in 0..3 {
        let mut shifted = vec![0; lead];
        shifted.extend_from_slice(random);
        for engine in [&STANDARD, &URL_SAFE] {
            let encoded = engine.encode(&shifted[..shifted.len() / 3 * 3]);
            let inner = encoded.as_bytes()[if lead == 0 { 0 } else { 4 }..].to_vec();
            if inner.len() >= PIECE {
                forms.push(("base64", 1, PIECE.min(inner.len()), inner));
            }
        }
    }
    forms.retain(|(_, _, length, encoded)| encoded.len() >= *length);
    forms.dedup();
    forms
}
