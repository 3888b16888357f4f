//! Decides whether a build step must run again: a fingerprint of its inputs is stored beside its output.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file with the fingerprint of the sources at the last success of a step.
#[derive(Debug)]
pub struct Stamp {
    file: PathBuf,
    fingerprint: String,
}

impl Stamp {
    /// The stamp in `file` for the sources: files, or folders with all the files below them whose names `counts` accepts.
    pub fn new(file: PathBuf, sources: &[PathBuf], counts: fn(&str) -> bool) -> Result<Self> {
        let mut hash = Fnv::default();
        for source in sources {
            add(&mut hash, source, source, counts)
                .with_context(|| format!("{} could not be read", source.display()))?;
        }
        Ok(Self { file, fingerprint: format!("{:016x}", hash.0) })
    }

    /// Whether the step last succeeded with exactly these sources.
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|kept| kept == self.fingerprint)
    }

    /// Call this before the step, so that an interrupted step does not count as done.
    pub fn forget(&self) -> Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} could not be removed", self.file.display()))
            }
            _ => Ok(()),
        }
    }

    /// Call this after the step has succeeded.
    pub fn keep(&self) -> Result<()> {
        fs::write(&self.file, &self.fingerprint)
            .with_context(|| format!("{} could not be written", self.file.display()))
    }
}

fn add(hash: &mut Fnv, top: &Path, path: &Path, counts: fn(&str) -> bool) -> std::io::Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        entries.retain(|entry| entry.file_name().is_some_and(|name| counts(&name.to_string_lossy())));
        entries.sort();
        return entries.iter().try_for_each(|entry| add(hash, top, entry, counts));
    }
    let name = path.strip_prefix(top).unwrap_or(path).to_string_lossy();
    let content = fs::read(path)?;
    hash.add(&(name.len() as u64).to_le_bytes());
    hash.add(name.as_bytes());
    hash.add(&(content.len() as u64).to_le_bytes());
    hash.add(&content);
    Ok(())
}

/// FNV-1a, 64 bit: the standard library's hash may differ from one compiler version to the next.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A temporary folder with `a.ts`, `src/b.ts` and `node_modules/c.js` in it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> std::io::Result<Self> {
            let dir = std::env::temp_dir().join(format!("holdoff-xtask-{name}-{}", std::process::id()));
            fs::create_dir_all(dir.join("src"))?;
            fs::create_dir_all(dir.join("node_modules"))?;
            for file in ["a.ts", "src/b.ts", "node_modules/c.js"] {
                fs::write(dir.join(file), "one")?;
            }
            Ok(Self(dir))
        }

        fn stamp(&self) -> Result<Stamp> {
            let counts = |name: &str| name != "node_modules" && name != "stamp";
            Stamp::new(self.0.join("stamp"), std::slice::from_ref(&self.0), counts)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn fingerprint_is_current_until_a_source_changes() -> Result<()> {
        let folder = Folder::new("changes")?;
        assert!(!folder.stamp()?.is_current());
        folder.stamp()?.keep()?;
        assert!(folder.stamp()?.is_current());

        fs::write(folder.0.join("node_modules/c.js"), "two")?;
        assert!(folder.stamp()?.is_current(), "what does not count changes nothing");
        fs::rename(folder.0.join("a.ts"), folder.0.join("z.ts"))?;
        assert!(!folder.stamp()?.is_current(), "a new name is a change");
        fs::rename(folder.0.join("z.ts"), folder.0.join("a.ts"))?;
        fs::write(folder.0.join("src/b.ts"), "two")?;
        assert!(!folder.stamp()?.is_current(), "a new content is a change");
        Ok(())
    }

    #[test]
    fn fingerprint_of_an_interrupted_step_is_not_current() -> Result<()> {
        let folder = Folder::new("interrupted")?;
        let stamp = folder.stamp()?;
        stamp.forget()?;
        stamp.keep()?;
        stamp.forget()?;
        assert!(!stamp.is_current());
        Ok(())
    }

    #[test]
    fn fingerprint_of_a_missing_source_is_an_error() {
        let stamp = Stamp::new("stamp".into(), &["no/such/file".into()], |_| true);
        assert!(stamp.is_err());
    }
}
