use super::*;
use crate::quota::{Provenance, Source};

const HOUR: i64 = 3_600_000;
/// The window lasts from 0 to 5 hours.
const END: Wall = Wall(5 * HOUR);
const NOTHING: [f64; 0] = [];

fn window(used: f64, resets_at: Option<Wall>) -> QuotaWindow {
    QuotaWindow {
        id: "five_hour".into(),
        kind: crate::providers::anthropic::window_kind("five_hour", None),
        label: "5-hour".into(),
        used_percent: Some(used),
        resets_at,
        duration_s: Some(18_000),
        binding: false,
        origin: None,
        locked: None,
    }
}

struct Watch(Cycles);

impl Watch {
    fn read(&mut self, at: i64, used: f64, resets_at: Option<Wall>) -> Vec<f64> {
        let reading = Reading::new(Source::UsageEndpoint, Wall(at), vec![window(used, resets_at)], vec![]);
        let ended = self.0.follow(&reading, &[], Wall(at));
        ended.iter().map(|ended| ended.cycle.used()).collect()
    }

    fn cycle(&self) -> &Cycle {
        self.0.get("five_hour").unwrap()
    }

    fn points(&self) -> Vec<(i64, f64)> {
        self.cycle().points.iter().map(|point| (point.at.0, point.used)).collect()
    }
}

#[test]
fn cycle_starts_at_zero_use() {
    let mut watch = Watch(Cycles::default());
    assert_eq!(watch.read(HOUR, 20.0, Some(END)), NOTHING);
    assert_eq!(watch.points(), [(0, 0.0), (HOUR, 20.0)]);
}

/// The provider computes the end of a window anew for each answer.
#[test]
fn cycle_reset_jitter_is_the_same_reset() {
    let mut watch = Watch(Cycles::default());
    for n in 0..10 {
        assert_eq!(watch.read(HOUR + n * 60_000, 20.0 + n as f64, Some(Wall(END.0 + (n % 3) * 400 - 400))), NOTHING);
    }
    assert_eq!(watch.points()[0], (-400, 0.0), "five hours before its end, as that was first told");
}

#[test]
fn cycle_points_restart_after_a_reset() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    watch.read(4 * HOUR, 90.0, Some(END));
    assert_eq!(watch.read(END.0 + 60_000, 1.0, Some(Wall(END.0 + 5 * HOUR))), [90.0]);
    assert_eq!(watch.points(), [(END.0, 0.0), (END.0 + 60_000, 1.0)]);
}

#[test]
fn cycle_over_stays_until_the_next_reset_is_known() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    assert_eq!(watch.read(END.0 + 1000, 0.0, None), NOTHING);
    assert!(watch.cycle().is_over(Wall(END.0 + 1000)));
    assert_eq!(watch.read(END.0 + HOUR, 3.0, Some(Wall(END.0 + 6 * HOUR))), [20.0]);
}

#[test]
fn cycle_restarts_when_a_limit_is_lifted() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 80.0, Some(END));
    assert_eq!(watch.read(2 * HOUR, 75.0, Some(END)), NOTHING, "a correction");
    assert_eq!(watch.read(3 * HOUR, 0.0, None), [75.0]);
}

#[test]
fn cycle_with_a_sliding_end_is_one_cycle() {
    let mut watch = Watch(Cycles::default());
    for n in 1..20 {
        assert_eq!(watch.read(n * 600_000, 50.0, Some(Wall(END.0 + n * 600_000))), NOTHING);
    }
}

/// A clock that is set forward over the reset, and back.
#[test]
fn cycle_survives_a_clock_set_forward_and_back() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 85.0, Some(END));
    watch.0.iter_mut().for_each(|(_, cycle)| cycle.alerted.threshold = 80);
    assert_eq!(watch.read(30 * HOUR, 85.0, Some(END)), NOTHING);
    assert_eq!(watch.read(HOUR + 60_000, 86.0, Some(END)), NOTHING);
    assert_eq!(watch.cycle().alerted.threshold, 80);
}

#[test]
fn cycle_points_stay_bounded_and_keep_plateaus() {
    let mut watch = Watch(Cycles::default());
    for n in 1..=290 {
        watch.read(n * 60_000, (n as f64 / 4.0).floor(), Some(END));
    }
    let points = watch.points();
    assert!(points.len() <= POINTS_MAX, "{}", points.len());
    assert_eq!((points[0], *points.last().unwrap()), ((0, 0.0), (290 * 60_000, 72.0)));
    let mut watch = Watch(Cycles::default());
    for n in 1..=100 {
        watch.read(n * 120_000, if n < 50 { 10.0 } else { 11.0 }, Some(END));
    }
    assert!(watch.points().contains(&(49 * 120_000, 10.0)), "{:?}", watch.points());
    assert!(watch.points().len() <= 6, "{:?}", watch.points());
}

#[test]
fn cycle_ignores_late_readings() {
    let mut watch = Watch(Cycles::default());
    watch.read(2 * HOUR, 40.0, Some(END));
    let mut late = Reading::new(Source::UsageEndpoint, Wall(2 * HOUR), vec![window(38.0, Some(END))], vec![]);
    late.windows[0].origin = Some(Provenance { at: Wall(HOUR), source: Source::OwnerCache });
    watch.0.follow(&late, &[], Wall(3 * HOUR));
    assert_eq!(watch.points(), [(0, 0.0), (2 * HOUR, 40.0)]);
}

#[test]
fn cycle_serialization_is_compact_and_round_trips() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.5, Some(END));
    let text = serde_json::to_string(&watch.0).unwrap();
    assert!(text.contains("[3600000,20.5]"), "{text}");
    assert_eq!(serde_json::from_str::<Cycles>(&text).unwrap(), watch.0);
}

/// Windows that are not told any more leave nothing behind once they are over.
#[test]
fn cycle_of_a_window_no_longer_reported_is_dropped_once_over() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    let empty = Reading::new(Source::UsageEndpoint, Wall(2 * HOUR), vec![], vec![]);
    watch.0.follow(&empty, &[], Wall(2 * HOUR));
    assert!(watch.0.get("five_hour").is_some());
    watch.0.iter_mut().for_each(|(_, cycle)| cycle.alerted.reset = true);
    watch.0.follow(&empty, &[], END);
    assert!(watch.0.get("five_hour").is_none());
}

#[test]
fn cycle_drop_within_the_correction_limit_is_no_restart() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 80.0, Some(END));
    assert_eq!(watch.read(2 * HOUR, 80.0 - policy::LIFTED, Some(END)), NOTHING);
    assert_eq!(watch.read(3 * HOUR, 79.9 - 2.0 * policy::LIFTED, None), [70.0]);
}

#[test]
fn cycle_reset_moved_beyond_tolerance_starts_a_cycle_after_the_old_reset() {
    let next = Wall(END.0).plus(policy::SAME_RESET);
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    assert_eq!(watch.read(END.0, 21.0, Some(next)), NOTHING, "as far apart as the same reset may be");
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    assert_eq!(watch.read(END.0, 21.0, Some(Wall(next.0 + 1))), [20.0]);
}

/// An answer may leave the reset out, or tell it later.
#[test]
fn cycle_without_a_reported_reset_runs_until_its_known_one() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    assert_eq!(watch.read(2 * HOUR, 30.0, None), NOTHING);
    assert_eq!(watch.points(), [(0, 0.0), (HOUR, 20.0), (2 * HOUR, 30.0)]);
    assert_eq!(watch.cycle().resets_at, Some(END));
    assert_eq!(watch.read(END.0, 31.0, None), NOTHING);
    assert_eq!(watch.cycle().used(), 30.0, "what comes at the reset is not of it");

    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, None);
    assert_eq!(watch.read(2 * HOUR, 30.0, None), NOTHING);
    assert_eq!(watch.points(), [(HOUR, 20.0), (2 * HOUR, 30.0)]);
    assert_eq!(watch.read(3 * HOUR, 40.0, Some(END)), NOTHING);
    assert_eq!(watch.cycle().resets_at, Some(END));
    assert!(!watch.cycle().is_over(Wall(END.0 - 1)) && watch.cycle().is_over(END));
}

#[test]
fn cycle_readings_at_one_moment_are_one_point() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, None);
    watch.read(HOUR, 21.0, None);
    assert_eq!(watch.points(), [(HOUR, 20.0)]);
    watch.read(2 * HOUR, 22.0, None);
    watch.read(2 * HOUR, 23.0, None);
    assert_eq!(watch.points(), [(HOUR, 20.0), (2 * HOUR, 22.0)]);
}

/// A hundred and twentieth of the window is as close as points stand.
#[test]
fn cycle_points_are_spaced_by_a_share_of_the_window() {
    let spacing = 5 * HOUR / 120;
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    watch.read(HOUR + spacing, 21.0, Some(END));
    watch.read(HOUR + 2 * spacing - 1, 22.0, Some(END));
    watch.read(HOUR + 2 * spacing, 23.0, Some(END));
    assert_eq!(watch.points()[1..], [(HOUR, 20.0), (HOUR + spacing, 21.0), (HOUR + 2 * spacing, 23.0)]);
}

/// What began when it was read has no earlier point.
#[test]
fn cycle_starting_now_has_one_point() {
    let mut watch = Watch(Cycles::default());
    watch.read(0, 3.0, Some(END));
    assert_eq!(watch.points(), [(0, 3.0)]);
}

#[test]
fn cycle_of_one_missing_window_is_dropped_others_stay() {
    let mut watch = Watch(Cycles::default());
    let other = QuotaWindow { id: "seven_day".into(), ..window(5.0, None) };
    let both = Reading::new(Source::UsageEndpoint, Wall(HOUR), vec![window(20.0, None), other], vec![]);
    watch.0.follow(&both, &[], Wall(HOUR));
    watch.read(2 * HOUR, 30.0, None);
    assert_eq!(watch.points(), [(HOUR, 20.0), (2 * HOUR, 30.0)]);
    assert!(watch.0.get("seven_day").is_none());
}

/// Of use that stands still, its beginning and its end are enough.
#[test]
fn cycle_plateau_is_two_points() {
    let mut watch = Watch(Cycles::default());
    for hour in 1..=3 {
        watch.read(hour * HOUR, 20.0, Some(END));
    }
    assert_eq!(watch.points(), [(0, 0.0), (HOUR, 20.0), (3 * HOUR, 20.0)]);
    watch.read(4 * HOUR, 30.0, Some(END));
    assert_eq!(watch.points()[2..], [(3 * HOUR, 20.0), (4 * HOUR, 30.0)], "and growth begins where it ended");
}

#[test]
fn cycle_points_fill_up_to_the_maximum() {
    let mut watch = Watch(Cycles::default());
    let every = 5 * HOUR / 120;
    for n in 1..=100 {
        watch.read(n * every, n as f64 / 2.0, Some(END));
    }
    let points = watch.points();
    assert_eq!((points.len(), points[0], points[POINTS_MAX - 1]), (POINTS_MAX, (0, 0.0), (100 * every, 50.0)));
}

#[test]
fn cycle_use_at_the_correction_limit_goes_on_without_a_reported_reset() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 80.0, Some(END));
    assert_eq!(watch.read(2 * HOUR, 80.0 - policy::LIFTED, None), NOTHING);
    assert_eq!(watch.points(), [(0, 0.0), (HOUR, 80.0), (2 * HOUR, 70.0)]);
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 1.0, Some(END));
    watch.read(2 * HOUR, 0.0, Some(END));
    assert_eq!(watch.points(), [(0, 0.0), (HOUR, 1.0), (2 * HOUR, 0.0)]);
}

/// A raised limit: the reset stays, and what was used says nothing about the rate any more.
#[test]
fn cycle_of_a_raised_limit_goes_on_with_new_points_until_its_reset() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 80.0, Some(END));
    assert_eq!(watch.read(2 * HOUR, 20.0, Some(END)), NOTHING);
    assert_eq!(watch.points(), [(2 * HOUR, 20.0)]);
    let jitter = Wall(END.0 + 30_000);
    assert_eq!(watch.read(END.0, 1.0, Some(jitter)), [20.0], "at its reset, it is the next cycle");
}

#[test]
fn cycle_goes_on_under_the_new_name_of_its_limit() {
    let week = 604_800;
    let limit = |id: &str, label: &str, seconds: u64, used: f64| QuotaWindow {
        id: id.into(),
        label: label.into(),
        duration_s: Some(seconds),
        ..window(used, Some(Wall(100 * HOUR)))
    };
    let follow = |cycles: &mut Cycles, at: i64, windows: &[QuotaWindow]| {
        let reading = Reading::new(Source::UsageEndpoint, Wall(at), windows.to_vec(), vec![]);
        cycles.follow(&reading, &[], Wall(at));
    };
    let mut cycles = Cycles::default();
    let before = [limit("a", "Opus", 18_000, 1.0), limit("b", "Sonnet", week, 2.0), limit("c", "Opus", week, 3.0)];
    follow(&mut cycles, HOUR, &before);
    follow(&mut cycles, 2 * HOUR, &[limit("new", "Opus", week, 4.0)]);
    let first = |cycles: &Cycles, id: &str| cycles.get(id).map(|cycle| cycle.read_from);
    assert_eq!((first(&cycles, "new"), first(&cycles, "c")), (Some(Some(Wall(HOUR))), None));
    assert_eq!(cycles.get("new").unwrap().used(), 4.0);

    // A limit that is still reported keeps its cycle.
    let both = [limit("new", "Opus", week, 5.0), limit("other", "Opus", week, 6.0)];
    follow(&mut cycles, 3 * HOUR, &both);
    assert_eq!(first(&cycles, "new"), Some(Some(Wall(HOUR))));
    assert_eq!(first(&cycles, "other"), Some(Some(Wall(3 * HOUR))));
}

#[test]
fn cycles_no_longer_reported_are_dropped_beyond_their_upper_limit() {
    let of = |count: usize| {
        let windows = (0..count).map(|n| QuotaWindow { id: format!("w{n}"), ..window(1.0, Some(END)) });
        let mut cycles = Cycles::default();
        let all = Reading::new(Source::UsageEndpoint, Wall(HOUR), windows.clone().collect(), vec![]);
        cycles.follow(&all, &[], Wall(HOUR));
        let one = Reading::new(Source::UsageEndpoint, Wall(2 * HOUR), windows.take(1).collect(), vec![]);
        cycles.follow(&one, &[], Wall(2 * HOUR));
        cycles.0.len()
    };
    assert_eq!((of(CYCLES_MAX), of(CYCLES_MAX + 2)), (CYCLES_MAX, CYCLES_MAX));
}

#[test]
fn cycle_that_comes_back_still_knows_its_forecast_alert() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    watch.0.iter_mut().for_each(|(_, cycle)| cycle.alerted.forecast = true);
    watch.read(HOUR + 60_000, 21.0, Some(Wall(END.0 + HOUR)));
    assert!(!watch.cycle().alerted.forecast || watch.cycle().resets_at != Some(END));
    watch.0.iter_mut().for_each(|(_, cycle)| cycle.alerted.forecast = false);
    watch.read(HOUR + 120_000, 22.0, Some(END));
    assert!(watch.cycle().alerted.forecast);
}

#[test]
fn second_figure_of_the_same_moment_leaves_a_confirmed_one_confirmed() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 10.0, Some(END));
    watch.read(HOUR + 600_000, 10.0, Some(END));
    assert!(watch.cycle().is_confirmed());
    watch.read(HOUR + 600_000, 60.0, Some(END));
    assert!(watch.cycle().is_confirmed());
}

#[test]
fn cycle_expects_its_use_at_the_reset() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 10.0, Some(END));
    watch.read(2 * HOUR, 20.0, Some(END));
    let expected = watch.cycle().at_reset(Wall(2 * HOUR)).expect("a forecast");
    assert!((expected - 50.0).abs() < 0.01, "{expected}");
    let mut open = Watch(Cycles::default());
    open.read(HOUR, 10.0, None);
    assert_eq!(open.cycle().at_reset(Wall(HOUR)), None, "it has no reset");
}
