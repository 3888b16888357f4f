//! Terminal on macOS, or the user's default application for `.command` files. Untested.

use super::script;
use crate::claude_code::sign_in_launcher::LaunchSpec;
use crate::platform::programs::Programs;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

/// In the user's own cache folder, where nobody else can write.
const FILE: &str = "Library/Caches/dev.holdoff.tray/Sign in to Claude Code.command";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal;

pub(in crate::claude_code::sign_in_launcher) fn find(
    _: &Programs,
    _: &impl Fn(&str) -> Option<OsString>,
) -> Vec<Terminal> {
    vec![Terminal]
}

impl Terminal {
    pub fn name(&self) -> String {
        "Terminal".to_owned()
    }

    /// `open` runs the file in a window and, unlike scripting Terminal, needs no permission.
    ///
    /// # Errors
    /// Fails if the file cannot be written, or `open` cannot be started or exits with an error.
    pub(in crate::claude_code::sign_in_launcher) fn open(&self, job: &LaunchSpec, home: &Path) -> Result<(), String> {
        let path = home.join(FILE);
        write(&path, &text(&script::command_line(job))).map_err(|error| error.to_string())?;
        super::start(Command::new("/usr/bin/open").arg(&path), home)
    }
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o700).open(path)?;
    file.write_all(text)
}

fn text(line: &[OsString]) -> Vec<u8> {
    let mut text = b"#!/bin/sh\nexec".to_vec();
    for part in line {
        text.extend_from_slice(b" '");
        text.extend_from_slice(&quoted(part));
        text.push(b'\'');
    }
    text.push(b'\n');
    text
}

fn quoted(part: &OsStr) -> Vec<u8> {
    part.as_bytes().iter().flat_map(|byte| if *byte == b'\'' { b"'\\''".to_vec() } else { vec![*byte] }).collect()
}
