use super::*;
use holdoff_core::{AccountId, AccountState, QuotaWindow, Reading, Source, Wall};
use std::time::Duration;

fn state(n: i64) -> State {
    let mut account = AccountState::new(holdoff_core::state::Provider::Anthropic);
    let window = QuotaWindow {
        id: "five_hour".into(),
        kind: holdoff_core::providers::anthropic::window_kind("five_hour", None),
        label: "5-hour".into(),
        used_percent: Some(n as f64 + 0.1),
        resets_at: None,
        duration_s: None,
        binding: false,
        origin: None,
        locked: None,
    };
    account.reading = Some(Reading::new(Source::UsageEndpoint, Wall(n), vec![window], vec![]));
    let mut state = State::new("boot".into());
    state.accounts.insert(AccountId("anthropic:ann".into()), account);
    state
}

type Damage = fn(&[u8]) -> Vec<u8>;

struct Disk {
    dir: tempfile::TempDir,
    slots: TwoSlots<PlainFiles>,
}

impl Disk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let slots = TwoSlots::new(dir.path().to_owned(), PlainFiles, 0);
        Self { dir, slots }
    }

    fn slot(&self, n: usize) -> PathBuf {
        self.dir.path().join(NAMES[n])
    }

    fn read(&self) -> Slots {
        Slots::read(self.dir.path())
    }
}

#[test]
fn state_missing_is_not_lost() {
    let read = Disk::new().read();
    assert!(read.state.is_none() && !read.lost());
}

#[test]
fn state_is_read_from_either_slot() {
    let mut disk = Disk::new();
    for n in 0..5 {
        disk.slots.save(&state(n)).unwrap();
        assert_eq!(disk.read().state, Some(state(n)));
    }
    for (n, name) in NAMES.iter().enumerate() {
        let kept = std::fs::read(disk.slot(n)).unwrap();
        std::fs::remove_file(disk.slot(n)).unwrap();
        assert_eq!(disk.read().state, Some(state(4)), "without {name}");
        std::fs::write(disk.slot(n), kept).unwrap();
    }
}

#[test]
fn state_save_continues_from_the_generation_on_disk() {
    let mut disk = Disk::new();
    disk.slots.save(&state(1)).unwrap();
    let read = disk.read();
    let mut slots = TwoSlots::new(disk.dir.path().to_owned(), PlainFiles, read.generation);
    slots.save(&state(2)).unwrap();
    assert_eq!(disk.read().state, Some(state(2)));
}

#[test]
fn state_with_one_damaged_slot_is_intact_and_sets_it_aside() {
    let damages: [Damage; 5] = [
        |_| Vec::new(),
        |whole| whole[..whole.len() / 2].to_vec(),
        |whole| whole.iter().map(|byte| byte ^ 0x55).collect(),
        |_| b"<html></html>".to_vec(),
        |whole| String::from_utf8_lossy(whole).replace("3.1", "9.1").into_bytes(),
    ];
    for (kind, damage) in damages.iter().enumerate() {
        for (n, name) in NAMES.iter().enumerate() {
            let mut disk = Disk::new();
            disk.slots.save(&state(3)).unwrap();
            let whole = std::fs::read(disk.slot(n)).unwrap();
            std::fs::write(disk.slot(n), damage(&whole)).unwrap();
            let read = disk.read();
            assert_eq!(read.state, Some(state(3)), "damage {kind} to {name}");
            assert_eq!(read.damaged.len(), 1, "damage {kind}");
            let kept = read.set_aside("20260914T120000Z");
            assert_eq!(std::fs::read(&kept[0]).unwrap(), damage(&whole));
            assert!(!disk.slot(n).exists());
            assert!(kept[0].to_string_lossy().ends_with(".unreadable-20260914T120000Z"));
        }
    }
}

#[test]
fn state_with_both_slots_damaged_is_reported_lost() {
    let mut disk = Disk::new();
    disk.slots.save(&state(3)).unwrap();
    for n in 0..2 {
        std::fs::write(disk.slot(n), "{").unwrap();
    }
    assert!(disk.read().lost());
    assert_eq!(disk.read().set_aside("t").len(), 2);
    assert!(disk.read().lost(), "until something is saved: the process may die before, on a full disk for one");
    disk.slots.save(&state(4)).unwrap();
    assert!(!disk.read().lost());
}

/// Every prefix of the write, as a crash in the middle of a save leaves it.
#[test]
fn state_save_torn_loses_only_that_save() {
    let mut disk = Disk::new();
    disk.slots.save(&state(1)).unwrap();
    let old = std::fs::read(disk.slot(0)).unwrap();
    disk.slots.save(&state(2)).unwrap();
    let new = std::fs::read(disk.slot(0)).unwrap();
    let other: Vec<u8> = {
        let mut fresh = Disk::new();
        fresh.slots.save(&state(1)).unwrap();
        std::fs::read(fresh.slot(1)).unwrap()
    };
    assert_ne!(old, new);
    for cut in (0..new.len()).step_by(7) {
        std::fs::write(disk.slot(0), &new[..cut]).unwrap();
        std::fs::write(disk.slot(1), &other).unwrap();
        assert_eq!(disk.read().state, Some(state(1)), "cut at {cut}");
    }
}

#[test]
fn state_of_a_newer_version_is_not_read_and_left_unchanged() {
    let mut disk = Disk::new();
    let newer = State { version: 2, ..state(1) };
    disk.slots.save(&newer).unwrap();
    let read = disk.read();
    assert!(read.lost() && read.damaged.is_empty() && read.set_aside("t").is_empty());
    assert_eq!(read.newer, NAMES.map(|name| (name.to_owned(), 2)));
    let older = State { version: 0, ..state(1) };
    disk.slots.save(&older).unwrap();
    let read = disk.read();
    assert!(read.lost() && read.newer.is_empty());
    assert!(read.damaged[0].1.contains("another version"), "{:?}", read.damaged);
}

#[test]
fn state_checksum_ignores_key_order() {
    let mut disk = Disk::new();
    disk.slots.save(&state(1)).unwrap();
    let value: Value = serde_json::from_slice(&std::fs::read(disk.slot(0)).unwrap()).unwrap();
    let text = format!(
        r#"{{"state":{},"checksum":{},"generation":{}}}"#,
        reversed(&value["state"]),
        value["checksum"],
        value["generation"]
    );
    assert_eq!(parse(text.as_bytes()).unwrap().1, state(1));
}

fn reversed(value: &Value) -> String {
    let Value::Object(object) = value else {
        return value.to_string();
    };
    let parts: Vec<String> =
        object.iter().rev().map(|(key, value)| format!("{}:{}", Value::String(key.clone()), reversed(value))).collect();
    format!("{{{}}}", parts.join(","))
}

#[test]
fn state_save_on_a_full_disk_fails_and_keeps_the_other_slot() {
    struct Full(u32);
    impl SlotWriter for Full {
        fn write(&mut self, path: &Path, object: Map<String, Value>) -> Result<(), String> {
            if self.0 == 0 {
                std::fs::write(path, "").unwrap();
                return Err("no space left on device".into());
            }
            self.0 -= 1;
            PlainFiles.write(path, object)
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut slots = TwoSlots::new(dir.path().to_owned(), Full(2), 0);
    slots.save(&state(1)).unwrap();
    assert!(slots.save(&state(2)).is_err());
    assert_eq!(Slots::read(dir.path()).state, Some(state(1)));
    assert!(slots.save(&state(2)).is_err());
    assert_eq!(Slots::read(dir.path()).state, Some(state(1)), "a second failure hits the same slot");
}

#[test]
fn state_generation_above_the_maximum_is_damage() {
    let slot = |generation: u64| {
        let state = serde_json::to_value(state(1)).unwrap();
        let checksum = checksum(generation, &state);
        serde_json::to_vec(&json!({"generation": generation, "checksum": checksum, "state": state})).unwrap()
    };
    assert!(parse(&slot(GENERATION_MAX)).is_ok());
    for generation in [GENERATION_MAX + 1, u64::MAX] {
        assert!(parse(&slot(generation)).unwrap_err().to_string().contains("generation"));
    }
}

/// The app saves while the command looks.
#[test]
fn state_read_during_a_save_is_not_damaged() {
    let Disk { dir, mut slots } = Disk::new();
    slots.save(&state(0)).unwrap();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                slots.save(&state(n)).unwrap();
                if over.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                // Far more often than the app saves, and not all the time.
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let looks: Vec<Slots> = (0..40).map(|_| Slots::read_beside(dir.path())).collect();
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        for look in looks {
            assert!(look.damaged.is_empty() && look.state.is_some(), "{:?}", look.damaged);
        }
    });
    std::fs::write(dir.path().join(NAMES[0]), "").unwrap();
    assert_eq!(Slots::read_beside(dir.path()).damaged.len(), 1, "what stays so is");
}

/// A state with something in every kind of value: text that has to be escaped, lists, numbers, what is empty.
fn manifold() -> State {
    let mut state = state(7);
    for account in state.accounts.values_mut() {
        account.sign_in.place = "~/a \"folder\" of C:\\ann, {[é]}\\".into();
        account.renewal_blocked = Some("a\ttab, and a \u{1}".into());
    }
    state.active = state.accounts.keys().cloned().collect();
    state
}

#[test]
fn state_quick_parse_reads_every_saved_state() {
    let mut disk = Disk::new();
    for saved in [state(1), manifold(), State::new("boot".into())] {
        disk.slots.save(&saved).unwrap();
        for n in 0..NAMES.len() {
            let bytes = std::fs::read(disk.slot(n)).unwrap();
            let read = Quick::default().parse(&bytes).unwrap();
            assert_eq!(read.1, saved);
            assert_eq!(Ok(read), parse_any(&bytes));
        }
    }
}

#[test]
fn state_quick_parse_accepts_nothing_the_full_parse_rejects() {
    let mut disk = Disk::new();
    disk.slots.save(&manifold()).unwrap();
    let slot = |n| -> Value { serde_json::from_slice(&std::fs::read(disk.slot(n)).unwrap()).unwrap() };
    let (whole, before) = (slot(0).to_string().into_bytes(), slot(1).to_string().into_bytes());
    let mut quick = Quick::default();
    quick.parse(&before).unwrap();
    let mut taken = 0;
    for at in 0..whole.len() {
        for byte in *b" ,]\"\\0" {
            let replaced = [&whole[..at], &[byte], &whole[at + 1..]].concat();
            let inserted = [&whole[..at], &[byte], &whole[at..]].concat();
            for bytes in [replaced, inserted, [&whole[..at], &whole[at + 1..]].concat()] {
                if let Some(read) = quick.parse(&bytes) {
                    taken += 1;
                    assert_eq!(Ok(read), parse_any(&bytes), "{}", String::from_utf8_lossy(&bytes));
                }
            }
        }
    }
    assert!(taken > 100, "white space is of no account: {taken}");
}

#[test]
fn state_quick_parse_with_reordered_keys_falls_back() {
    let mut disk = Disk::new();
    disk.slots.save(&manifold()).unwrap();
    let bytes = std::fs::read(disk.slot(0)).unwrap();
    let slot: Map<String, Value> = serde_json::from_slice(&bytes).unwrap();
    let backwards = |object: &Map<String, Value>| {
        let keys: Vec<String> = object.iter().rev().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
        format!("{{{}}}", keys.join(","))
    };
    let state = backwards(slot["state"].as_object().unwrap());
    let text = format!("{{\"state\":{state},\"generation\":{},\"checksum\":{}}}", slot["generation"], slot["checksum"]);
    assert_eq!(Quick::default().parse(text.as_bytes()), None);
    assert_eq!(parse(text.as_bytes()).unwrap().1, manifold());
}
