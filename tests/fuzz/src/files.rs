//! `settings.json`, read from disk.

use crate::disk::Disk;
use holdoff_core::gate::policy::POLL_INTERVAL;
use holdoff_core::settings::{LABEL_MAX, check_folder};
use holdoff_engine::storage::settings_file;
use holdoff_engine::storage::settings_file::Loaded;
use holdoff_engine::storage::state_file::PlainFiles;
use serde_json::{Map, Value, json};

pub fn settings(bytes: &[u8]) {
    Disk::with(|disk| {
        disk.write(settings_file::NAME, bytes);
        let loaded = settings_file::load(disk.path(), "now");
        check(&loaded);
        let object = serde_json::from_slice::<Value>(bytes).ok().and_then(|value| value.as_object().cloned());
        assert_eq!(disk.read(settings_file::NAME).is_some(), object.is_some(), "what is unreadable is kept aside");
        change(disk, &loaded, &object.unwrap_or_default());
    });
}

fn check(loaded: &Loaded) {
    let settings = &loaded.settings;
    assert!(POLL_INTERVAL.contains(&settings.polling_interval.as_secs()), "{:?}", settings.polling_interval);
    for chosen in settings.accounts.values() {
        let label = chosen.label.as_deref().unwrap_or_default();
        assert!(label.chars().count() <= LABEL_MAX && !label.chars().any(char::is_control));
    }
    for folder in settings.config_dirs.values().flatten() {
        assert_eq!(check_folder(folder), Ok(()));
    }
    for problem in &loaded.problems {
        assert!(problem.chars().count() <= 500, "a sentence of {} characters", problem.chars().count());
        assert!(!problem.chars().any(char::is_control), "{problem:?}");
    }
}

/// Changing one key leaves all other keys unchanged, whatever they are.
fn change(disk: &Disk, loaded: &Loaded, before: &Map<String, Value>) {
    let wish = [("polling_interval_s".to_owned(), json!(600))].into_iter().collect();
    let text = disk.read(settings_file::NAME);
    let changed = match settings_file::change(disk.path(), loaded, wish, &mut PlainFiles) {
        Ok(changed) => changed,
        Err(why) => {
            // Settings of a newer version are not changed.
            assert!(before.get("version").and_then(Value::as_f64).is_some_and(|version| version > 1.0), "{why}");
            assert_eq!(disk.read(settings_file::NAME), text);
            return;
        }
    };
    assert_eq!(changed.settings.polling_interval.as_secs(), 600);
    let text = disk.read(settings_file::NAME).expect("it was written");
    let after: Map<String, Value> = serde_json::from_slice(&text).expect("what was written is whole");
    let mut expected = before.clone();
    expected.entry("version").or_insert(json!(1));
    expected.insert("polling_interval_s".to_owned(), json!(600));
    assert_eq!(after, expected);
}
