//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cmd::Cmd;

/// This repository and the folder that cargo builds it into.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Finds both from where this program came from, which holds for every way of naming a target folder to cargo.
    pub fn find() -> Result<Self> {
        let manifest_dir =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root =
            manifest_dir.parent().context("xtask is at the root of the file system, so there is no repository")?;
        let program = env::current_exe().context("this program's own path cannot be found")?;
        let target = program.ancestors().nth(2).with_context(|| {
            format!("{} is not in a cargo target folder; start it as `cargo xtask`", program.display())
        })?;
        Ok(Self { root: root.to_owned(), target: target.to_owned() })
    }

    /// The repository's top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the UI's sources and its package.json.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// The folder that cargo builds into.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The folder that cargo puts the programs of a profile into.
    pub fn programs(&self, profile: Profile) -> PathBuf {
        self.target.join(match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        })
    }

    /// The path of one program of a profile.
    pub fn program(&self, profile: Profile, name: &str) -> PathBuf {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        self.programs(profile).join(file)
    }

    /// The cargo that started this program, at the repository's top, into the same target folder.
    pub fn cargo(&self, subcommand: &str) -> Cmd {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let cmd = Cmd::new(cargo).shown_as("cargo").arg(subcommand).dir(&self.root);
        match env::var_os("CARGO_TARGET_DIR").map(PathBuf::from) {
            // The path is relative to the user's folder, not to the one in which the command runs.
            Some(dir) if dir.is_relative() => match env::current_dir() {
                Ok(here) => cmd.hidden_env("CARGO_TARGET_DIR", here.join(dir)),
                Err(_) => cmd,
            },
            _ => cmd,
        }
    }
}

/// Which of cargo's profiles a program is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}
