//! Locks that a killed process left: each program uses the other's record to take them over, long before they are stale.

use crate::child;
use crate::scene::{LONG, Scene};
use holdoff_world::{Answer, Owner, claude_code, eventually};
use std::time::{Duration, Instant};

/// How long a killed Holdoff may block its owner, and a killed owner Holdoff. Locks are stale after 60 s.
const OWNER_WAITS: Duration = Duration::from_secs(9);
const HOLDOFF_WAITS: Duration = Duration::from_secs(10);

#[tokio::test]
async fn renewal_killed_in_holdoff_blocks_the_owner_for_8_s() {
    let scene = Scene::due().await;
    let grants = scene.grants.clone();
    // The request of the killed one does not arrive.
    scene.fake.token_always(Answer::decide(move |request| {
        if request.user_agent.as_deref() == Some(claude_code::USER_AGENT) {
            return grants.answer(request);
        }
        Answer::status(503).after(LONG)
    }));
    let holdoff = child::holdoff(&scene.home, &scene.env());
    scene.fake.wait_for_token(1, LONG).await;
    holdoff.kill9().await;
    let began = Instant::now();
    let claude = Owner::at_home(&scene.home, scene.fake.token_base(), scene.fake.clock(), 1);
    let claude = child::owner(&scene.home, &Owner { renewals: Some(1), ..claude });
    eventually(LONG, "the owner has renewed it", async || claude.stdout().contains("renewed").then_some(())).await;
    assert!(began.elapsed() < OWNER_WAITS, "{:?}\n{}", began.elapsed(), claude.stdout());
    assert!(claude.stdout().contains("took over"), "{}", claude.stdout());
    claude.wait_exit(LONG).await;
    scene.working_pair();
    scene.assert_tidy();
}

#[tokio::test]
async fn renewal_killed_in_the_owner_blocks_holdoff_for_10_s() {
    let scene = Scene::due().await;
    let grants = scene.grants.clone();
    scene.fake.token_always(Answer::decide(move |request| {
        if request.user_agent.as_deref() == Some(claude_code::USER_AGENT) {
            return Answer::status(503).after(LONG);
        }
        grants.answer(request)
    }));
    let claude = Owner::at_home(&scene.home, scene.fake.token_base(), scene.fake.clock(), 1);
    let claude = child::owner(&scene.home, &claude);
    scene.fake.wait_for_token(1, LONG).await;
    claude.kill9().await;
    assert!(scene.lock_folders().iter().all(|lock| lock.exists()));
    let began = Instant::now();
    let old = scene.pair();
    let holdoff = child::holdoff(&scene.home, &scene.env());
    eventually(LONG, "it has renewed it", async || (scene.pair() != old).then_some(())).await;
    assert!(began.elapsed() < HOLDOFF_WAITS, "{:?}\n{}", began.elapsed(), holdoff.output());
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
    scene.working_pair();
    scene.assert_tidy();
}
