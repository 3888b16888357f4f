//! What the tray icon says, whatever its drawing: a condition, up to two levels, and a number.

use super::account::{AccountStatus, Condition};
use crate::messages;
use crate::quota::{Level, QuotaWindow, WindowKind};
use crate::settings::{Percent, TrayLimit, TrayStyle};
use crate::state::AccountId;
use crate::time::Wall;
use std::time::Duration;

/// What the icon says.
#[derive(Debug, Clone, PartialEq)]
pub struct TrayReadout {
    pub condition: Condition,
    /// How much is used of the limit that it is about, in percent.
    pub used: Option<f64>,
    /// The same of the second limit, for two bars.
    pub second: Option<f64>,
    /// At most three characters: digits, and `h`, `d` or `'` after a time until the reset.
    pub number: Option<String>,
    /// When the number next changes although nothing happens.
    pub number_changes: Option<Wall>,
}

/// How to show it, as chosen in the settings.
#[derive(Debug, Clone, Copy)]
pub struct TrayChoice<'a> {
    pub style: TrayStyle,
    /// Up to two limits; none means the worst of all.
    pub shows: &'a [TrayLimit],
    pub percent: Percent,
}

/// One limit with its account's status.
#[derive(Clone, Copy)]
struct Shown<'a> {
    status: &'a AccountStatus<'a>,
    used: Option<f64>,
    resets_at: Option<Wall>,
}

impl TrayReadout {
    /// `None` without an account. A chosen limit whose account is gone does not count.
    pub fn of<'a>(all: &'a [(&AccountId, AccountStatus<'a>)], choice: &TrayChoice<'_>) -> Option<Self> {
        let chosen: Vec<Shown<'_>> = choice.shows.iter().filter_map(|limit| chosen(all, limit)).collect();
        let urgent = match chosen.is_empty() {
            true => all.iter().map(|(_, status)| status).min_by_key(|status| status.urgency())?,
            false => chosen.iter().map(|shown| shown.status).min_by_key(|status| status.urgency())?,
        };
        let (first, second) = match chosen.as_slice() {
            [] if choice.style == TrayStyle::Bars => pair(urgent),
            [] => (worst(urgent), None),
            [only] => (*only, None),
            [first, second, ..] => (*first, Some(*second)),
        };
        let fullest = match second {
            Some(second) if choice.style != TrayStyle::Bars && second.used > first.used => second,
            _ => first,
        };
        let (number, number_changes) = number(&fullest, choice).unzip();
        Some(Self {
            condition: urgent.condition,
            used: fullest.used,
            second: second.filter(|_| choice.style == TrayStyle::Bars).and_then(|second| second.used),
            number,
            number_changes: number_changes.flatten(),
        })
    }
}

fn chosen<'a>(all: &'a [(&AccountId, AccountStatus<'a>)], limit: &TrayLimit) -> Option<Shown<'a>> {
    let (_, status) = all.iter().find(|(id, _)| id.0 == limit.account)?;
    let Some(window) = &limit.window else { return Some(worst(status)) };
    let limits = limits(status);
    let window = limits.iter().find(|one| one.id == *window);
    Some(window.map_or(Shown { status, used: None, resets_at: None }, |window| shown(status, window)))
}

/// The fullest limit of an account.
fn worst<'a>(status: &'a AccountStatus<'a>) -> Shown<'a> {
    fullest(status, &limits(status)).unwrap_or(Shown { status, used: None, resets_at: None })
}

/// The session, and the fullest of the rest; the only limit if there is just one.
fn pair<'a>(status: &'a AccountStatus<'a>) -> (Shown<'a>, Option<Shown<'a>>) {
    let (session, rest): (Vec<_>, Vec<_>) =
        limits(status).into_iter().partition(|window| window.kind == WindowKind::Session);
    match (fullest(status, &session), fullest(status, &rest)) {
        (Some(session), rest) => (session, rest),
        (None, _) => (worst(status), None),
    }
}

fn fullest<'a>(status: &'a AccountStatus<'a>, limits: &[QuotaWindow]) -> Option<Shown<'a>> {
    let known = limits.iter().map(|window| shown(status, window)).filter(|shown| shown.used.is_some());
    known.max_by(|a, b| a.used.unwrap_or(0.0).total_cmp(&b.used.unwrap_or(0.0)))
}

fn limits(status: &AccountStatus<'_>) -> Vec<QuotaWindow> {
    status.account.reading.as_ref().map(|reading| reading.limits().into_owned()).unwrap_or_default()
}

fn shown<'a>(status: &'a AccountStatus<'a>, window: &QuotaWindow) -> Shown<'a> {
    let used = match window.level(status.now.wall) {
        Level::Used(used) => Some(used),
        Level::Reset | Level::Unknown => None,
    };
    Shown { status, used, resets_at: window.resets_at }
}

/// The number, and when it next changes by itself.
fn number(shown: &Shown<'_>, choice: &TrayChoice<'_>) -> Option<(String, Option<Wall>)> {
    let (used, now) = (shown.used?, shown.status.now.wall);
    if let Some(resets_at) = shown.resets_at.filter(|_| choice.style == TrayStyle::NumberReset && used >= 100.0) {
        let (text, lasts) = countdown(resets_at.since(now));
        return Some((text, Some(now.plus(lasts))));
    }
    let text = match choice.percent {
        Percent::Used => messages::percent(used.min(100.0)),
        Percent::Left => messages::percent_left(used),
    };
    Some((text.trim_end_matches(" %").to_owned(), None))
}

/// A time in at most three characters, rounded up: "3d", "17h", "50'" in steps of ten minutes. And how long it stays so.
fn countdown(left: Duration) -> (String, Duration) {
    let (unit, step, mark) = match left.as_secs() {
        ..=3600 => (60, 600, '\''),
        3601..=172_800 => (3600, 3600, 'h'),
        _ => (86_400, 86_400, 'd'),
    };
    let steps = left.as_secs().div_ceil(step).max(1);
    let lasts = left.saturating_sub(Duration::from_secs((steps - 1) * step));
    (format!("{}{mark}", (steps * step / unit).min(99)), lasts + Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Reading, Source};
    use crate::state::{AccountState, Provider};
    use crate::time::{Boot, Moment};

    const NOW: Moment = Moment { wall: Wall(1_789_391_820_000), boot: Boot(1_000_000) };

    fn window(id: &str, kind: WindowKind, used: f64, resets_in_min: i64) -> QuotaWindow {
        QuotaWindow {
            id: id.into(),
            kind,
            label: id.into(),
            used_percent: Some(used),
            resets_at: Some(Wall(NOW.wall.0 + resets_in_min * 60_000)),
            duration_s: None,
            binding: false,
            origin: None,
            locked: None,
        }
    }

    fn account(session: f64, weekly: f64, model: f64) -> AccountState {
        let mut account = AccountState::new(Provider::Anthropic);
        account.choose(Some(crate::settings::Readings::FreeOnly));
        let windows = vec![
            window("five_hour", WindowKind::Session, session, 133),
            window("seven_day", WindowKind::Weekly, weekly, 6283),
            window("opus", WindowKind::Model, model, 6283),
        ];
        account.reading = Some(Reading::new(Source::StatusLine, NOW.wall, windows, vec![]));
        account
    }

    fn limit(account: &str, window: Option<&str>) -> TrayLimit {
        TrayLimit { account: account.into(), window: window.map(str::to_owned) }
    }

    fn readout(accounts: &[AccountState], style: TrayStyle, shows: &[TrayLimit], percent: Percent) -> TrayReadout {
        let ids: Vec<AccountId> = ["ann", "bob"].map(|name| AccountId(name.into())).into();
        let all: Vec<_> = ids.iter().zip(accounts.iter().map(|account| account.status(NOW))).collect();
        TrayReadout::of(&all, &TrayChoice { style, shows, percent }).expect("an account")
    }

    #[test]
    fn worst_of_all_is_the_fullest_limit_of_the_most_urgent_account() {
        let both = [account(42.0, 26.0, 10.0), account(12.0, 61.0, 91.0)];
        let worst = readout(&both, TrayStyle::Number, &[], Percent::Used);
        assert_eq!((worst.used, worst.second, worst.number.as_deref()), (Some(91.0), None, Some("91")));
    }

    #[test]
    fn bars_are_the_session_and_the_fullest_of_the_rest() {
        let bars = readout(&[account(42.0, 26.0, 61.0)], TrayStyle::Bars, &[], Percent::Used);
        assert_eq!((bars.used, bars.second), (Some(42.0), Some(61.0)));
        let mut only = account(0.0, 26.0, 0.0);
        only.reading.as_mut().unwrap().windows.retain(|window| window.id == "seven_day");
        let bar = readout(&[only], TrayStyle::Bars, &[], Percent::Used);
        assert_eq!((bar.used, bar.second), (Some(26.0), None));
    }

    #[test]
    fn chosen_limits_are_shown_and_gone_accounts_are_not() {
        let both = [account(42.0, 26.0, 10.0), account(12.0, 61.0, 91.0)];
        let of = |style, shows: &[TrayLimit]| {
            let shown = readout(&both, style, shows, Percent::Used);
            (shown.used, shown.second)
        };
        let (weekly, session) = (limit("ann", Some("seven_day")), limit("bob", Some("five_hour")));
        assert_eq!(of(TrayStyle::Ring, std::slice::from_ref(&weekly)), (Some(26.0), None));
        assert_eq!(of(TrayStyle::Ring, &[limit("ann", None)]), (Some(42.0), None), "the account's fullest");
        assert_eq!(of(TrayStyle::Bars, &[weekly.clone(), session.clone()]), (Some(26.0), Some(12.0)));
        assert_eq!(of(TrayStyle::Number, &[session, weekly]), (Some(26.0), None), "the fuller of the two");
        assert_eq!(of(TrayStyle::Ring, &[limit("carol", None)]), (Some(91.0), None), "the worst of all");
        assert_eq!(of(TrayStyle::Ring, &[limit("ann", Some("gone"))]), (None, None));
    }

    #[test]
    fn number_is_the_one_in_the_menu() {
        for (used, percent, number) in [
            (42.4, Percent::Used, "42"),
            (42.4, Percent::Left, "58"),
            (99.7, Percent::Used, "99"),
            (100.0, Percent::Used, "100"),
            (104.0, Percent::Used, "100"),
            (104.0, Percent::Left, "0"),
        ] {
            let shown = readout(&[account(used, 0.0, 0.0)], TrayStyle::Number, &[], percent);
            assert_eq!((shown.number.as_deref(), shown.number_changes), (Some(number), None), "{used} {percent:?}");
        }
    }

    #[test]
    fn spent_limit_shows_the_time_until_its_reset() {
        let spent = readout(&[account(100.0, 0.0, 0.0)], TrayStyle::NumberReset, &[], Percent::Used);
        assert_eq!(spent.number.as_deref(), Some("3h"));
        let changes = spent.number_changes.unwrap();
        assert_eq!(changes.since(NOW.wall), Duration::from_millis(13 * 60_000 + 1), "then two hours are left");
        let not_yet = readout(&[account(99.9, 0.0, 0.0)], TrayStyle::NumberReset, &[], Percent::Used);
        assert_eq!(not_yet.number.as_deref(), Some("99"));
    }

    #[test]
    fn countdown_has_three_characters_and_changes_when_it_says() {
        for (secs, text) in [
            (0, "10'"),
            (1, "10'"),
            (600, "10'"),
            (601, "20'"),
            (3600, "60'"),
            (3601, "2h"),
            (7200, "2h"),
            (172_800, "48h"),
            (172_801, "3d"),
            (7 * 86_400, "7d"),
            (400 * 86_400, "99d"),
        ] {
            let left = Duration::from_secs(secs);
            let (said, lasts) = countdown(left);
            assert_eq!(said, text, "{secs}");
            assert!(
                secs <= 600 || said == "99d" || countdown(left.saturating_sub(lasts)).0 != said,
                "{secs}: {lasts:?}"
            );
        }
    }
}
