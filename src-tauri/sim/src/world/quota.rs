//! How much of its windows an account has used, and how the provider reports it: correctly, most of the time.

use super::answers::{Reply, reply, text};
use super::machine::Machine;
use crate::observation::{DAY, HOUR, Meaning, Millis, ReportedWindow, thousandths};
use crate::office;
use crate::rng::Rng;
use crate::schedule::{Hours, Person, RetryAfter};

/// One window in a response; `used` is reported in tenths of a percent.
#[derive(Debug, Clone, Copy)]
struct WindowUse {
    used: f64,
    resets: Option<Millis>,
}

/// An anomaly in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    Fell,
    BothFell,
    Full,
    LeftOut,
    Nothing,
    Nonsense,
    Moved,
}

const ODD: [Odd; 7] = [Odd::Fell, Odd::BothFell, Odd::Full, Odd::LeftOut, Odd::Nothing, Odd::Nonsense, Odd::Moved];

/// A window that has not been used yet.
const UNUSED: WindowUse = WindowUse { used: 0.0, resets: None };

/// Usage only grows until the window resets, at a rate that depends on the cycle and the person.
fn window(now: Millis, person: Person, length: Millis, hours: Hours) -> WindowUse {
    let phase = (person as i64 + 1) * 47 * length / 100;
    let (cycle, gone) = ((now + phase) / length, (now + phase) % length);
    match hours {
        Hours::DayAndNight => window_use(cycle, person, (gone, length), now - gone + length),
        Hours::Office if length < DAY => office_session(now, person, length),
        Hours::Office => {
            let (begin, end) = (now - gone, now - gone + length);
            window_use(cycle, person, (office::worked(begin, now), office::worked(begin, end)), end)
        }
    }
}

/// A session window begins with the first use: at nine, or when the previous one is over during working hours.
fn office_session(now: Millis, person: Person, length: Millis) -> WindowUse {
    let Some(began) = office::began(now) else { return UNUSED };
    let begin = now - (now - began) % length;
    if begin >= began + office::DAY_OF_WORK {
        return UNUSED;
    }
    window_use(begin / length, person, (office::worked(begin, now), length), begin + length)
}

fn window_use(cycle: i64, person: Person, (used, of): (Millis, Millis), resets: Millis) -> WindowUse {
    let pace = 20 + (cycle * 7919 + person as i64 * 31) % 100;
    WindowUse { used: (used * 10 * pace / of).min(1000) as f64 / 10.0, resets: Some(resets) }
}

/// What a session of this person received at `at`, as the status line reports it at `now`.
pub(super) fn session(at: Millis, now: Millis, person: Person, hours: Hours) -> (String, Vec<ReportedWindow>) {
    let windows = [("five_hour", 5 * HOUR), ("seven_day", 7 * DAY)]
        .map(|(name, length)| (name, window(at, person, length, hours)));
    let mut said = Vec::new();
    let mut told = Vec::new();
    // Windows that are over are left out.
    for (name, WindowUse { used, resets }) in
        windows.into_iter().filter(|(_, told)| told.resets.is_some_and(|ends| ends > now))
    {
        let ends = resets.map_or(0, |ends| Machine::server_time(ends).0 / 1000);
        told.push(format!(r#""{name}":{{"used_percentage":{used},"resets_at":{ends}}}"#));
        said.push(ReportedWindow { window: name.to_owned(), used: thousandths(used), resets });
    }
    (format!(r#"{{"rate_limits":{{{}}}}}"#, told.join(",")), said)
}

pub(super) fn reading(now: Millis, person: Person, used: Hours, odd: u8, rng: &mut Rng) -> Reply {
    let odd = rng.percent(u64::from(odd)).then(|| *rng.pick(&ODD));
    let mut hours = Some(window(now, person, 5 * HOUR, used)).filter(|_| odd.is_some() || !rng.percent(8));
    let mut week = Some(window(now, person, 7 * DAY, used)).filter(|_| odd.is_some() || !rng.percent(1));
    let month = window(now, person, 30 * DAY, used);
    let mut month = Some(WindowUse { resets: None, ..month }).filter(|month| month.used > 0.0 && !rng.percent(50));
    let fell = Some(UNUSED);
    match odd {
        None | Some(Odd::Nonsense) => {}
        Some(Odd::Fell) => hours = fell,
        Some(Odd::BothFell) => (hours, week) = (fell, fell),
        Some(Odd::Full) => hours = hours.map(|hours| WindowUse { used: 100.0, ..hours }),
        Some(Odd::LeftOut) => week = None,
        Some(Odd::Nothing) => (hours, week, month) = (None, None, None),
        Some(Odd::Moved) => week = week.map(|week| WindowUse { used: week.used / 3.0, resets: Some(now + 6 * DAY) }),
    }
    let nonsense = odd == Some(Odd::Nonsense);
    let wobble = rng.between(0, 1);
    let shown = |told: Option<WindowUse>| {
        told.map_or(r#"{"utilization":null,"resets_at":null}"#.to_owned(), |WindowUse { used, resets }| {
            let at = |ends| Machine::server_time(ends).0 / 1000 + wobble;
            let resets = resets.map_or("null".to_owned(), |ends| at(ends).to_string());
            format!(r#"{{"utilization":{used},"resets_at":{resets}}}"#)
        })
    };
    let first = if nonsense { r#"{"utilization":1779124800,"resets_at":null}"#.to_owned() } else { shown(hours) };
    let body = format!(
        r#"{{"five_hour":{first},"seven_day":{},"tangelo":{},"seven_day_opus":null}}"#,
        shown(week),
        shown(month)
    );
    let named = [("five_hour", hours.filter(|_| !nonsense)), ("seven_day", week), ("tangelo", month)];
    let said = named.into_iter().filter_map(|(window, told)| {
        let WindowUse { used, resets } = told?;
        Some(ReportedWindow { window: window.to_owned(), used: thousandths(used), resets })
    });
    reply(200, RetryAfter::Absent, text(&body), Meaning::Reading { said: said.collect() }, now)
}
