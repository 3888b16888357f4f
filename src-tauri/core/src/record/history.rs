//! The history: windows, spend and episodes as they change. The ledger has its own entries.

use crate::gate::policy;
use crate::notification::{Announced, Episode, Notices};
use crate::quota::{Provenance, QuotaWindow, Reading, Source, Spend};
use crate::state::AccountId;
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// One history record.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryRecord {
    Window(WindowRecord),
    Money(MoneyRecord),
    Episode(EpisodeRecord),
}

/// The usage of one window at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowRecord {
    pub account: AccountId,
    /// The provider's key.
    pub window: String,
    pub label: String,
    pub duration_s: Option<u64>,
    /// Percent.
    pub used_percent: Option<f64>,
    pub resets_at: Option<Wall>,
    /// When the value was true.
    pub at: Wall,
    pub source: Source,
}

/// The spend beyond the plan at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoneyRecord {
    pub account: AccountId,
    pub money: Spend,
    /// When the value was true.
    pub at: Wall,
    pub source: Source,
}

/// A period of refusals by the provider, as far as it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeRecord {
    pub account: AccountId,
    pub kind: EpisodeKind,
    pub began: Wall,
    pub ended: Option<Wall>,
    #[serde(rename = "told")]
    pub announced: Announced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EpisodeKind {
    /// Usage was rate limited.
    UsageLimit,
    /// Renewals were rate limited.
    TokenLimit,
    SignIn,
}

/// What changed from `before` to `after`.
pub(crate) fn changes(account: &AccountId, before: Option<&Reading>, after: &Reading) -> Vec<HistoryRecord> {
    let windows = window_changes(account, before, after).into_iter().map(HistoryRecord::Window);
    windows.chain(money_changes(account, before, after).into_iter().map(HistoryRecord::Money)).collect()
}

/// Also records the last reading before a change if the figure was constant for a while, so that usage can be interpolated
/// linearly between two records.
fn window_changes(account: &AccountId, before: Option<&Reading>, after: &Reading) -> Vec<WindowRecord> {
    let record = |window: &QuotaWindow, Provenance { at, source }: Provenance| WindowRecord {
        account: account.clone(),
        window: window.id.clone(),
        label: window.label.clone(),
        duration_s: window.duration_s,
        used_percent: window.used_percent,
        resets_at: window.resets_at,
        at,
        source,
    };
    let mut records = Vec::new();
    for window in &after.windows {
        let old = before.and_then(|before| Some((before, before.windows.iter().find(|old| old.id == window.id)?)));
        if let Some((before, old)) = old {
            if same_figures(old, window) {
                continue;
            }
            records.push(record(old, before.origin(old)));
        }
        records.push(record(window, after.origin(window)));
    }
    records
}

fn same_figures(old: &QuotaWindow, new: &QuotaWindow) -> bool {
    let apart = |a: Wall, b: Wall| a.since(b).max(b.since(a)) > policy::SAME_RESET;
    let reset_moved = match (old.resets_at, new.resets_at) {
        (Some(old), Some(new)) => apart(old, new),
        (old, new) => old != new,
    };
    old.used_percent == new.used_percent && !reset_moved
}

/// Also records the end of a constant period, as for windows.
fn money_changes(account: &AccountId, before: Option<&Reading>, after: &Reading) -> Vec<MoneyRecord> {
    let record = |money: &Spend, Provenance { at, source }: Provenance| MoneyRecord {
        account: account.clone(),
        money: money.clone(),
        at,
        source,
    };
    let mut records = Vec::new();
    for money in &after.money {
        let old = before.and_then(|before| Some((before, before.money.iter().find(|old| old.id == money.id)?)));
        if let Some((before, old)) = old {
            if old == money {
                continue;
            }
            records.push(record(old, before.money_origin()));
        }
        records.push(record(money, after.money_origin()));
    }
    records
}

/// The episodes that began, were announced or ended between `before` and now.
pub(crate) fn episode_changes(account: &AccountId, before: &Notices, after: &Notices, now: Wall) -> Vec<EpisodeRecord> {
    let kinds = [
        (EpisodeKind::UsageLimit, &before.limit, &after.limit),
        (EpisodeKind::SignIn, &before.sign_in, &after.sign_in),
        (EpisodeKind::TokenLimit, &before.renewal, &after.renewal),
    ];
    let mut records = Vec::new();
    for (kind, was, is) in kinds {
        let record = |episode: &Episode, ended| EpisodeRecord {
            account: account.clone(),
            kind,
            began: episode.began.wall,
            ended,
            announced: episode.announced,
        };
        let goes_on = was.as_ref().zip(is.as_ref()).is_some_and(|(was, is)| was.began == is.began);
        records.extend(was.iter().filter(|_| !goes_on).map(|was| record(was, Some(now))));
        records.extend(is.iter().filter(|_| was != is).map(|is| record(is, None)));
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Amount;
    use crate::time::{Boot, Moment};

    fn reading(at: i64, used: f64, resets_at: i64) -> Reading {
        let window = QuotaWindow {
            id: "five_hour".into(),
            kind: crate::providers::anthropic::window_kind("five_hour", None),
            label: "5-hour".into(),
            used_percent: Some(used),
            resets_at: Some(Wall(resets_at)),
            duration_s: Some(18_000),
            binding: false,
            origin: None,
            locked: None,
        };
        Reading::new(Source::UsageEndpoint, Wall(at), vec![window], vec![])
    }

    #[track_caller]
    fn check(before: Option<Reading>, after: Reading, expect: &[(i64, f64)]) {
        let records = window_changes(&AccountId("a".into()), before.as_ref(), &after);
        let found: Vec<_> = records.iter().map(|r| (r.at.0, r.used_percent.unwrap())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn history_records_windows_when_they_change() {
        check(None, reading(1, 40.0, 900_000), &[(1, 40.0)]);
        check(Some(reading(1, 40.0, 900_000)), reading(9, 40.0, 900_400), &[]);
        check(Some(reading(5, 40.0, 900_000)), reading(9, 41.5, 900_000), &[(5, 40.0), (9, 41.5)]);
        check(Some(reading(5, 40.0, 900_000)), reading(9, 40.0, 990_000), &[(5, 40.0), (9, 40.0)]);
        let without = |at| {
            let mut reading = reading(at, 40.0, 0);
            reading.windows[0].resets_at = None;
            reading
        };
        check(Some(without(5)), without(9), &[]);
        check(Some(without(5)), reading(9, 40.0, 900_000), &[(5, 40.0), (9, 40.0)]);
    }

    #[test]
    fn history_records_spend_when_it_changes() {
        let spent = |at: i64, money: &[(&str, i64)]| {
            let amount = |minor| Amount { minor, currency: "USD".into(), exponent: 2 };
            let money = money.iter().map(|(id, minor)| Spend {
                id: (*id).into(),
                label: (*id).into(),
                used: Some(amount(*minor)),
                limit: Some(amount(10_000)),
                used_percent: None,
                note: None,
            });
            Reading::new(Source::UsageEndpoint, Wall(at), vec![], money.collect())
        };
        let check = |before: Option<Reading>, after: Reading, expect: &[(i64, &str, i64)]| {
            let records = money_changes(&AccountId("a".into()), before.as_ref(), &after);
            let found: Vec<_> =
                records.iter().map(|r| (r.at.0, r.money.id.as_str(), r.money.used.as_ref().unwrap().minor)).collect();
            assert_eq!(found, expect);
        };
        check(None, spent(1, &[("extra", 5), ("balance", 9)]), &[(1, "extra", 5), (1, "balance", 9)]);
        check(Some(spent(1, &[("extra", 5)])), spent(9, &[("extra", 5)]), &[]);
        check(Some(spent(5, &[("extra", 5)])), spent(9, &[("extra", 7)]), &[(5, "extra", 5), (9, "extra", 7)]);
        check(Some(spent(5, &[])), spent(9, &[("extra", 7)]), &[(9, "extra", 7)]);
        check(Some(spent(5, &[("extra", 5)])), spent(9, &[]), &[]);
        let mut off = spent(9, &[("extra", 5)]);
        off.money[0].note = Some("spend limit reached".into());
        check(Some(spent(5, &[("extra", 5)])), off, &[(5, "extra", 5), (9, "extra", 5)]);
    }

    #[test]
    fn history_records_episodes_from_start_to_end() {
        let at = |ms| Moment { wall: Wall(ms), boot: Boot(ms) };
        let with = |began: Option<(i64, Announced)>| Notices {
            limit: began.map(|(began, announced)| Episode { began: at(began), announced }),
            ..Notices::default()
        };
        let check = |before: &Notices, after: &Notices, expect: &[(i64, Option<i64>, Announced)]| {
            let records = episode_changes(&AccountId("a".into()), before, after, Wall(50));
            let found: Vec<_> = records.iter().map(|r| (r.began.0, r.ended.map(|at| at.0), r.announced)).collect();
            assert_eq!(found, expect);
        };
        check(&with(None), &with(Some((5, Announced::Pending))), &[(5, None, Announced::Pending)]);
        check(&with(Some((5, Announced::Pending))), &with(Some((5, Announced::Shown))), &[(5, None, Announced::Shown)]);
        check(&with(Some((5, Announced::Shown))), &with(Some((5, Announced::Shown))), &[]);
        check(&with(Some((5, Announced::Shown))), &with(None), &[(5, Some(50), Announced::Shown)]);
        let anew = [(5, Some(50), Announced::Shown), (9, None, Announced::No)];
        check(&with(Some((5, Announced::Shown))), &with(Some((9, Announced::No))), &anew);
    }

    #[test]
    fn history_ignores_a_reset_moved_by_up_to_a_minute() {
        check(Some(reading(5, 40.0, 900_000)), reading(9, 40.0, 960_000), &[]);
        check(Some(reading(5, 40.0, 900_000)), reading(9, 40.0, 840_000), &[]);
        check(Some(reading(5, 40.0, 900_000)), reading(9, 40.0, 960_001), &[(5, 40.0), (9, 40.0)]);
        check(Some(reading(5, 40.0, 900_000)), reading(9, 40.0, 839_999), &[(5, 40.0), (9, 40.0)]);
    }
}
