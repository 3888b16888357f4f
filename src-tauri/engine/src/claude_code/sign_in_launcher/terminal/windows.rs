//! A console on Windows, which opens in Windows Terminal if that is the user's default. Untested.

use crate::claude_code::sign_in_launcher::LaunchSpec;
use crate::platform::programs::Programs;
use std::ffi::OsString;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// CREATE_NEW_CONSOLE of processthreadsapi.h.
const NEW_CONSOLE: u32 = 0x10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    shell: PathBuf,
}

pub(in crate::claude_code::sign_in_launcher) fn find(
    programs: &Programs,
    var: &impl Fn(&str) -> Option<OsString>,
) -> Vec<Terminal> {
    let shell = var("ComSpec").map(PathBuf::from).filter(|path| path.is_absolute());
    shell.or_else(|| programs.find("cmd")).map(|shell| Terminal { shell }).into_iter().collect()
}

impl Terminal {
    pub fn name(&self) -> String {
        "cmd".to_owned()
    }

    /// `/k` keeps the window open after the command ends.
    ///
    /// # Errors
    /// Fails if it cannot be started or exits with an error.
    pub(in crate::claude_code::sign_in_launcher) fn open(&self, job: &LaunchSpec, home: &Path) -> Result<(), String> {
        let mut command = Command::new(&self.shell);
        for (name, folder) in
            [("CLAUDE_CONFIG_DIR", &job.config_dir), ("CLAUDE_SECURESTORAGE_CONFIG_DIR", &job.storage_dir)]
        {
            match folder {
                Some(folder) => command.env(name, folder),
                None => command.env_remove(name),
            };
        }
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(job.folder.clone()).chain(std::env::split_paths(&others));
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
        let arguments = job.arguments.join(" ");
        let line = format!("/k \"echo {} & \"{}\" {arguments}\"", job.words.intro, job.program.display());
        super::start(command.raw_arg(line).creation_flags(NEW_CONSOLE), home)
    }
}
