//! Creates files and folders that are private to this user.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Options for writing a file: new files are private, and a pipe at that path fails instead of blocking.
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

/// Creates an empty file, or truncates an existing one.
///
/// # Errors
/// Fails on an I/O error.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    private().create(true).truncate(true).open(path)
}

/// Creates a new file. A link at that path is not followed.
///
/// # Errors
/// Fails on an I/O error, or if the path exists.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    private().create_new(true).open(path)
}

/// Creates a folder and its parents, private to this user. An existing folder is not changed.
///
/// # Errors
/// Fails on an I/O error.
pub fn make_folder(dir: &Path) -> io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(dir)
}

/// Same for a folder that was removed. Another program, such as a window's web engine, may have recreated it readable for
/// everyone, so its mode is set too.
///
/// # Errors
/// Fails on an I/O error.
pub fn make_folder_again(dir: &Path) -> io::Result<()> {
    make_folder(dir)?;
    #[cfg(unix)]
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}
