//! Rate-limits log lines that others can trigger: one line per event would push everything else out of the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts how often an event occurred since it was last logged.
#[derive(Debug)]
pub(crate) struct Seldom {
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    said: Option<Instant>,
    since: u64,
}

impl Seldom {
    /// Logs at most once per `every`, in real time.
    pub(crate) const fn every(every: Duration) -> Self {
        Self { every, state: Mutex::new(State { said: None, since: 0 }) }
    }

    /// Counts one event. Returns the count if it should be logged now.
    pub(crate) fn came(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.since += 1;
        if state.said.is_some_and(|said| said.elapsed() < self.every) {
            return None;
        }
        state.said = Some(Instant::now());
        Some(std::mem::take(&mut state.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttle_reports_the_first_event_then_the_count() {
        let seldom = Seldom::every(Duration::from_secs(3600));
        assert_eq!([seldom.came(), seldom.came(), seldom.came()], [Some(1), None, None]);
        let at_once = Seldom::every(Duration::ZERO);
        assert_eq!([at_once.came(), at_once.came()], [Some(1), Some(1)]);
        seldom.state.lock().unwrap().said = None;
        assert_eq!(seldom.came(), Some(3));
    }
}
