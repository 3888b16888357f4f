use super::*;
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const FIVE_HOURS: Duration = Duration::from_secs(5 * 3600);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Points at minutes since the window began.
fn points(told: &[(i64, f64)]) -> Vec<Point> {
    told.iter().map(|(minute, used)| Point { at: Wall(minute * MINUTE), used: *used }).collect()
}

/// Of a 5-hour window that began at zero, looked at with its last point.
fn five_hours(told: &[(i64, f64)]) -> Option<Forecast> {
    let points = points(told);
    forecast(&points, Wall(5 * HOUR), Some(FIVE_HOURS), points.last().unwrap().at)
}

#[track_caller]
fn runs_out(forecast: Option<Forecast>) -> (f64, f64, f64) {
    match forecast {
        Some(Forecast::RunsOut { at, earliest, latest }) => {
            let minutes = |at: Wall| at.0 as f64 / MINUTE as f64;
            (minutes(earliest), minutes(at), minutes(latest))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn forecast_of_steady_use_extrapolates_the_line() {
    let (earliest, at, latest) = runs_out(five_hours(&[(0, 0.0), (30, 20.0), (60, 40.0), (75, 50.0)]));
    assert!((at - 150.0).abs() < 0.01, "{at}");
    assert!((130.0..150.0).contains(&earliest) && (150.0..170.0).contains(&latest), "{earliest} {latest}");
}

#[test]
fn forecast_counts_duplicate_points_once() {
    let once = five_hours(&[(0, 0.0), (30, 20.0), (60, 40.0)]);
    assert_eq!(five_hours(&[(0, 0.0), (30, 20.0), (30, 20.0), (60, 40.0)]), once);
}

#[test]
fn forecast_of_slow_use_lasts_until_reset() {
    assert_eq!(five_hours(&[(0, 0.0), (60, 10.0), (120, 20.0)]), Some(Forecast::LastsUntilReset));
    assert_eq!(five_hours(&[(0, 0.0), (60, 0.0)]), Some(Forecast::LastsUntilReset));
    assert_eq!(five_hours(&[(0, 0.0), (298, 99.0)]), Some(Forecast::LastsUntilReset), "a minute before the reset");
}

#[test]
fn usage_at_the_reset_is_expected_at_the_same_rate() {
    let of = |told: &[(i64, f64)]| {
        let points = points(told);
        at_reset(&points, Wall(5 * HOUR), Some(FIVE_HOURS), points.last().unwrap().at)
    };
    let slow = of(&[(0, 0.0), (60, 10.0), (120, 20.0)]).expect("a forecast");
    assert!((slow - 50.0).abs() < 0.01, "{slow}");
    assert_eq!(of(&[(0, 0.0), (60, 0.0)]), Some(0.0));
    assert_eq!(of(&[(0, 0.0), (30, 20.0), (60, 40.0)]), Some(100.0), "it runs out before");
    assert_eq!(of(&[(0, 0.0), (14, 9.0)]), None, "too early");
    assert_eq!(of(&[(0, 0.0), (60, 100.0)]), None, "used up");
}

#[test]
fn forecast_with_little_data_is_too_early() {
    for told in [&[(0, 0.0), (14, 9.0)][..], &[(120, 40.0)], &[(120, 40.0), (134, 55.0)]] {
        assert_eq!(five_hours(told), Some(Forecast::TooEarly), "{told:?}");
    }
    runs_out(five_hours(&[(0, 0.0), (15, 9.0)]));
}

#[test]
fn forecast_is_absent_for_stale_full_or_reset_windows() {
    let told = points(&[(0, 0.0), (60, 60.0)]);
    let at = |minute: i64| forecast(&told, Wall(5 * HOUR), Some(FIVE_HOURS), Wall(minute * MINUTE));
    assert!(at(60).is_some() && at(100).is_some());
    assert_eq!(at(104), None, "what was read 44 minutes ago does not speak of now");
    assert_eq!(forecast(&told, Wall(HOUR), Some(FIVE_HOURS), Wall(HOUR)), None);
    assert_eq!(five_hours(&[(0, 0.0), (60, 100.0)]), None);
    let (day, told) = (24 * HOUR, points(&[(0, 0.0), (2 * 24 * 60, 60.0)]));
    let week = |now: i64| forecast(&told, Wall(7 * day), Some(WEEK), Wall(now));
    assert!(week(3 * day).is_some() && week(3 * day + 1).is_none(), "of a week, what was read a day ago still does");
    assert_eq!(forecast(&[], Wall(HOUR), None, Wall(0)), None);
}

#[test]
fn forecast_after_a_pause_is_later_but_still_runs_out() {
    let busy = runs_out(five_hours(&[(0, 0.0), (60, 50.0)])).1;
    let paused = runs_out(five_hours(&[(0, 0.0), (60, 50.0), (70, 50.0)])).1;
    assert!((busy..busy + 60.0).contains(&paused), "{busy} {paused}");
    assert_eq!(five_hours(&[(0, 0.0), (60, 50.0), (180, 50.0)]), Some(Forecast::LastsUntilReset));
}

#[test]
fn forecast_weighs_a_recent_burst_over_quiet_time() {
    let (_, at, _) = runs_out(five_hours(&[(0, 0.0), (120, 6.0), (150, 36.0)]));
    assert!((200.0..290.0).contains(&at), "{at}");
}

#[test]
fn forecast_on_the_first_day_of_a_week_only_if_clear() {
    let week = |told: &[(i64, f64)]| {
        let points = points(told);
        forecast(&points, Wall(7 * 24 * HOUR), Some(WEEK), points.last().unwrap().at)
    };
    assert_eq!(week(&[(0, 0.0), (10 * 60, 8.0)]), Some(Forecast::TooEarly), "a morning is no week");
    assert_eq!(week(&[(0, 0.0), (10 * 60, 0.0)]), Some(Forecast::LastsUntilReset));
    let (_, at, _) = runs_out(week(&[(0, 0.0), (10 * 60, 40.0)]));
    assert!((20.0 * 60.0..80.0 * 60.0).contains(&at), "{at}");
}

/// Eight hours of work a day, at 12 % a day: it lasts, whenever one looks after the first day.
#[test]
fn forecast_of_a_working_week_includes_the_nights() {
    let mut told = vec![(0, 0.0)];
    for day in 0..6 {
        for hour in 0..24 {
            let worked = f64::from((hour - 8_i32).clamp(0, 8));
            told.push((i64::from(day * 24 + hour) * 60, f64::from(day) * 12.0 + worked * 1.5));
        }
    }
    for seen in (26..told.len()).step_by(3) {
        let points = points(&told[..seen]);
        let said = forecast(&points, Wall(7 * 24 * HOUR), Some(WEEK), points.last().unwrap().at);
        assert_eq!(said, Some(Forecast::LastsUntilReset), "after {} h", seen - 1);
    }
}

#[test]
fn forecast_of_unknown_window_length_uses_the_observed_span() {
    let told = points(&[(0, 10.0), (60, 40.0)]);
    let said = forecast(&told, Wall(5 * HOUR), None, Wall(HOUR));
    assert!((runs_out(said).1 - 180.0).abs() < 1.0, "{said:?}");
}

fn any_points() -> impl Strategy<Value = Vec<Point>> {
    let steps = prop::collection::vec((0..40_i64, prop_oneof![Just(0.0), 0.0..12.0_f64]), 1..40);
    steps.prop_map(|steps| {
        let (mut at, mut used) = (0, 0.0);
        let walk = steps.into_iter().map(|(minutes, grown)| {
            (at, used) = (at + minutes * MINUTE, used + grown);
            Point { at: Wall(at), used }
        });
        walk.collect()
    })
}

proptest! {
    #[test]
    fn forecast_range_is_between_now_and_the_reset(points in any_points(), resets_in in 0..600_i64, later in 0..60_i64) {
        let last = points.last().unwrap().at;
        let resets_at = Wall(last.0 + resets_in * MINUTE);
        let now = Wall(last.0 + later * MINUTE);
        if let Some(Forecast::RunsOut { at, earliest, latest }) = forecast(&points, resets_at, Some(FIVE_HOURS), now) {
            prop_assert!(now <= earliest && earliest <= at && at <= latest, "{earliest:?} {at:?} {latest:?}");
            prop_assert!(latest <= resets_at.max(now));
        }
    }

    /// Whatever whole percents and moments of reading make of it, a steady use is told rightly, and within the range.
    #[test]
    fn forecast_of_steady_use_is_accurate_despite_rounding(percent_per_hour in 25.0..90.0_f64, every in 1..8_i64, offset in 0..5_i64) {
        let told: Vec<(i64, f64)> = (0..60 / every)
            .map(|n| offset + n * every)
            .map(|minute| (minute, (minute as f64 * percent_per_hour / 60.0).round()))
            .collect();
        let truth = 100.0 / percent_per_hour * 60.0;
        match five_hours(&told) {
            Some(Forecast::RunsOut { at, earliest, latest }) => {
                let minutes = |at: Wall| at.0 as f64 / MINUTE as f64;
                let last = told.last().unwrap().0 as f64;
                prop_assert!((minutes(at) - truth).abs() <= 0.12 * (truth - last) + 1.0, "{} for {truth}", minutes(at));
                prop_assert!(minutes(earliest) - 0.5 <= truth && truth <= minutes(latest) + 0.5);
            }
            other => prop_assert!(truth > 280.0 || other.is_none(), "{other:?} for {truth}"),
        }
    }

    /// Time without use never makes it run out sooner.
    #[test]
    fn forecast_is_never_earlier_after_idle_time(points in any_points(), idle in 1..40_i64) {
        let last = *points.last().unwrap();
        let resets_at = Wall(last.at.0 + 4 * HOUR);
        let mut rested = points.clone();
        rested.push(Point { at: Wall(last.at.0 + idle * MINUTE), used: last.used });
        let at = |points: &[Point]| forecast(points, resets_at, Some(FIVE_HOURS), points.last().unwrap().at);
        if let (Some(Forecast::RunsOut { at: before, .. }), Some(Forecast::RunsOut { at: after, .. })) =
            (at(&points), at(&rested))
        {
            prop_assert!(before.0 <= after.0 + 1, "{before:?} {after:?}");
        }
    }

    #[test]
    fn forecast_never_panics_on_any_stored_points(told in prop::collection::vec((any::<i64>(), any::<f64>()), 0..6), at in any::<i64>(), now in any::<i64>()) {
        let points: Vec<Point> = told.into_iter().map(|(at, used)| Point { at: Wall(at), used }).collect();
        for length in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
            let _ = forecast(&points, Wall(at), length, Wall(now));
        }
    }
}
