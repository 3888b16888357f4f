//! Makes files and folders for this user only.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// To open a file that is to be written: made for its user only, and a pipe in its place is an error that is not waited for.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options
}

/// An empty file, new or emptied.
///
/// # Errors
/// What the system says.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    private().create(true).truncate(true).open(path)
}

/// A new file. A link by its name is not followed.
///
/// # Errors
/// What the system says; that something is there by that name.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    private().create_new(true).open(path)
}

/// Makes a folder, and those above it, for this user only. One that is there stays as it is.
///
/// # Errors
/// What the system says.
pub fn make_folder(dir: &Path) -> io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(dir)
}

/// The same for a folder that was taken away: somebody else may have made it meanwhile, and for everyone to read, as the web
/// engine of a window does.
///
/// # Errors
/// What the system says.
pub fn make_folder_again(dir: &Path) -> io::Result<()> {
    make_folder(dir)?;
    #[cfg(unix)]
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}
