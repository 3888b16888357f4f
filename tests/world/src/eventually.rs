//! Waiting for a condition, with a deadline and a message that helps.

use std::time::{Duration, Instant};

/// How often a condition is looked at that nothing announces.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// Asks `look` until it answers with `Some`, and gives back what it found.
///
/// # Panics
/// When `deadline` has gone by: says `what` was waited for and how often it was looked at.
pub async fn eventually<T>(deadline: Duration, what: impl AsRef<str>, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let what = what.as_ref();
    soon(deadline, async || look().await.ok_or("not yet"))
        .await
        .unwrap_or_else(|_| panic!("waited {deadline:?} in vain for this: {what}"))
}

/// Asks `look` until it answers with `Ok`; after `deadline`, gives back the last `Err`.
///
/// For conditions that can say what is still in the way.
///
/// # Errors
/// What the last look found, once `deadline` has gone by.
pub async fn soon<T, E>(deadline: Duration, mut look: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    let started = Instant::now();
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(obstacle) if started.elapsed() >= deadline => return Err(obstacle),
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
