//! Reads a file that may be anything: bounded, without waiting for what is not a file, and told apart when it fails.

use crate::{regular_file, wiped};
use holdoff_core::sign_in::Absence;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use zeroize::Zeroizing;

/// An ordinary file of at most `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> Result<Zeroizing<Vec<u8>>, Absence> {
    let refused = |error| refused(&error, path);
    let file = regular_file::open(path).map_err(refused)?;
    let about = file.metadata().map_or(0, |file| file.len()).min(max);
    let about = usize::try_from(about).unwrap_or(0);
    let too_large = || Absence::Unreadable(format!("it is larger than {} MiB, which no such file is", max >> 20));
    bounded(file, about, max).map_err(refused)?.ok_or_else(too_large)
}

/// How long an ordinary file is; `None` where there is none that can be opened.
pub(crate) fn size(path: &Path) -> Option<u64> {
    Some(regular_file::open(path).ok()?.metadata().ok()?.len())
}

/// So many bytes of an ordinary file, from there.
pub(crate) fn part(path: &Path, from: u64, most: u64) -> Option<Vec<u8>> {
    let mut file = regular_file::open(path).ok()?;
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// `None` is more than `max` bytes. The size that a file claims to have is not relied on: it may grow, or not be true.
fn bounded(from: impl Read, about: usize, max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let bytes = wiped::read_to_end(from.take(max + 1), about)?;
    Ok((bytes.len() as u64 <= max).then_some(bytes))
}

pub(super) fn refused(error: &io::Error, path: &Path) -> Absence {
    match error.kind() {
        io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink()) => {
            unreadable("it is a link to a file that is not there")
        }
        // Windows says no more of that.
        io::ErrorKind::NotFound if cfg!(windows) && path.parent().is_some_and(Path::is_file) => {
            unreadable(A_FILE_AROUND)
        }
        io::ErrorKind::NotFound => Absence::NoFile,
        io::ErrorKind::PermissionDenied => Absence::Forbidden("permission denied".to_owned()),
        io::ErrorKind::NotADirectory => unreadable(A_FILE_AROUND),
        // Ours: what it is instead of a file.
        _ if error.get_ref().is_some() => Absence::Unreadable(error.to_string()),
        _ => Absence::Unreadable(format!("the system says: {error}")),
    }
}

const A_FILE_AROUND: &str = "what should be the folder around it is a file";

fn unreadable(why: &str) -> Absence {
    Absence::Unreadable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_told_apart() {
        let nowhere = Path::new("/nowhere/of-holdoff");
        let refused = |kind| refused(&io::Error::from(kind), nowhere);
        assert_eq!(refused(io::ErrorKind::NotFound), Absence::NoFile);
        assert_eq!(refused(io::ErrorKind::PermissionDenied), Absence::Forbidden("permission denied".into()));
        assert!(matches!(refused(io::ErrorKind::NotADirectory), Absence::Unreadable(why) if why.contains("folder")));
        assert!(matches!(refused(io::ErrorKind::TimedOut), Absence::Unreadable(why) if why.contains("timed out")));
    }

    #[test]
    fn the_bound_is_kept_to_the_byte_and_for_what_has_no_end() {
        assert_eq!(*bounded(&b"12345678"[..], 8, 8).unwrap().unwrap(), b"12345678");
        assert_eq!(bounded(&b"12345678"[..], 8, 7).unwrap(), None);
        assert_eq!(bounded(io::repeat(b'x'), 0, 1 << 20).unwrap(), None);
    }
}
