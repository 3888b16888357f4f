//! Detects a desktop without a tray. It is reported only after a while: at login the panel often starts later than Holdoff,
//! and a crashed panel is back within seconds.

use super::TrayEvent;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// How long the tray may be missing, in real time. Panels take up to 15 s at login.
const GRACE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Absence {
    events: mpsc::UnboundedSender<TrayEvent>,
    grace: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Present,
    /// The tray is missing; it is reported at this time.
    Until(Instant),
    Said,
}

impl Absence {
    /// The tray counts as missing at first.
    pub fn new(events: mpsc::UnboundedSender<TrayEvent>) -> Self {
        Self::with(events, GRACE)
    }

    fn with(events: mpsc::UnboundedSender<TrayEvent>, grace: Duration) -> Self {
        Self { events, grace, state: State::Until(Instant::now() + grace) }
    }

    /// Records that the tray is gone, unless it was gone before.
    pub fn begins(&mut self) {
        if matches!(self.state, State::Present) {
            self.state = State::Until(Instant::now() + self.grace);
        }
    }

    pub fn over(&mut self) {
        self.state = State::Present;
    }

    /// Waits for `what`, and reports the missing tray meanwhile if it is due.
    pub async fn meanwhile<T>(&mut self, what: impl Future<Output = T>) -> T {
        let mut what = std::pin::pin!(what);
        if let State::Until(end) = self.state {
            tokio::select! {
                done = &mut what => return done,
                () = sleep_until(end) => {}
            }
            self.state = State::Said;
            let _ = self.events.send(TrayEvent::NoPlace);
        }
        what.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn tray_absence_is_reported_once_after_the_grace_period() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut absence = Absence::with(tell, Duration::from_millis(20));
        assert_eq!(absence.meanwhile(ready(7)).await, 7);
        assert!(told.is_empty(), "not yet");
        tokio::select! {
            () = absence.meanwhile(pending()) => {}
            said = timeout(SOON, told.recv()) => assert_eq!(said.unwrap(), Some(TrayEvent::NoPlace)),
        }
        absence.begins();
        assert!(matches!(absence.state, State::Said), "it goes on");
        absence.over();
        absence.begins();
        tokio::select! {
            () = absence.meanwhile(pending()) => {}
            said = timeout(SOON, told.recv()) => assert_eq!(said.unwrap(), Some(TrayEvent::NoPlace), "another one"),
        }
    }

    #[test]
    fn tray_absence_grace_period_exceeds_15_s() {
        assert!(GRACE > Duration::from_secs(15));
    }
}
