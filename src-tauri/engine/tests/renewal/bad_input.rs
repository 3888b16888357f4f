//! Invalid sign-ins and locks: each is distinguished, and none costs a token.

use crate::scene::{HOUR, Scene};
use holdoff_core::credential::{CredentialMissing, CredentialPresence};
use holdoff_core::messages;
use holdoff_core::{AccountState, AccountStatus, LocalTime, StatusContext};
use holdoff_engine::platform::clock::Clock;
use holdoff_world::Answer;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

fn absent(words: &'static str) -> impl Fn(&AccountState) -> bool {
    move |state| match &state.sign_in.seen {
        Some(CredentialPresence::Absent(CredentialMissing::Unreadable(why))) => why.contains(words),
        Some(CredentialPresence::Absent(_) | CredentialPresence::Present { .. }) | None => false,
    }
}

/// What the user reads about it in the menu and the panel.
fn status(state: &AccountState) -> String {
    let context = StatusContext::new(Clock::real().now(), Duration::from_secs(300));
    messages::status(&AccountStatus::of(state, &context), &LocalTime::UTC).join(" ")
}

/// Changes a renewable sign-in with `spoil`, then runs Holdoff until `there` accepts the state.
async fn spoilt(what: &str, spoil: impl Fn(&Path), there: impl Fn(&AccountState) -> bool) {
    let scene = Scene::due().await;
    spoil(&scene.home.credentials_path());
    let mut holdoff = scene.holdoff().await;
    holdoff.until(what, there).await;
    holdoff.live(Duration::from_millis(100)).await;
    holdoff.end().await;
    assert_eq!((scene.fake.token_requests().len(), scene.fake.usage_requests().len()), (0, 0), "{what}");
}

#[tokio::test]
async fn renewal_with_an_unreadable_credential_spends_nothing() {
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let folder = |path: &Path| {
        remove(path);
        fs::create_dir(path).unwrap();
    };
    let dangling = |path: &Path| {
        remove(path);
        symlink("/nowhere/of-holdoff", path).unwrap();
    };
    let huge = |path: &Path| File::options().write(true).open(path).unwrap().set_len(5 << 20).unwrap();
    let torn = |path: &Path| {
        let length = fs::metadata(path).unwrap().len();
        File::options().write(true).open(path).unwrap().set_len(length - 20).unwrap();
    };
    spoilt("a folder", folder, absent("it is a folder")).await;
    spoilt("a link to nowhere", dangling, absent("a link to a missing file")).await;
    spoilt("huge", huge, absent("larger than 4 MiB")).await;
    spoilt("torn", torn, absent("incomplete or damaged")).await;
}

/// The owner rewrites it in place, in two pieces, over and over.
#[tokio::test]
async fn renewal_of_a_file_being_rewritten_waits_and_spends_one_token() {
    let scene = Scene::due().await;
    let (path, text, old) = (scene.home.credentials_path(), scene.text(), scene.pair());
    let (first, rest) = text.split_at(text.len() / 2);
    let (first, rest) = (first.to_owned(), rest.to_owned());
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let half_seen = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&half_seen);
    fs::write(&path, &first).unwrap();
    let owner = std::thread::spawn(move || {
        while !seen.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        for _ in 0..20 {
            let mut file = File::options().append(true).open(&path).unwrap();
            file.write_all(rest.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(30));
            if stopped.load(Ordering::SeqCst) {
                return;
            }
            fs::write(&path, &first).unwrap();
            std::thread::sleep(Duration::from_millis(10));
        }
        fs::write(&path, first + &rest).unwrap();
    });
    let (owner, book) = (Mutex::new(Some(owner)), scene.grants.clone());
    scene.fake.token_always(Answer::decide(move |request| {
        stop.store(true, Ordering::SeqCst);
        if let Some(owner) = owner.lock().unwrap().take() {
            owner.join().unwrap();
        }
        book.answer(request)
    }));
    let mut holdoff = scene.holdoff().await;
    holdoff.until("seen half-written", absent("incomplete or damaged")).await;
    half_seen.store(true, Ordering::SeqCst);
    holdoff.until("a reading", |state| state.reading.is_some()).await;
    holdoff.live(Duration::from_millis(300)).await;
    assert_ne!(scene.working_pair(), old);
    assert_eq!((scene.fake.token_requests().len(), holdoff.told.len()), (1, 0));
    holdoff.end().await;
    scene.assert_tidy();
}

/// Without a plausible expiry there is no time at which a renewal would be due.
#[tokio::test]
async fn renewal_with_an_implausible_expiry_is_not_attempted() {
    for ends in ["1000", "32472144000000", "null", "-1"] {
        let scene = Scene::due().await;
        let text = fs::read_to_string(scene.home.credentials_path()).unwrap();
        let (before, rest) = text.split_once("\"expiresAt\":").unwrap();
        let (_, rest) = rest.split_once(',').unwrap();
        fs::write(scene.home.credentials_path(), format!("{before}\"expiresAt\":{ends},{rest}")).unwrap();
        let mut holdoff = scene.holdoff().await;
        holdoff.until("a reading", |state| state.reading.is_some()).await;
        holdoff.live(Duration::from_millis(100)).await;
        assert_eq!(scene.fake.token_requests().len(), 0, "{ends}");
    }
}

/// It is used for requests until it expires; the result of a renewal could not be written.
#[tokio::test]
async fn renewal_of_a_read_only_file_is_blocked_and_reported() {
    let scene = Scene::due().await;
    fs::set_permissions(scene.home.credentials_path(), Permissions::from_mode(0o444)).unwrap();
    let mut holdoff = scene.holdoff().await;
    holdoff.until("a reading", |state| state.reading.is_some()).await;
    let why = "cannot write a renewed sign-in: it is write-protected";
    holdoff.until("said in its status", |state| status(state).contains(why)).await;
    holdoff.end().await;
    assert!(scene.fake.token_requests().is_empty());
    let ledger = scene.ledger();
    assert!(ledger.contains(why), "{ledger}");
    scene.assert_tidy();
}

#[tokio::test]
async fn renewal_with_a_file_in_place_of_the_lock_is_blocked() {
    let scene = Scene::due().await;
    let [inner, _] = scene.lock_folders();
    fs::write(&inner, "somebody's").unwrap();
    let mut holdoff = scene.holdoff().await;
    holdoff.until("a reading", |state| state.reading.is_some()).await;
    holdoff.until("said in its status", |state| status(state).contains("is not a lock")).await;
    holdoff.end().await;
    assert!(scene.fake.token_requests().is_empty());
    assert_eq!(fs::read_to_string(inner).unwrap(), "somebody's");
}

#[tokio::test]
async fn renewal_waits_for_a_dead_lock_until_stale_then_takes_over() {
    let scene = Scene::new(1.0, Duration::from_secs(60), 8 * HOUR).await;
    let old = scene.pair();
    let [_, beside] = scene.lock_folders();
    fs::create_dir(&beside).unwrap();
    let touched = |ago: u64| {
        let at = SystemTime::now() - Duration::from_secs(ago);
        File::open(&beside).unwrap().set_times(FileTimes::new().set_modified(at)).unwrap();
    };
    touched(20);
    let mut holdoff = scene.holdoff().await;
    holdoff.until("a reading with what there is", |state| state.reading.is_some()).await;
    holdoff.live(Duration::from_secs(2)).await;
    assert_eq!((scene.pair(), scene.fake.token_requests().len()), (old.clone(), 0));
    touched(61);
    let began = Instant::now();
    holdoff.until("renewed", |state| state.renewed.is_some()).await;
    println!("a dead lock was taken over after {:?}", began.elapsed());
    assert_ne!(scene.working_pair(), old);
    holdoff.end().await;
    scene.assert_tidy();
}
