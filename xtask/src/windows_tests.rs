//! `cargo xtask windows-tests`: tests the core, the engine and the command as Windows programs under Wine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::bare_system::{self, MIRROR, Unpacked};
use crate::cmd::Cmd;
use crate::packages::Purpose;
use crate::project::Project;
use crate::{setup, unknown_argument, value_missing};

pub const HELP: &str = "\
cargo xtask windows-tests [--mirror URL]

Builds the tests of holdoff-core, holdoff-engine and holdoff-cli for x86_64-pc-windows-gnu, runs them under Wine, and counts
them. All of it happens in a Debian 13 that is made with debootstrap and kept in
$XDG_CACHE_HOME/holdoff-clean-system/windows (4 GiB) for the next time: its rustc, whose standard library for Windows is
built from Debian's sources of it, mingw-w64 and Wine.

As root, on Linux, with a mirror of Debian (http://deb.debian.org/debian) and crates.io in reach. By hand; no part of the
tests. What Wine cannot do is left out, and named.";

const SUITE: &str = "trixie";
const TARGET: &str = "x86_64-pc-windows-gnu";

/// Debian no longer packages the standard library for Windows, but it packages the sources. The two objects are the start
/// and the end of programs linked with MinGW.
const PREPARE: &str = r#"
apt-get install -qy --no-install-recommends cargo-web rustc-web rust-web-src gcc-mingw-w64-x86-64 gcc libc6-dev wine wine64
library=$(rustc --print sysroot)/lib/rustlib/x86_64-pc-windows-gnu/lib
mkdir -p "$library"
cd /usr/src/rustc-*/library
export RUSTC_BOOTSTRAP=1 CARGO_HTTP_CAINFO=/opt/certificates.crt CARGO_TARGET_DIR=/tmp/std
RUSTFLAGS=-Zforce-unstable-if-unmarked __CARGO_DEFAULT_LIB_METADATA=holdoff \
    cargo build --release --locked --target x86_64-pc-windows-gnu --manifest-path sysroot/Cargo.toml
cp /tmp/std/x86_64-pc-windows-gnu/release/deps/*.rlib "$library"
for object in rsbegin rsend; do
    rustc --target x86_64-pc-windows-gnu --emit=obj -o "$library/$object.o" rtstartup/$object.rs
done
rm -r /tmp/std
"#;

const CERTIFICATES: &str =
    "Wine 10 takes no certificates besides its own: it refuses the CERT_CHAIN_ENGINE_CONFIG of Windows 8";

/// The tests that are not run, and why.
const LEFT_OUT: [(&str, &str); 5] = [
    ("ca_certificate_from_claude_code_settings_is_trusted", CERTIFICATES),
    ("proxy_from_claude_code_settings_is_used_and_hides_its_password", CERTIFICATES),
    ("token_response_truncated_is_not_a_lost_request", "Wine may tell of a reset before what came ahead of it"),
    ("decisions_for_every_status_match_the_reviewed_table", "it makes 18,000 connections, and Wine ten a second"),
    ("status_line_readings_cut_a_days_requests_to_a_tenth", "on its clock, a second of Wine's is half an hour"),
];

/// Runs in its own namespaces with the system's root, the repository and the target folder. The home folders of Wine and of
/// the tests, whose clocks are fast, are in memory.
const INSIDE: &str = r#"
set -e
mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; mount -t tmpfs tmpfs "$1/tmp"
mkdir -p "$1/src" "$1/target"
mount --bind "$2" "$1/src"; mount -o remount,bind,ro "$1/src"; mount --bind "$3" "$1/target"
exec chroot "$1" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -c "$4"
"#;

const RUN: &str = r#"
set -e -o pipefail
export WINEPREFIX=/tmp/wine WINEDEBUG=-all XDG_RUNTIME_DIR=/tmp CARGO_HTTP_CAINFO=/opt/certificates.crt CARGO_TARGET_DIR=/target
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine
cd /src
rustc --version | tee /target/versions; wine --version | tee -a /target/versions
mkdir "$WINEPREFIX"; wineserver -p; wineboot --init
"#;

pub fn run(project: &Project, args: &[String]) -> Result<()> {
    let mirror = parse(args)?;
    bare_system::can_be_made()?;
    setup::prepare(Purpose::CleanSystem)?;
    let root = system(&mirror)?;
    let target = project.target().join("windows-tests");
    fs::create_dir_all(&target)?;
    let _of_an_earlier_run = fs::remove_file(target.join("said"));
    let left_out: Vec<String> = LEFT_OUT.iter().map(|(name, _)| format!("--skip {name}")).collect();
    let script = format!(
        "{RUN}cargo test --locked --no-fail-fast --target {TARGET} -p holdoff-core -p holdoff-engine -p holdoff-cli \
         --lib --bins --tests -- {} 2>&1 | tee /target/said",
        left_out.join(" ")
    );
    // Wine's processes end with the namespace.
    let apart =
        ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--", "sh", "-c", INSIDE, "sh"];
    let ran = Cmd::new("unshare").args(apart).arg(&root).arg(project.root()).arg(&target).arg(&script).no_input().run();
    report(&target)?;
    if ran.is_err() {
        bail!("not all of them passed, or could be built: {} has what was said.", target.join("said").display());
    }
    Ok(())
}

/// The system; created if it is not cached.
fn system(mirror: &str) -> Result<PathBuf> {
    let kept = bare_system::cache()?.join("windows");
    if !kept.is_dir() {
        let work = Unpacked::new(kept.with_extension("new"))?;
        bare_system::make(&work.0, SUITE, mirror, PREPARE)?;
        fs::rename(&work.0, &kept)?;
    }
    Ok(kept)
}

fn report(target: &Path) -> Result<()> {
    let read = |name| fs::read(target.join(name)).map(|said| String::from_utf8_lossy(&said).into_owned());
    let said = read("said").context("no test was run")?;
    print!("\n{}", read("versions").unwrap_or_default());
    println!("{:<16} {:>6} {:>6} {:>7} {:>8}", "", "passed", "failed", "ignored", "left out");
    for (name, [passed, failed, ignored, left_out]) in results(&said) {
        println!("{name:<16} {passed:>6} {failed:>6} {ignored:>7} {left_out:>8}");
    }
    for (name, why) in LEFT_OUT {
        println!("left out: {name}: {why}");
    }
    if results(&said).is_empty() {
        bail!("no test was run.");
    }
    Ok(())
}

/// For each test program, the numbers of passed, failed, ignored and excluded tests.
fn results(said: &str) -> Vec<(String, [u32; 4])> {
    let mut results = Vec::new();
    let mut program = String::new();
    for line in said.lines().map(str::trim) {
        if line.starts_with("Running ") {
            let file = line.rsplit('/').next().unwrap_or_default();
            program = file.split('-').next().unwrap_or_default().to_owned();
        } else if line.starts_with("test result: ") {
            let count = |what| {
                let (before, _) = line.split_once(what)?;
                before.rsplit(' ').next()?.parse().ok()
            };
            let counts = [" passed", " failed", " ignored", " filtered out"].map(|what| count(what).unwrap_or(0));
            results.push((program.clone(), counts));
        }
    }
    results
}

fn parse(args: &[String]) -> Result<String> {
    match args {
        [] => Ok(MIRROR.to_owned()),
        [option, mirror] if option == "--mirror" => Ok(mirror.clone()),
        [option] if option == "--mirror" => Err(value_missing("--mirror", "a URL")),
        [other, ..] => Err(unknown_argument("windows-tests", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_results_are_counted_per_program() {
        let said = "     Running unittests src/lib.rs (/target/x86_64-pc-windows-gnu/debug/deps/holdoff_core-cae6.exe)\n\n\
            running 573 tests\ntest result: ok. 573 passed; 0 failed; 2 ignored; 0 measured; 1 filtered out; finished in 10.40s\n\
            \x20    Running tests/zone.rs (/target/x86_64-pc-windows-gnu/debug/deps/zone-d499.exe)\n\
            test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.61s\n";
        let expected = [("holdoff_core".to_owned(), [573, 0, 2, 1]), ("zone".to_owned(), [0, 1, 0, 0])];
        assert_eq!(results(said), expected);
    }

    #[test]
    fn windows_tests_arguments_are_parsed_or_rejected() {
        let parse = |args: &[&str]| parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()).ok();
        assert_eq!(parse(&[]).as_deref(), Some(MIRROR));
        assert_eq!(parse(&["--mirror", "http://mirror"]).as_deref(), Some("http://mirror"));
        for wrong in [&["--mirror"][..], &["now"], &["--mirror", "a", "b"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
