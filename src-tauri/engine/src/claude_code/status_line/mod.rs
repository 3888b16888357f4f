//! Installs Holdoff as Claude Code's status line, and restores the previous one. Each change is planned first, so that the user
//! can review it, and applied only if the settings are still those it was planned for.

pub mod command;
mod diff;
mod obstacles;
mod old_copies;
mod record;
mod settings_editor;
mod settings_file;
#[cfg(test)]
mod tests;

pub use diff::{Kind, Line};
pub use obstacles::{Obstacle, ObstacleKind, Scope, obstacles};
pub use old_copies::{clean_copies, remove_copies};

use crate::claude_code::locks::{Busy, take_beside};
use crate::platform::private_files::Doubt;
use record::{Record, RecordStore, Undo, digest};
use serde_json::Value;
use settings_editor::{Current, Text};
use settings_file::SettingsContents;
use std::path::{Path, PathBuf};

/// Why the settings were not changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "There is no folder {} for Claude Code's settings. Nothing was changed. Start Claude Code once, or name the folder that it uses.", folder.display()
    )]
    NoFolder { folder: PathBuf },
    #[error("{} cannot be read: {why}. Nothing was changed.", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error(
        "{} cannot be edited: {why}. Nothing was changed. Fix the file, or try again in a moment if another program was saving it.", path.display()
    )]
    Text { path: PathBuf, why: String },
    #[error(
        "{} is write-protected; another program may manage it. Nothing was changed. Make it writable (chmod u+w), or make this change in that program.", path.display()
    )]
    ReadOnly { path: PathBuf },
    #[error("{} belongs to another user. Nothing was changed. Take ownership first (chown).", path.display())]
    Foreign { path: PathBuf },
    #[error(
        "Another program changed {} in the meantime. Holdoff changed nothing. Review the change again.", path.display()
    )]
    Changed { path: PathBuf },
    #[error(
        "Another program, perhaps Claude Code, is changing {} right now. Nothing was changed. Try again in a moment.", path.display()
    )]
    Busy { path: PathBuf },
    #[error(
        "Could not write {}: {why}. Nothing was changed. Free some space or make its folder writable, and try again.", path.display()
    )]
    Write { path: PathBuf, why: String },
    #[error(
        "Could not save what is needed to undo the change to {}: {why}. Nothing was changed. Free some space, and try again.", path.display()
    )]
    Record { path: PathBuf, why: String },
}

/// The status line of one Claude Code config folder.
#[derive(Debug, Clone)]
pub struct StatusLineSettings {
    settings: PathBuf,
    data_dir: PathBuf,
}

/// The current status line.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    Nothing,
    /// Holdoff runs, followed by the earlier command, if there was one.
    Installed {
        command: String,
        earlier: Option<String>,
    },
    /// Another program's; its command, if it is one.
    Other(Option<String>),
}

/// The planned action.
#[derive(Debug)]
pub enum Plan {
    Change(Box<Change>),
    /// The settings are already as requested.
    Nothing,
}

/// A planned change that has not been applied.
#[derive(Debug)]
pub struct Change {
    /// The path that Claude Code uses; its lock is beside this path.
    settings: PathBuf,
    found: SettingsContents,
    after: Option<Vec<u8>>,
    records: RecordStore,
    keep: Keep,
}

#[derive(Debug)]
enum Keep {
    Earlier(Option<Value>),
    /// Keeps the record from the first installation, if there is one.
    Same(Option<Record>),
    /// Removes the record, since the earlier value is restored.
    Nothing {
        forgotten: bool,
    },
}

impl StatusLineSettings {
    pub fn new(config_dir: &Path, data_dir: &Path) -> Self {
        Self { settings: config_dir.join(settings_file::NAME), data_dir: data_dir.to_owned() }
    }

    pub fn settings(&self) -> &Path {
        &self.settings
    }

    /// The earlier command, which Holdoff runs as well. Fast, because every status line call needs it.
    pub fn earlier(&self) -> Option<String> {
        self.records(&settings_file::real(&self.settings))
            .read()?
            .earlier
            .as_ref()
            .and_then(settings_editor::called)
            .map(str::to_owned)
    }

    /// Records that exist but are not used, because others could have written them.
    pub fn doubtful(&self) -> Vec<(PathBuf, Doubt)> {
        self.records(&settings_file::real(&self.settings)).doubtful()
    }

    fn records(&self, real: &Path) -> RecordStore {
        RecordStore::new(&self.data_dir, &self.settings, real)
    }

    /// # Errors
    /// Fails if the settings cannot be read.
    pub fn status(&self) -> Result<Status, SettingsError> {
        let found = match settings_file::find(&self.settings) {
            Err(SettingsError::NoFolder { .. }) => return Ok(Status::Nothing),
            other => other?,
        };
        Ok(match self.text(&found)?.map(|text| text.current()) {
            None | Some(Current::Nothing) => Status::Nothing,
            Some(Current::Own(command)) => Status::Installed { command, earlier: self.earlier() },
            Some(Current::Other(value)) => Status::Other(settings_editor::called(&value).map(str::to_owned)),
        })
    }

    /// Plans to make the settings run `command`.
    ///
    /// # Errors
    /// Fails if the settings cannot be read, edited or written.
    pub fn plan_install(&self, command: &str) -> Result<Plan, SettingsError> {
        let found = settings_file::find(&self.settings)?.writable()?;
        let records = self.records(&found.path);
        let mut text = self.text(&found)?.map_or_else(|| self.understood(Text::new()), Ok)?;
        let keep = match text.current() {
            Current::Own(own) if own == command => return Ok(Plan::Nothing),
            Current::Own(_) => Keep::Same(records.read()),
            Current::Other(value) => Keep::Earlier(Some(value)),
            Current::Nothing => Keep::Earlier(None),
        };
        let others = text.others();
        text.call(command);
        self.change(found, Some(text.bytes()), &others, records, keep)
    }

    /// Plans to restore the previous status line.
    ///
    /// # Errors
    /// Fails if the settings cannot be read, edited or written.
    pub fn plan_uninstall(&self) -> Result<Plan, SettingsError> {
        let found = settings_file::find(&self.settings)?;
        let Some(text) = self.text(&found)? else {
            return Ok(Plan::Nothing);
        };
        let Current::Own(_) = text.current() else {
            return Ok(Plan::Nothing);
        };
        let found = found.writable()?;
        let records = self.records(&found.path);
        let record = records.read();
        let earlier = record.as_ref().and_then(|record| record.earlier.as_ref());
        let now = found.bytes.as_deref().unwrap_or_default();
        let others = text.others();
        let undone = record.as_ref().and_then(|record| record.undone(now));
        let after = undone.filter(|after| is_undone(after.as_deref(), &others, earlier)).unwrap_or_else(|| {
            text.put_back(earlier);
            Some(text.bytes())
        });
        self.change(found, after, &others, records, Keep::Nothing { forgotten: record.is_none() })
    }

    fn text(&self, found: &SettingsContents) -> Result<Option<Text>, SettingsError> {
        found.bytes.as_deref().map(|bytes| self.understood(Text::parse(bytes))).transpose()
    }

    fn understood(&self, text: Result<Text, String>) -> Result<Text, SettingsError> {
        text.map_err(|why| SettingsError::Text { path: self.settings.clone(), why })
    }

    /// Verifies that the edit changed nothing but the status line.
    fn change(
        &self,
        found: SettingsContents,
        after: Option<Vec<u8>>,
        others: &Value,
        records: RecordStore,
        keep: Keep,
    ) -> Result<Plan, SettingsError> {
        if let Some(after) = &after
            && self.understood(Text::parse(after))?.others() != *others
        {
            let why = "the change would have touched other settings".to_owned();
            return Err(SettingsError::Text { path: self.settings.clone(), why });
        }
        Ok(Plan::Change(Box::new(Change { settings: self.settings.clone(), found, after, records, keep })))
    }
}

/// Whether this restores the earlier value and keeps everything else as it is now.
fn is_undone(after: Option<&[u8]>, others: &Value, earlier: Option<&Value>) -> bool {
    let Some(after) = after else {
        return true;
    };
    let is_earlier = |current| match (current, earlier) {
        (Current::Other(current), Some(earlier)) => current == *earlier,
        // A record does not distinguish null from a missing value.
        (Current::Nothing | Current::Other(Value::Null), None) => true,
        (Current::Nothing | Current::Other(_) | Current::Own(_), _) => false,
    };
    Text::parse(after).is_ok_and(|text| text.others() == *others && is_earlier(text.current()))
}

impl Change {
    /// The file itself, with links resolved.
    pub fn path(&self) -> &Path {
        &self.found.path
    }

    pub fn diff(&self) -> Vec<Line> {
        diff::lines(self.found.bytes.as_deref(), self.after.as_deref())
    }

    /// Holdoff is removed, but the previous value is unknown.
    pub fn forgotten(&self) -> bool {
        matches!(self.keep, Keep::Nothing { forgotten: true })
    }

    /// Identifies this change of these settings.
    pub fn fingerprint(&self) -> String {
        let part = |bytes: &Option<Vec<u8>>| bytes.as_deref().map_or_else(|| "none".to_owned(), digest);
        digest(format!("{} {}", part(&self.found.bytes), part(&self.after)).as_bytes())
    }

    /// How to undo the change, without any content except the one key.
    fn before(&self, first: Option<&[u8]>, made: &[u8]) -> Option<Undo> {
        let key = first.and_then(|bytes| Text::parse(bytes).ok()).map(|text| text.shown()).unwrap_or_default();
        Undo::of(first, made).filter(|before| before.is_within(&key))
    }

    /// Applies the change.
    ///
    /// # Errors
    /// Fails if nothing was changed; the error says why.
    pub fn apply(self) -> Result<(), SettingsError> {
        let path = self.found.path.clone();
        let _lock = take_beside(&self.settings).map_err(|Busy| SettingsError::Busy { path: path.clone() })?;
        let not_saved = |error: std::io::Error| SettingsError::Record { path: path.clone(), why: error.to_string() };
        let made = self.after.as_deref().unwrap_or_default();
        match &self.keep {
            Keep::Earlier(earlier) => {
                let before = self.before(self.found.bytes.as_deref(), made);
                self.records.write(earlier.clone(), before, made).map_err(not_saved)?;
            }
            // The settings already contained Holdoff, so they are not what an undo must restore.
            Keep::Same(Some(record)) => {
                let first = record.undone(self.found.bytes.as_deref().unwrap_or_default());
                let before = first.and_then(|first| self.before(first.as_deref(), made));
                self.records.write(record.earlier.clone(), before, made).map_err(not_saved)?;
            }
            Keep::Same(None) | Keep::Nothing { .. } => {}
        }
        settings_file::replace(&self.found, self.after.as_deref())?;
        let removed = if matches!(self.keep, Keep::Nothing { .. }) { self.records.remove() } else { Ok(()) };
        if let Err(error) = removed {
            tracing::warn!(%error, "could not remove the record of an earlier status line");
        }
        Ok(())
    }
}
