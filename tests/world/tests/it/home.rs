use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use holdoff_world::{Credential, Damage, Home, Slot, Target};
use serde_json::{Value, json};

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(8 * 3600)
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn home_has_a_short_path_private_mode_and_isolated_env() {
    let home = Home::new();
    assert!(home.data_dir().join("a-socket-of-some-length.sock").as_os_str().len() < 100);
    assert_eq!(mode(&home.runtime_dir()), 0o700);
    let env = home.env();
    for (name, value) in &env {
        if name.starts_with("XDG_") || name == "HOME" || name == "TMPDIR" {
            assert!(value.starts_with(home.path().to_str().unwrap()), "{name}={value}");
        }
    }
    let shown = home.command("/usr/bin/env").output().unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap().lines().count(), env.len());
}

#[test]
fn sign_in_writes_the_files_claude_code_would() {
    let home = Home::new();
    let credential = home.sign_in(later());
    assert_eq!(mode(&home.credentials_path()), 0o600);
    let file: Value = serde_json::from_slice(&fs::read(home.credentials_path()).unwrap()).unwrap();
    assert_eq!(file["claudeAiOauth"]["accessToken"], credential.access_token);
    assert_eq!(file["claudeAiOauth"]["expiresAt"], credential.expires_at_ms.unwrap());
    assert!(file["mcpOAuth"].is_object());
    assert_eq!(credential.secrets().len(), 3);
    let account: Value = serde_json::from_slice(&fs::read(home.path().join(".claude.json")).unwrap()).unwrap();
    assert_eq!(account["oauthAccount"]["emailAddress"], "ann@example.com");
    assert_eq!(fs::read_dir(home.claude_dir()).unwrap().count(), 1, "nothing is left over from writing");
}

#[test]
fn credential_can_omit_optional_fields() {
    let home = Home::new();
    let mut credential = Credential::fresh(later());
    (credential.refresh_token, credential.expires_at_ms) = (None, None);
    home.credentials(&credential);
    let file: Value = serde_json::from_slice(&fs::read(home.credentials_path()).unwrap()).unwrap();
    assert!(file["claudeAiOauth"]["expiresAt"].is_null());
    home.raw_credentials(b"{\"claudeAi");
    assert_eq!(fs::read(home.credentials_path()).unwrap(), b"{\"claudeAi");
    home.remove_credentials();
    home.remove_credentials();
    assert!(!home.credentials_path().exists());
}

#[test]
fn replace_config_folder_creates_a_new_inode() {
    use std::os::unix::fs::MetadataExt;
    let home = Home::new();
    home.sign_in(later());
    let before = fs::metadata(home.claude_dir()).unwrap().ino();
    let old = home.replace_config_folder();
    assert_ne!(fs::metadata(home.claude_dir()).unwrap().ino(), before);
    assert!(old.join(".credentials.json").exists() && !home.credentials_path().exists());
}

#[test]
fn settings_round_trip() {
    let home = Home::new();
    assert_eq!(home.read_settings(), None);
    home.settings(&json!({"version": 1, "polling_interval_s": 180}));
    assert_eq!(home.read_settings().unwrap()["polling_interval_s"], 180);
}

/// A home with two state files, of which `newest` has the higher generation.
fn with_slots(newest: Slot) -> Home {
    let home = Home::new();
    fs::create_dir_all(home.data_dir()).unwrap();
    for slot in Slot::BOTH {
        let generation = if slot == newest { 8 } else { 7 };
        let state = json!({"generation": generation, "checksum": "9f86d0", "state": {"until": 1_788_781_207}});
        fs::write(home.slot_path(slot), state.to_string()).unwrap();
    }
    home
}

#[test]
fn newest_slot_is_chosen_by_generation_then_by_mtime() {
    for newest in Slot::BOTH {
        assert_eq!(with_slots(newest).newest_slot(), Some(newest));
    }
    let home = Home::new();
    assert_eq!(home.newest_slot(), None);
    fs::create_dir_all(home.data_dir()).unwrap();
    for (slot, age) in [(Slot::A, 10), (Slot::B, 100)] {
        let file = fs::File::create(home.slot_path(slot)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    }
    assert_eq!(home.newest_slot(), Some(Slot::A));
}

#[test]
fn damage_changes_only_the_targeted_state_file() {
    for damage in Damage::ALL {
        let home = with_slots(Slot::B);
        let before = fs::read(home.slot_path(Slot::B)).unwrap();
        let other = fs::read(home.slot_path(Slot::A)).unwrap();
        assert_eq!(home.damage(Target::Newest, damage), [Slot::B]);
        let after = fs::read(home.slot_path(Slot::B)).ok();
        assert_ne!(after.as_ref(), Some(&before), "{damage:?}");
        assert_eq!(fs::read(home.slot_path(Slot::A)).unwrap(), other, "{damage:?}");
        match damage {
            Damage::Missing => assert_eq!(after, None),
            Damage::Empty => assert_eq!(after.unwrap().len(), 0),
            Damage::Half => assert!(before.starts_with(&after.unwrap())),
            Damage::Noise | Damage::Zeros => assert_eq!(after.unwrap().len(), before.len()),
            Damage::Altered => {
                let after = after.unwrap();
                assert_eq!(after.iter().zip(&before).filter(|(one, two)| one != two).count(), 1);
                assert!(serde_json::from_slice::<Value>(&after).is_ok());
            }
            Damage::Foreign => assert!(home.read_slot(Slot::B).unwrap().get("generation").is_none()),
        }
    }
    let home = with_slots(Slot::A);
    assert_eq!(home.damage(Target::Oldest, Damage::Empty), [Slot::B]);
    assert_eq!(home.damage(Target::Both, Damage::Missing), Slot::BOTH);
    assert_eq!(home.newest_slot(), None);
}

#[test]
#[should_panic(expected = "a state file to damage")]
fn damage_without_a_state_file_panics() {
    Home::new().damage(Target::Newest, Damage::Empty);
}

#[test]
fn unreadable_files_set_aside_are_listed() {
    let home = with_slots(Slot::A);
    let aside = home.data_dir().join("state.a.json.unreadable-1788781207");
    fs::write(&aside, "noise").unwrap();
    assert_eq!(home.unreadable_files(), [aside]);
}
