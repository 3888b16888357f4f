//! Shown means said: law 17, and law 14 for unknown values. Checks each window notification against every response so
//! far, with constants of its own.

use super::{Broken, Laws, broken};
use crate::observation::{DAY, HOUR, MINUTE, Millis, ReportedWindow, View, Who, WindowNotice};
use std::collections::{BTreeSet, VecDeque};

/// The number of responses for which a notification may wait for its service.
const ANSWERS: usize = 400;

/// The minimum delay before a second reading can confirm a first.
const CONFIRMED_AFTER: Millis = 115_000;

/// When, and which figures.
type Reports = VecDeque<(Millis, Vec<ReportedWindow>)>;

/// What the sources said about one account, and what was notified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Showing {
    answers: Reports,
    /// What sessions reported: they omit some windows and report much more often.
    by_sessions: Reports,
    /// Every window and figure that was ever reported. When the provider stops reporting limits, the last ones are
    /// shown for days, marked with their age.
    figures: BTreeSet<(String, u32)>,
    /// Every time at which something was reported, for the same reason.
    times: BTreeSet<Millis>,
    /// A session reported something too: the view may be newer than the last response, or exist without any response.
    pub(super) was_told: bool,
    /// The window, the end of its cycle, and the threshold.
    told: Vec<(String, Millis, u8)>,
}

impl Showing {
    pub(super) fn reported(&mut self, now: Millis, said: &[ReportedWindow]) {
        note(&mut self.answers, now, said);
        self.remember(now, said);
    }

    /// A session reported this. The account may accept it or not.
    pub(super) fn reported_by_session(&mut self, at: Millis, said: &[ReportedWindow]) {
        note(&mut self.by_sessions, at, said);
        self.remember(at, said);
        self.was_told = true;
    }

    fn remember(&mut self, at: Millis, said: &[ReportedWindow]) {
        self.times.insert(at);
        self.figures.extend(said.iter().map(|said| (said.window.clone(), said.used)));
    }

    /// Whether a reading from that time was reported.
    pub(super) fn is_from(&self, at: Millis) -> bool {
        self.times.range(at - MINUTE..=at + MINUTE).next().is_some()
    }

    fn all(&self) -> impl Iterator<Item = &(Millis, Vec<ReportedWindow>)> {
        self.answers.iter().chain(&self.by_sessions)
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The same account under another name.
    pub(super) fn merge(&mut self, other: &Self) {
        for (into, from) in [(&mut self.answers, &other.answers), (&mut self.by_sessions, &other.by_sessions)] {
            into.extend(from.iter().cloned());
            into.make_contiguous().sort_by_key(|(at, _)| *at);
        }
        self.figures.extend(other.figures.iter().cloned());
        self.times.extend(&other.times);
        self.was_told |= other.was_told;
    }

    fn of(&self, window: &str) -> Vec<(Millis, &ReportedWindow)> {
        let said = self.all().flat_map(|(at, said)| said.iter().map(|said| (*at, said)));
        let mut said: Vec<_> = said.filter(|(_, said)| said.window == window).collect();
        said.sort_by_key(|(at, _)| *at);
        said
    }

    fn check_view(&self, view: &View) -> Result<(), Broken> {
        for (window, used) in view.windows.iter().flatten() {
            let Some(used) = *used else { continue };
            if !self.figures.contains(&(window.clone(), used)) {
                let law = if used == 0 { 14 } else { 17 };
                return broken(law, || format!("{window} is shown at {used} thousandths, which nobody said of it"));
            }
        }
        Ok(())
    }

    fn check_notice(&mut self, window: &str, told: WindowNotice, now: Millis) -> Result<(), Broken> {
        let said = self.of(window);
        match told {
            WindowNotice::RunsOut if said.len() < 2 => {
                broken(17, || format!("one reading of {window} made a forecast"))
            }
            WindowNotice::RunsOut => Ok(()),
            WindowNotice::Reset => {
                let over = said.iter().any(|(_, said)| said.resets.is_some_and(|ends| ends <= now + MINUTE));
                if over || fell_twice(&said) {
                    return Ok(());
                }
                broken(17, || format!("{window} was called reset before its time, and no two answers said so"))
            }
            WindowNotice::Threshold(percent) => {
                let Some(ends) = confirmed(&said, percent) else {
                    return broken(17, || format!("{percent} % of {window} was told of one answer alone"));
                };
                let Some(ends) = ends else { return Ok(()) };
                let same = |(of, end, least): &(String, Millis, u8)| {
                    of == window && (end - ends).abs() <= MINUTE && percent <= *least
                };
                if self.told.iter().any(same) {
                    return broken(17, || format!("{percent} % of {window} was told twice in one cycle"));
                }
                self.told.push((window.to_owned(), ends, percent));
                Ok(())
            }
        }
    }
}

fn note(heard: &mut Reports, at: Millis, said: &[ReportedWindow]) {
    if heard.len() >= ANSWERS {
        heard.pop_front();
    }
    heard.push_back((at, said.to_vec()));
    heard.make_contiguous().sort_by_key(|(at, _)| *at);
}

/// Two responses, the second some minutes after the first, reported less than an earlier one.
fn fell_twice(said: &[(Millis, &ReportedWindow)]) -> bool {
    said.iter().enumerate().any(|(at, (first, low))| {
        let before = said[..at].iter().any(|(_, high)| high.used > low.used + 1000);
        let again = |(second, too): &(Millis, &ReportedWindow)| {
            second - first >= CONFIRMED_AFTER && too.used <= low.used + 30_000
        };
        before && said[at..].iter().any(again)
    })
}

/// The end of the last cycle in which two matching responses reached this percentage.
fn confirmed(said: &[(Millis, &ReportedWindow)], percent: u8) -> Option<Option<Millis>> {
    let reached = said.iter().rev().filter(|(_, said)| said.used >= u32::from(percent) * 1000);
    let agree = |(a_at, a): &(Millis, &ReportedWindow), (b_at, b): &(Millis, &ReportedWindow)| {
        let length = match a.window.as_str() {
            "five_hour" => 5 * HOUR,
            "seven_day" => 7 * DAY,
            _ => DAY,
        };
        let same = a.resets.zip(b.resets).is_none_or(|(a, b)| (a - b).abs() <= MINUTE);
        let most = 10_000 + (a_at - b_at).abs() * 1_000_000 / length;
        a_at != b_at && same && i64::from(a.used.abs_diff(b.used)) <= most
    };
    let mut supported = reached.filter(|one| said.iter().any(|other| agree(one, other)));
    supported.next().map(|(_, said)| said.resets)
}

impl Laws {
    pub(super) fn hear(&mut self, who: Who, at: Millis, said: &[ReportedWindow]) {
        if self.watches {
            self.account_of(who).showing.reported_by_session(at, said);
        }
    }

    pub(super) fn check_shown(&mut self, view: &View) -> Result<(), Broken> {
        let watches = self.watches;
        if watches { self.account().showing.check_view(view) } else { Ok(()) }
    }

    /// Not checked once the clock was set: that may have made a reset pass.
    pub(super) fn check_window_notice(&mut self, window: &str, told: WindowNotice) -> Result<(), Broken> {
        let now = self.now;
        if self.clock_was_set { Ok(()) } else { self.account().showing.check_notice(window, told, now) }
    }
}
