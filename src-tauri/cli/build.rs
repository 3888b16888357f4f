//! Links the command statically where possible: loading and binding shared libraries takes longer than the command's work.
//! The program stays position-independent, so that address space layout randomization still applies.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library names that the standard library links, and the archives that provide them.
const LIBRARIES: [(&str, &str); 7] = [
    ("libgcc_s.a", "libgcc_eh.a"),
    ("libc.a", "libc.a"),
    ("libm.a", "libm.a"),
    ("libutil.a", "libutil.a"),
    ("librt.a", "librt.a"),
    ("libpthread.a", "libpthread.a"),
    ("libdl.a", "libdl.a"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Other systems have no such archives, or the compiler's own settings link statically already.
    let is = |variable: &str, value: &str| std::env::var(variable).is_ok_and(|is| is == value);
    let here = std::env::var("HOST").ok().is_some_and(|host| is("TARGET", &host));
    if !here || !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    if features.split(',').any(|feature| feature == "crt-static") {
        return;
    }
    if let Some(folder) = std::env::var_os("OUT_DIR").map(PathBuf::from).filter(|folder| gather(folder).is_some()) {
        println!("cargo::rustc-env=HOLDOFF_LINKED_WHOLE=yes");
        // For the program only: tests are linked dynamically and would take half of their libraries from there.
        let search = format!("-L{}", folder.display());
        for argument in ["-static-pie", &search, "-Wl,--start-group", "-lgcc_eh", "-lgcc", "-lc", "-Wl,--end-group"] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}

/// Links each archive into the folder. `None` if one is missing, as on systems that package them separately.
fn gather(folder: &Path) -> Option<()> {
    find("rcrt1.o")?;
    for (name, archive) in LIBRARIES {
        let archive = find(archive)?;
        println!("cargo::rerun-if-changed={}", archive.display());
        let link = folder.join(name);
        let _left_over = std::fs::remove_file(&link);
        link_to(&archive, &link).ok()?;
    }
    Some(())
}

/// The path of a file as the linker driver reports it.
fn find(name: &str) -> Option<PathBuf> {
    let driver = std::env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let said = Command::new(driver).arg(format!("-print-file-name={name}")).output().ok()?;
    let path = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim());
    path.is_absolute().then_some(path)
}

#[cfg(unix)]
fn link_to(archive: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(archive, link)
}

#[cfg(not(unix))]
fn link_to(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
