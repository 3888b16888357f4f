//! Resolves a path as the system does: the lookups that would lead elsewhere if they changed.

use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Linux follows as many links.
const MAX_LINKS: usize = 40;

/// A name looked up in a folder whose path contains no links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub folder: PathBuf,
    name: OsString,
}

impl Step {
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// The steps to watch on the way to `path`, outermost first: the last (the file or the first missing name), each link, and the
/// step before each of these, which shows that a folder was replaced. Steps further up are skipped, because a home folder is
/// rarely moved.
pub(super) fn to(path: &Path) -> Vec<Step> {
    let (steps, links) = walk(path);
    let decisive = |i: usize| i + 1 == steps.len() || links.contains(&i);
    let kept: Vec<bool> = (0..steps.len()).map(|i| decisive(i) || i + 1 < steps.len() && decisive(i + 1)).collect();
    steps.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(step, _)| step).collect()
}

/// Every step up to the first missing name, and the indexes of the links.
fn walk(path: &Path) -> (Vec<Step>, Vec<usize>) {
    let (mut steps, mut links) = (Vec::new(), Vec::new());
    let mut here = PathBuf::new();
    let mut rest = path.to_owned();
    loop {
        let mut parts = rest.components();
        let Some(part) = parts.next() else { break };
        let after = parts.as_path().to_owned();
        rest = match part {
            Component::Prefix(_) | Component::RootDir => {
                here.push(part);
                after
            }
            Component::CurDir => after,
            Component::ParentDir => {
                here.pop();
                after
            }
            Component::Normal(name) => {
                steps.push(Step { folder: here.clone(), name: name.to_owned() });
                let next = here.join(name);
                match fs::symlink_metadata(&next) {
                    Ok(link) if link.is_symlink() && links.len() < MAX_LINKS => {
                        links.push(steps.len() - 1);
                        let Ok(target) = fs::read_link(&next) else { break };
                        target.join(after)
                    }
                    Ok(folder) if folder.is_dir() => {
                        here = next;
                        after
                    }
                    Ok(_) | Err(_) => break,
                }
            }
        };
    }
    (steps, links)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// The kept steps below `root`, as text.
    fn kept(root: &Path, path: &str) -> Vec<String> {
        let steps = to(&root.join(path)).into_iter().map(|step| step.path());
        steps.filter_map(|path| Some(path.strip_prefix(root).ok()?.display().to_string())).collect()
    }

    #[test]
    fn path_chain_has_the_last_two_steps_and_every_symlink() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        fs::create_dir_all(root.join("x/y/z")).unwrap();
        assert_eq!(kept(&root, "a/b/c/file"), ["a/b/c", "a/b/c/file"]);
        assert_eq!(kept(&root, "a/./b/c/../../b/c/file"), ["a/b/c", "a/b/c/file"]);
        assert_eq!(kept(&root, "a/b/c/d/e/file"), ["a/b/c", "a/b/c/d"]);

        symlink("../../x/y/z/inner", root.join("a/b/link")).unwrap();
        assert_eq!(kept(&root, "a/b/link/file"), ["a/b", "a/b/link", "x/y/z", "x/y/z/inner"]);
        fs::create_dir(root.join("x/y/z/inner")).unwrap();
        let whole = ["a/b", "a/b/link", "x/y/z/inner", "x/y/z/inner/file"];
        assert_eq!(kept(&root, "a/b/link/file"), whole);
        symlink(root.join("a/b/c"), root.join("x/y/z/inner/file")).unwrap();
        assert_eq!(kept(&root, "a/b/link/file")[3..], ["x/y/z/inner/file", "a/b", "a/b/c"]);
    }

    #[test]
    fn path_chain_with_circular_symlinks_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        symlink("there", dir.path().join("here")).unwrap();
        symlink("here", dir.path().join("there")).unwrap();
        assert!(to(&dir.path().join("here/file")).len() <= MAX_LINKS + 2);
    }
}
