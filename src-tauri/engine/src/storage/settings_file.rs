//! `settings.json`: unknown keys are preserved, invalid values are reported, and an unreadable file is set aside.

use crate::platform::fs;
use crate::storage::state_file::SlotWriter;
use holdoff_core::Settings;
use holdoff_core::settings::VERSION;
use holdoff_core::text::without_bom;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

pub const NAME: &str = "settings.json";
/// The temporary file, renamed over the old one, so that a crash leaves a complete file.
const NEXT: &str = "settings.next.json";
const SIZE_MAX: u64 = 1024 * 1024;

/// The settings as loaded from disk.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub settings: Settings,
    /// Sentences about values that could not be used.
    pub problems: Vec<String>,
    object: Map<String, Value>,
}

/// Reads the settings without changing anything on disk.
pub fn read(dir: &Path) -> Loaded {
    match object(&dir.join(NAME)) {
        Ok(object) => {
            let (settings, problems) = Settings::parse(&object);
            Loaded { settings, problems, object }
        }
        Err(why) => {
            let problem = format!("settings.json cannot be used: {why}. Holdoff uses its defaults.");
            Loaded { problems: vec![problem], ..Loaded::default() }
        }
    }
}

/// Problems in the settings without any values, safe to share.
pub fn problems_to_share(dir: &Path) -> Vec<String> {
    match object(&dir.join(NAME)) {
        Ok(object) => Settings::problems_to_share(&object),
        Err(_) => read(dir).problems,
    }
}

/// Reads the settings. A file that is not a JSON object is renamed and reported. Only for the program that writes settings:
/// it also removes an unfinished temporary file.
pub fn load(dir: &Path, stamp: &str) -> Loaded {
    let path = dir.join(NAME);
    if let Ok(target) = target(dir) {
        let _there_is_none_as_a_rule = std::fs::remove_file(target.with_file_name(NEXT));
    }
    let mut loaded = read(dir);
    if object(&path).is_err()
        && let Some(kept) = fs::set_aside(&path, stamp)
        && let Some(problem) = loaded.problems.last_mut()
    {
        problem.push_str(&format!(" The file is kept as {}.", name(&kept)));
    }
    loaded
}

/// The format version, if the file has one.
pub fn version(dir: &Path) -> Option<u64> {
    object(&dir.join(NAME)).ok()?.get("version")?.as_u64()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn object(path: &Path) -> Result<Map<String, Value>, String> {
    let bytes = match fs::read_own(path, SIZE_MAX) {
        Err(error) if error.is_missing() => return Ok(Map::new()),
        bytes => bytes.map_err(|error| error.to_string())?,
    };
    match serde_json::from_slice(without_bom(&bytes)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("it is JSON, but not an object".to_owned()),
        Err(_) if without_bom(&bytes).is_empty() => Err("it is empty".to_owned()),
        Err(_) => Err("it is not valid JSON".to_owned()),
    }
}

/// Sets some keys and preserves all others, including those added on disk meanwhile.
///
/// # Errors
/// Fails with a sentence for the user; the old settings stay in effect.
pub fn change(
    dir: &Path,
    was: &Loaded,
    change: Map<String, Value>,
    writer: &mut dyn SlotWriter,
) -> Result<Loaded, String> {
    edit(dir, was, |object| object.extend(change), writer)
}

/// Same, for changes other than setting keys.
///
/// # Errors
/// Fails with a sentence for the user; the old settings stay in effect.
pub fn edit(
    dir: &Path,
    was: &Loaded,
    edit: impl FnOnce(&mut Map<String, Value>),
    writer: &mut dyn SlotWriter,
) -> Result<Loaded, String> {
    let mut object = object(&dir.join(NAME)).unwrap_or_else(|_| was.object.clone());
    if object.get("version").and_then(Value::as_u64).is_some_and(|version| version > VERSION) {
        return Err("The settings were written by a newer version of Holdoff and are left unchanged. Install that version to change them.".to_owned());
    }
    object.entry("version").or_insert(VERSION.into());
    edit(&mut object);
    save(dir, object.clone(), writer).map_err(|why| {
        format!("Could not save the settings ({why}). The old ones stay in effect. Free some space or fix the folder's permissions, then try again.")
    })?;
    let (settings, problems) = Settings::parse(&object);
    Ok(Loaded { settings, problems, object })
}

fn save(dir: &Path, object: Map<String, Value>, writer: &mut dyn SlotWriter) -> Result<(), String> {
    let io = |error: std::io::Error| error.to_string();
    let target = target(dir).map_err(io)?;
    let next = target.with_file_name(NEXT);
    writer.write(&next, object)?;
    fs::put(&next, &target).map_err(io)
}

/// The file to replace. If `settings.json` is a link, its target is replaced, since users keep settings elsewhere; the target
/// may not exist yet.
fn target(dir: &Path) -> std::io::Result<PathBuf> {
    let path = dir.join(NAME);
    match std::fs::canonicalize(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(std::fs::read_link(&path).map_or(path, |target| dir.join(target)))
        }
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::state_file::PlainFiles;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn settings_unknown_keys_survive_a_change() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), r#"{"someone_elses":{"a":[1]},"percent":"left"}"#).unwrap();
        let loaded = load(dir.path(), "t");
        let changed = change(dir.path(), &loaded, map(json!({"polling_interval_s": 600})), &mut PlainFiles).unwrap();
        assert_eq!(changed.settings.polling_interval.as_secs(), 600);
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        let on_disk: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            on_disk,
            json!({"version": 1, "someone_elses": {"a": [1]}, "percent": "left", "polling_interval_s": 600})
        );
    }

    #[test]
    fn settings_unparsable_are_set_aside_and_reported() {
        for bad in ["", "{\"polling", "[1]", "\u{0}", "\u{feff}"] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(NAME), bad).unwrap();
            let loaded = load(dir.path(), "t");
            assert_eq!(loaded.settings, Settings::default());
            assert!(loaded.problems[0].contains("settings.json.unreadable-t"), "{:?}", loaded.problems);
            assert_eq!(std::fs::read_to_string(dir.path().join("settings.json.unreadable-t")).unwrap(), bad);
        }
    }

    #[test]
    fn settings_byte_order_mark_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), "\u{feff}{\"percent\":\"left\"}").unwrap();
        let loaded = load(dir.path(), "t");
        assert_eq!((loaded.settings.percent, loaded.problems), (holdoff_core::settings::Percent::Left, vec![]));
    }

    /// This test hangs if the code waits for a pipe.
    #[cfg(unix)]
    #[test]
    fn settings_path_that_is_no_file_is_set_aside_and_reported() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        for (what, why) in [("a pipe", "it is a pipe"), ("a folder", "it is a folder")] {
            let loaded = load(dir.path(), "t");
            assert!(
                loaded.problems[0].contains(why) && loaded.problems[0].contains("kept as"),
                "{:?}",
                loaded.problems
            );
            assert!(!path.exists(), "{what}");
            std::fs::create_dir(&path).unwrap();
        }
    }

    #[test]
    fn settings_invalid_value_stays_in_the_file_until_changed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), r#"{"polling_interval_s":5}"#).unwrap();
        let loaded = load(dir.path(), "t");
        assert_eq!(loaded.problems.len(), 1);
        let changed = change(dir.path(), &loaded, map(json!({"theme": "dark"})), &mut PlainFiles).unwrap();
        assert_eq!(changed.problems.len(), 1);
        let mended = change(dir.path(), &changed, map(json!({"polling_interval_s": 300})), &mut PlainFiles).unwrap();
        assert_eq!(mended.problems, Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn settings_symlink_is_kept_and_its_target_written() {
        let (dir, dotfiles) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (link, kept) = (dir.path().join(NAME), dotfiles.path().join("holdoff.json"));
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        let loaded = load(dir.path(), "t");
        for percent in ["left", "used"] {
            change(dir.path(), &loaded, map(json!({"percent": percent})), &mut PlainFiles).unwrap();
            assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
            assert!(std::fs::read_to_string(&kept).unwrap().contains(percent));
            assert_eq!(std::fs::read_dir(dotfiles.path()).unwrap().count(), 1, "nothing else is left beside it");
        }
        std::fs::remove_dir_all(dotfiles.path()).unwrap();
        let error = change(dir.path(), &loaded, map(json!({"percent": "left"})), &mut PlainFiles).unwrap_err();
        assert!(error.contains("Could not save the settings"), "{error}");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn settings_torn_temporary_file_is_removed_at_startup() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), r#"{"percent":"left"}"#).unwrap();
        std::fs::write(dir.path().join(NEXT), r#"{"perc"#).unwrap();
        read(dir.path());
        assert!(dir.path().join(NEXT).exists(), "looking changes nothing");
        load(dir.path(), "t");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn settings_save_failure_keeps_the_old_file() {
        struct Full;
        impl SlotWriter for Full {
            fn write(&mut self, path: &Path, _: Map<String, Value>) -> Result<(), String> {
                std::fs::write(path, "{").unwrap();
                Err("no space left on device".into())
            }
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), r#"{"percent":"left"}"#).unwrap();
        let loaded = load(dir.path(), "t");
        let error = change(dir.path(), &loaded, map(json!({"percent": "used"})), &mut Full).unwrap_err();
        assert!(error.contains("no space left"), "{error}");
        assert_eq!(read(dir.path()).settings, loaded.settings);
    }
}
