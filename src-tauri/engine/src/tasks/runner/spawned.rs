//! Runs work while its runner waits for something else.

use tokio::task::JoinHandle;

/// Runs `work` in a task of its own. A response that arrives while the runner waits for its disk is received immediately.
/// Otherwise it would be read after its deadline, and its new tokens would be lost. The task starts when this future is first
/// polled, and is aborted when it is dropped.
pub(super) async fn spawned<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let mut task = Task(tokio::spawn(work));
    match (&mut task.0).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => std::future::pending().await,
        },
    }
}

struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
