//! What goes on while its runner waits for something else.

use tokio::task::JoinHandle;

/// Lives through `work` in a task of its own. An answer that comes while the runner waits for its disk is taken when it
/// comes: looked at only afterwards, it would be past the time by which it had to be there, and be lost with the new
/// tokens in it. The work begins when this is first waited for, and ends with whoever waits for it.
pub(super) async fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let mut task = Task(tokio::spawn(work));
    match (&mut task.0).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and this with it.
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
