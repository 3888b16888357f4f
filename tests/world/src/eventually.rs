//! Waits for a condition, with a deadline and a useful error message.

use std::time::{Duration, Instant};

/// The polling interval for conditions that nothing signals.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// Calls `look` until it returns `Some`, and returns the value.
///
/// # Panics
/// If `deadline` has passed: says what was waited for (`what`) and how often it was checked.
pub async fn eventually<T>(deadline: Duration, what: impl AsRef<str>, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let what = what.as_ref();
    soon(deadline, async || look().await.ok_or("not yet"))
        .await
        .unwrap_or_else(|_| panic!("waited {deadline:?} in vain for this: {what}"))
}

/// Calls `look` until it returns `Ok`; after `deadline`, returns the last `Err`.
///
/// For conditions that can report what is still missing.
///
/// # Errors
/// Fails with the result of the last check once `deadline` has passed.
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
