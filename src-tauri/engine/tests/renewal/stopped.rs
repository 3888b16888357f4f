//! Holdoff is stopped in the middle of a renewal, as by a debugger, heavy swapping or a closed lid, for longer than
//! its locks are valid: the owner takes them over and renews. Then Holdoff continues.

use crate::child;
use crate::scene::{LONG, Scene};
use holdoff_world::{Mishap, Owner, Violation, claude_code, eventually};
use std::time::{Duration, Instant};

/// When the owner considers a lock stale. Less than Claude Code's 60 s, and more than the 30 s for which Holdoff
/// relies on its own lock; the margin is no larger than that.
const STALE: Duration = Duration::from_secs(36);
/// How many are stopped before their request is sent, and how many after, at different moments.
const BEFORE: u64 = 8;
const AFTER: u64 = 3;

#[test]
fn renewal_suspended_past_the_lock_sends_nothing() {
    let began = Instant::now();
    let stopped_before: usize = std::thread::scope(|scope| {
        let worlds: Vec<_> = (0..BEFORE + AFTER)
            .map(|seed| {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    usize::from(runtime.block_on(stop(seed)))
                })
            })
            .collect();
        worlds.into_iter().map(|world| world.join().unwrap()).sum()
    });
    println!(
        "{stopped_before} of {} were stopped before their request left, in {:.1?}",
        BEFORE + AFTER,
        began.elapsed()
    );
    assert!(stopped_before * 2 >= BEFORE as usize, "they were to be stopped before: {stopped_before}");
}

/// Returns whether it was stopped before its request was sent.
async fn stop(seed: u64) -> bool {
    let mut random = fastrand::Rng::with_seed(seed);
    let scene = Scene::due().await;
    // A process that is stopped after its request was sent has not read the response.
    scene.grants.mishaps(|n| (Mishap::None, if n == 1 { Duration::from_secs(3) } else { Duration::ZERO }));
    let old = scene.pair();
    let holdoff = child::holdoff(&scene.home, &scene.env());
    if seed < BEFORE {
        let [_, last] = scene.lock_folders();
        eventually(LONG, "it has the locks", async || last.exists().then_some(())).await;
        tokio::time::sleep(Duration::from_micros(random.u64(0..4000))).await;
    } else {
        scene.fake.wait_for_token(1, LONG).await;
    }
    holdoff.freeze();
    let owner = Owner::at_home(&scene.home, scene.fake.token_base(), scene.fake.clock(), seed);
    let owner = child::owner(&scene.home, &Owner { stale: STALE, ..owner });
    // The owner's result shows whether the request was sent: it would have arrived long before the locks are stale.
    let (before, owners) = eventually(STALE + LONG, "the owner took the locks over", async || {
        let said = owner.stdout();
        let before = said.lines().find_map(|line| ["refused", "renewed"].iter().position(|end| line == *end))? == 1;
        Some((before, scene.text()))
    })
    .await;
    assert!(seed < BEFORE || !before, "its request had left: {}", owner.stdout());
    owner.kill9().await;
    if !before {
        // The owner keeps retrying, and may have been killed in the middle of that.
        scene.clear_locks();
    }
    let spent = scene.fake.token_requests().len();
    holdoff.thaw();

    if before {
        let new = scene.working_pair();
        assert_ne!(new, old);
        let asked = async || scene.fake.usage_requests().iter().any(|r| r.bearer() == Some(&new.access)).then_some(());
        eventually(LONG, "it asks with what its owner got", asked).await;
        assert_eq!(scene.grants.violations(), []);
    } else {
        let ended = |line: &str| line.contains("Token") && line.contains("Completed");
        eventually(LONG, "what came of its request is known", async || scene.ledger().lines().any(ended).then_some(()))
            .await;
        // Longer than the retry delay of a request that was not sent.
        tokio::time::sleep(Duration::from_secs(8)).await;
    }
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
    assert_eq!(scene.text(), owners, "what its owner wrote is left alone");
    assert_eq!(scene.fake.token_requests().len(), spent, "{}\n{}", holdoff.output(), scene.ledger());
    // The owner cannot know of a request whose response was not read: it presents the token again and is refused.
    let by_holdoff = |v: &Violation| matches!(v, Violation::Reused { by, .. } if by != claude_code::USER_AGENT);
    assert!(!scene.grants.violations().iter().any(by_holdoff), "{:?}", scene.grants);
    assert_eq!(scene.grants.granted().len(), 1, "the refresh token was accepted once");
    assert!(holdoff.stdout().matches("notice").count() <= usize::from(!before), "{}", holdoff.output());
    scene.assert_tidy();
    before
}
