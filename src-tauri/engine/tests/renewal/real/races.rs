//! Both try to renew at the same moment.

use super::client::is_holdoffs;
use super::{LONG, Real, Round};
use crate::child;
use holdoff_world::Mishap;
use std::time::Duration;

/// Claude Code reaches its renewal about half a second after its start.
const START: Duration = Duration::from_millis(900);

pub async fn race(seed: u64) -> Round {
    let mut random = fastrand::Rng::with_seed(seed);
    let real = Real::new(Duration::from_secs(60)).await;
    let late = Duration::from_millis(random.u64(0..300));
    real.scene.grants.mishaps(move |_| (Mishap::None, late));
    let old = real.pair().unwrap();
    let session = real.session();
    tokio::time::sleep(START.mul_f64(random.f64())).await;
    let holdoff = child::holdoff(&real.scene.home, &real.scene.env());
    let new = real.replaced(&old).await;
    holdoff.terminate();
    holdoff.wait_exit(LONG).await;
    session.claude.terminate();
    session.claude.wait_exit(LONG).await;
    real.check()?;
    if real.pair() != Some(new) {
        return Err("it was renewed twice".to_owned());
    }
    let locks = real.scene.lock_folders();
    if locks.iter().any(|lock| lock.exists()) || real.lock_on_writing().exists() {
        return Err("a lock was left".to_owned());
    }
    let first = real.scene.fake.token_requests().first().map(is_holdoffs);
    Ok(format!("by {}", if first == Some(true) { "Holdoff" } else { "Claude Code" }))
}
