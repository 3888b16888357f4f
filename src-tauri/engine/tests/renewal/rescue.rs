//! A kill between writing a new pair and moving it into place: the next Holdoff completes that.

use crate::child;
use crate::scene::{HOUR, LONG, Pair, Scene};
use holdoff_world::home::Credential;
use holdoff_world::{Answer, eventually};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The minimum time for which the lock of an ended process is respected.
const WATCH: Duration = Duration::from_secs(7);

/// A Holdoff that was killed while it waited for a new pair and left its locks; and that pair.
async fn cut_off() -> (Scene, Credential) {
    let scene = Scene::due().await;
    let new = scene.grants.sign_in(8 * HOUR);
    let answer = Answer::renewed(&new.access_token, new.refresh_token.as_deref());
    scene.fake.token_always(answer.after(LONG));
    let first = child::holdoff(&scene.home, &scene.env());
    scene.fake.wait_for_token(1, LONG).await;
    first.kill9().await;
    (scene, new)
}

pub fn beside(scene: &Scene) -> PathBuf {
    scene.home.credentials_path().with_file_name(".credentials.json.holdoff-new")
}

/// The file that it would have written before the kill.
fn leave(scene: &Scene, new: &Credential) {
    let old = scene.pair();
    let text = fs::read_to_string(scene.home.credentials_path()).unwrap();
    let ends = text.split("\"expiresAt\":").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
    let text = text
        .replace(&old.access, &new.access_token)
        .replace(&old.refresh, new.refresh_token.as_deref().unwrap())
        .replace(&ends, &new.expires_at_ms.unwrap().to_string());
    fs::write(beside(scene), text).unwrap();
    fs::set_permissions(beside(scene), Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn pending_pair_left_by_a_kill_is_recovered_and_used() {
    let (scene, new) = cut_off().await;
    leave(&scene, &new);
    let old = scene.pair();
    let began = Instant::now();
    let second = child::holdoff(&scene.home, &scene.env());
    eventually(LONG, "it has begun", async || second.stdout().contains("started").then_some(())).await;
    for _ in 0..60 {
        let there = (scene.pair(), beside(&scene).exists());
        if began.elapsed() >= WATCH {
            break;
        }
        assert_eq!(there, (old.clone(), true), "the dead one's locks are respected, as they may be its owner's");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    scene.clear_locks();
    let reading = scene.fake.wait_for_usage(1, LONG).await;
    assert_eq!(reading[0].bearer(), Some(new.access_token.as_str()));
    assert_eq!(scene.working_pair(), Pair { access: new.access_token, refresh: new.refresh_token.unwrap() });
    second.terminate();
    second.wait_exit(LONG).await;
    assert!(!second.stdout().contains("notice"), "{}", second.output());
    assert_eq!(scene.fake.token_requests().len(), 1);
    scene.assert_tidy();
}

/// The pair neither blocks the shutdown nor is lost with the program.
#[tokio::test]
async fn pending_pair_is_left_if_shutdown_comes_while_locks_are_held() {
    let (scene, new) = cut_off().await;
    leave(&scene, &new);
    let second = child::holdoff(&scene.home, &scene.env());
    eventually(LONG, "it has begun", async || second.stdout().contains("started").then_some(())).await;
    second.terminate();
    second.wait_exit(Duration::from_secs(10)).await;
    assert!(beside(&scene).exists());
    scene.clear_locks();
    let third = child::holdoff(&scene.home, &scene.env());
    scene.fake.wait_for_usage(1, LONG).await;
    assert_eq!(scene.working_pair().access, new.access_token);
    third.terminate();
    third.wait_exit(LONG).await;
    scene.assert_tidy();
}

#[tokio::test]
async fn pending_pair_torn_or_superseded_is_removed() {
    for signed_in_since in [false, true] {
        let (mut scene, new) = cut_off().await;
        if signed_in_since {
            leave(&scene, &new);
            scene.sign_in(8 * HOUR);
        } else {
            fs::write(beside(&scene), "{\"claudeAiOauth\":{").unwrap();
        }
        scene.clear_locks();
        let stands = scene.pair();
        let second = child::holdoff(&scene.home, &scene.env());
        eventually(LONG, "it is told, or asked", async || {
            let told = second.stdout().contains("notice SignInStopped");
            let asked = !scene.fake.usage_requests().is_empty();
            (if signed_in_since { asked } else { told }).then_some(())
        })
        .await;
        second.terminate();
        second.wait_exit(LONG).await;
        assert_eq!((scene.pair(), scene.fake.token_requests().len()), (stands, 1));
        assert_eq!(second.stdout().matches("notice").count(), usize::from(!signed_in_since), "{}", second.output());
        scene.assert_tidy();
    }
}

/// They are empty and block nobody, but Holdoff created them.
#[tokio::test]
async fn lock_temporary_folders_left_by_a_kill_are_removed() {
    let (scene, _) = cut_off().await;
    scene.clear_locks();
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let [newer, older] = scene.lock_folders();
    let aside = |lock: &PathBuf, pid: u32| PathBuf::from(format!("{}.new-{pid}-01234567", lock.display()));
    let theirs = aside(&newer, std::process::id());
    for folder in [aside(&newer, ended.id()), aside(&older, ended.id()), theirs.clone()] {
        fs::create_dir(folder).unwrap();
    }
    let second = child::holdoff(&scene.home, &scene.env());
    eventually(LONG, "they are gone", async || (!aside(&older, ended.id()).exists()).then_some(())).await;
    second.terminate();
    second.wait_exit(LONG).await;
    assert!(theirs.exists(), "a program that lives is at work on it");
    fs::remove_dir(theirs).unwrap();
    scene.assert_tidy();
}
