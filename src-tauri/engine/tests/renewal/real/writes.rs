//! One of the two writes the file slowly, and the other interferes.

use super::{LONG, Real, Round};
use crate::child;
use holdoff_world::spawn::Spawned;
use holdoff_world::{Answer, eventually};
use std::time::{Duration, Instant};

const SLOW: Duration = Duration::from_secs(3);

/// Stops a program as soon as the write lock exists. It is held for only a few milliseconds.
async fn stop_while_it_writes(real: &Real, program: &Spawned) -> bool {
    let (lock, deadline) = (real.lock_on_writing(), Instant::now() + LONG);
    while !lock.exists() {
        if Instant::now() > deadline || program.exit().is_some() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    program.freeze();
    // Work in progress when it was stopped is complete by then.
    tokio::time::sleep(Duration::from_millis(20)).await;
    lock.exists()
}

/// Claude Code holds the lock and may have read the old file; meanwhile Holdoff gets its new pair.
pub async fn claude_is_slow(_: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    let old = real.pair().unwrap();
    let grants = real.scene.grants.clone();
    real.scene.fake.token_always(Answer::decide(move |request| grants.answer(request).after(SLOW * 2)));
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    real.scene.fake.wait_for_token(1, LONG).await;
    let asked = Instant::now();
    let claude = real.store_secret();
    let caught = stop_while_it_writes(&real, &claude).await && !real.has_secret() && asked.elapsed() < SLOW * 2;
    // The pair arrives, and Holdoff tries to write it.
    tokio::time::sleep((SLOW * 3).saturating_sub(asked.elapsed())).await;
    claude.thaw();
    claude.wait_exit(LONG).await;
    real.renewed(&old).await;
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
    real.check()?;
    if !real.has_secret() {
        return Err("the secret was lost".to_owned());
    }
    Ok(if caught { "in the middle" } else { "beside it" }.to_owned())
}

/// Holdoff holds the lock and has read the old file; meanwhile Claude Code stores a secret.
pub async fn holdoff_is_slow(_: u64) -> Round {
    let real = Real::new(Duration::from_secs(60)).await;
    let old = real.pair().unwrap();
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    let caught = stop_while_it_writes(&real, &holdoff).await && real.pair().as_ref() == Some(&old);
    let claude = real.store_secret();
    tokio::time::sleep(SLOW).await;
    holdoff.thaw();
    claude.wait_exit(LONG).await;
    eventually(LONG, "the secret", async || real.has_secret().then_some(())).await;
    real.renewed(&old).await;
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
    real.check()?;
    if !real.has_secret() {
        return Err("the secret was lost".to_owned());
    }
    Ok(if caught { "in the middle" } else { "beside it" }.to_owned())
}
