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
fn a_cycle_begins_with_nothing_used() {
    let mut watch = Watch(Cycles::default());
    assert_eq!(watch.read(HOUR, 20.0, Some(END)), NOTHING);
    assert_eq!(watch.points(), [(0, 0.0), (HOUR, 20.0)]);
}

/// The provider computes the end of a window anew for each answer.
#[test]
fn a_reset_that_wavers_is_the_same_reset() {
    let mut watch = Watch(Cycles::default());
    for n in 0..10 {
        assert_eq!(watch.read(HOUR + n * 60_000, 20.0 + n as f64, Some(Wall(END.0 + (n % 3) * 400 - 400))), NOTHING);
    }
    assert_eq!(watch.points()[0], (-400, 0.0), "five hours before its end, as that was first told");
}

#[test]
fn no_pace_reaches_over_a_reset() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    watch.read(4 * HOUR, 90.0, Some(END));
    assert_eq!(watch.read(END.0 + 60_000, 1.0, Some(Wall(END.0 + 5 * HOUR))), [90.0]);
    assert_eq!(watch.points(), [(END.0, 0.0), (END.0 + 60_000, 1.0)]);
}

#[test]
fn after_a_reset_without_a_next_one_the_old_cycle_is_over_and_stays() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    assert_eq!(watch.read(END.0 + 1000, 0.0, None), NOTHING);
    assert!(watch.cycle().is_over(Wall(END.0 + 1000)));
    assert_eq!(watch.read(END.0 + HOUR, 3.0, Some(Wall(END.0 + 6 * HOUR))), [20.0]);
}

#[test]
fn a_limit_that_was_lifted_begins_a_cycle() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 80.0, Some(END));
    assert_eq!(watch.read(2 * HOUR, 75.0, Some(END)), NOTHING, "a correction");
    assert_eq!(watch.read(3 * HOUR, 0.0, None), [75.0]);
}

#[test]
fn an_end_that_slides_is_one_cycle() {
    let mut watch = Watch(Cycles::default());
    for n in 1..20 {
        assert_eq!(watch.read(n * 600_000, 50.0, Some(Wall(END.0 + n * 600_000))), NOTHING);
    }
}

/// A clock that is set forward over the reset, and back.
#[test]
fn a_clock_that_is_set_does_not_begin_a_cycle_twice() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 85.0, Some(END));
    watch.0.iter_mut().for_each(|(_, cycle)| cycle.told.threshold = 80);
    assert_eq!(watch.read(30 * HOUR, 85.0, Some(END)), NOTHING);
    assert_eq!(watch.read(HOUR + 60_000, 86.0, Some(END)), NOTHING);
    assert_eq!(watch.cycle().told.threshold, 80);
}

#[test]
fn the_points_stay_few_and_keep_plateaus() {
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
fn what_arrives_late_adds_nothing() {
    let mut watch = Watch(Cycles::default());
    watch.read(2 * HOUR, 40.0, Some(END));
    let mut late = Reading::new(Source::UsageEndpoint, Wall(2 * HOUR), vec![window(38.0, Some(END))], vec![]);
    late.windows[0].origin = Some(Provenance { at: Wall(HOUR), source: Source::OwnerCache });
    watch.0.follow(&late, &[], Wall(3 * HOUR));
    assert_eq!(watch.points(), [(0, 0.0), (2 * HOUR, 40.0)]);
}

#[test]
fn it_is_kept_small_and_comes_back_whole() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.5, Some(END));
    let text = serde_json::to_string(&watch.0).unwrap();
    assert!(text.contains("[3600000,20.5]"), "{text}");
    assert_eq!(serde_json::from_str::<Cycles>(&text).unwrap(), watch.0);
}

/// Windows that are not told any more leave nothing behind once they are over.
#[test]
fn what_is_gone_is_forgotten() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 20.0, Some(END));
    let empty = Reading::new(Source::UsageEndpoint, Wall(2 * HOUR), vec![], vec![]);
    watch.0.follow(&empty, &[], Wall(2 * HOUR));
    assert!(watch.0.get("five_hour").is_some());
    watch.0.iter_mut().for_each(|(_, cycle)| cycle.told.reset = true);
    watch.0.follow(&empty, &[], END);
    assert!(watch.0.get("five_hour").is_none());
}

#[test]
fn a_fall_of_as_many_points_as_a_correction_may_have_is_one() {
    let mut watch = Watch(Cycles::default());
    watch.read(HOUR, 80.0, Some(END));
    assert_eq!(watch.read(2 * HOUR, 80.0 - policy::LIFTED, Some(END)), NOTHING);
    assert_eq!(watch.read(3 * HOUR, 79.9 - 2.0 * policy::LIFTED, None), [70.0]);
}

#[test]
fn a_reset_that_moved_by_more_than_clocks_differ_is_another_once_the_old_one_came() {
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
fn without_a_reset_a_cycle_goes_on_until_the_one_it_had() {
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
fn the_same_moment_is_one_point() {
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
fn points_stand_apart_by_a_share_of_their_window() {
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
fn a_window_that_begins_now_has_one_point() {
    let mut watch = Watch(Cycles::default());
    watch.read(0, 3.0, Some(END));
    assert_eq!(watch.points(), [(0, 3.0)]);
}

#[test]
fn one_window_of_several_is_forgotten_alone() {
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
fn a_plateau_is_two_points() {
    let mut watch = Watch(Cycles::default());
    for hour in 1..=3 {
        watch.read(hour * HOUR, 20.0, Some(END));
    }
    assert_eq!(watch.points(), [(0, 0.0), (HOUR, 20.0), (3 * HOUR, 20.0)]);
    watch.read(4 * HOUR, 30.0, Some(END));
    assert_eq!(watch.points()[2..], [(3 * HOUR, 20.0), (4 * HOUR, 30.0)], "and growth begins where it ended");
}

#[test]
fn as_many_points_are_kept_as_fit() {
    let mut watch = Watch(Cycles::default());
    let every = 5 * HOUR / 120;
    for n in 1..=100 {
        watch.read(n * every, n as f64 / 2.0, Some(END));
    }
    let points = watch.points();
    assert_eq!((points.len(), points[0], points[POINTS_MAX - 1]), (POINTS_MAX, (0, 0.0), (100 * every, 50.0)));
}
