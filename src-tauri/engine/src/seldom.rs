//! What others can do again and again is logged once in a while: a line for each would drive all others out of the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often something came since it was last said.
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
    /// To be said once in so long, in real time.
    pub(crate) const fn every(every: Duration) -> Self {
        Self { every, state: Mutex::new(State { said: None, since: 0 }) }
    }

    /// It came once more. Gives how many times, where it is to be said now.
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
    fn the_first_is_said_and_then_how_many_there_were() {
        let seldom = Seldom::every(Duration::from_secs(3600));
        assert_eq!([seldom.came(), seldom.came(), seldom.came()], [Some(1), None, None]);
        let at_once = Seldom::every(Duration::ZERO);
        assert_eq!([at_once.came(), at_once.came()], [Some(1), Some(1)]);
        seldom.state.lock().unwrap().said = None;
        assert_eq!(seldom.came(), Some(3));
    }
}
