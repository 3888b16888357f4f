use super::*;
use crate::quota::Source;

const MINUTE: i64 = 60_000;
const FIVE_HOURS: u64 = 18_000;
const WEEK: u64 = 604_800;

/// splitmix64.
struct Rng(u64);

impl Rng {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn record(window: &str, duration_s: u64, at: Wall, used: f64, resets_at: Wall) -> WindowRecord {
    WindowRecord {
        account: AccountId("anthropic:ann".into()),
        window: window.into(),
        label: window.into(),
        duration_s: Some(duration_s),
        used_percent: Some(used),
        resets_at: Some(resets_at),
        at,
        source: Source::StatusLine,
    }
}

/// A person at work in 5-hour windows: tasks of some minutes with pauses between, each task at its own pace, read every
/// two or five minutes and rounded to whole percents.
fn work_days(windows: usize, seed: u64) -> Vec<WindowRecord> {
    let mut rng = Rng(seed);
    let mut records = Vec::new();
    for n in 0..windows {
        let begins = n as i64 * 300 * MINUTE;
        let resets_at = Wall(begins + 300 * MINUTE);
        let busy = 10.0 + 50.0 * rng.unit();
        let every = if rng.unit() < 0.5 { 2 } else { 5 };
        let (mut used, mut pace, mut left) = (0.0, 0.0, 0);
        for minute in 1..300 {
            if left == 0 {
                left = 4 + (rng.unit() * 16.0) as i64;
                pace = if rng.unit() < 0.3 { 0.0 } else { busy / 60.0 * (0.4 + 1.6 * rng.unit()) };
            }
            left -= 1;
            used = (used + pace).min(100.0_f64);
            if minute % every == 0 {
                records.push(record("five_hour", FIVE_HOURS, Wall(begins + minute * MINUTE), used.round(), resets_at));
            }
        }
    }
    records
}

/// Weeks of work days of about eight hours, each with its own load, and quieter ends of weeks; read every 20 minutes.
fn weeks(count: usize, seed: u64) -> Vec<WindowRecord> {
    let mut rng = Rng(seed);
    let mut records = Vec::new();
    for n in 0..count {
        let begins = n as i64 * 7 * 1440 * MINUTE;
        let resets_at = Wall(begins + 7 * 1440 * MINUTE);
        let load = 8.0 + 22.0 * rng.unit();
        let mut used = 0.0;
        for day in 0..7 {
            let today = load * (0.5 + rng.unit()) * if day >= 5 { 0.3 } else { 1.0 };
            for slot in 0..72 {
                let at_work = (27..54).contains(&slot) && rng.unit() < 0.8;
                used = (used + if at_work { today / 21.6 } else { 0.0 }).min(100.0_f64);
                let at = Wall(begins + (day * 72 + slot + 1) * 20 * MINUTE);
                if at < resets_at {
                    records.push(record("seven_day", WEEK, at, used.round(), resets_at));
                }
            }
        }
    }
    records
}

fn result(records: &[WindowRecord]) -> WindowResult {
    let mut backtest = Backtest::default();
    records.iter().for_each(|record| backtest.record(record));
    let mut results = backtest.results();
    assert_eq!(results.len(), 1);
    results.remove(0).1
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The figures that this holds the forecast to, with room for other rng. `cargo test -p holdoff-core backtest --
/// --nocapture` prints them.
#[test]
fn backtest_of_simulated_work_days_meets_accuracy_bounds() {
    let result = result(&work_days(400, 1));
    println!("{}", crate::messages::backtest(&result));
    assert_eq!(result.cycles, 400);
    assert!(result.ran_out > 100, "{}", result.ran_out);
    assert!(median(&result.time_shares).unwrap() < 0.3, "{:?}", median(&result.time_shares));
    assert!(median(&result.point_errors).unwrap() < 8.0, "{:?}", median(&result.point_errors));
    assert!(share(result.in_range, result.runs_out.right) > 0.7);
    assert!(share(result.lasted.right, result.lasted.right + result.lasted.wrong) > 0.75);
    assert!(share(result.runs_out.right, result.runs_out.right + result.runs_out.wrong) > 0.85);
}

#[test]
fn backtest_of_simulated_weeks_meets_accuracy_bounds() {
    let result = result(&weeks(200, 2));
    println!("{}", crate::messages::backtest(&result));
    assert!(result.ran_out > 40, "{}", result.ran_out);
    assert!(median(&result.time_shares).unwrap() < 0.35, "{:?}", median(&result.time_shares));
    assert!(share(result.in_range, result.runs_out.right) > 0.7);
    assert!(share(result.lasted.right, result.lasted.right + result.lasted.wrong) > 0.85);
}

#[test]
fn backtest_of_steady_use_is_accurate_to_the_minute() {
    let resets_at = Wall(300 * MINUTE);
    let steady: Vec<WindowRecord> = (1..=200)
        .map(|minute| record("five_hour", FIVE_HOURS, Wall(minute * MINUTE), minute as f64 / 2.0, resets_at))
        .collect();
    let result = result(&steady);
    assert_eq!((result.cycles, result.ran_out, result.runs_out.wrong, result.lasted.wrong), (1, 1, 0, 0));
    assert!(result.time_errors.iter().all(|error| *error <= Duration::from_secs(60)), "{:?}", result.time_errors);
    assert_eq!(result.in_range, result.runs_out.right);
    // Each minute but those of the last half percent; of them the first quarter of an hour said nothing yet.
    assert_eq!((result.forecasts, result.too_early, result.runs_out.right), (198, 14, 184));
    assert!(result.time_shares.iter().all(|share| *share <= 0.02), "{:?}", result.time_shares);
    let points = &result.point_errors;
    assert!(points.len() > 120 && points.iter().all(|error| *error <= 0.5), "{points:?}");
}

#[test]
fn backtest_counts_wrong_forecasts() {
    let resets_at = Wall(300 * MINUTE);
    let used = |minute: i64| if minute < 60 { minute as f64 } else { 60.0 };
    let stopped: Vec<WindowRecord> = (1..300)
        .map(|minute| record("five_hour", FIVE_HOURS, Wall(minute * MINUTE), used(minute), resets_at))
        .collect();
    let result = result(&stopped);
    assert_eq!((result.ran_out, result.runs_out.right), (0, 0));
    assert!(result.runs_out.wrong > 40 && result.lasted.right > 100, "{result:?}");
}

#[test]
fn backtest_without_records_has_no_verdicts() {
    assert_eq!(Backtest::default().results(), []);
    assert_eq!(median(&[]), None);
}

#[test]
fn backtest_needs_two_records_for_a_cycle() {
    let at = |n: i64| Wall(n * 300 * MINUTE);
    let one = |n: i64, minute: i64, used: f64| {
        record("five_hour", FIVE_HOURS, Wall(at(n).0 + minute * MINUTE), used, at(n + 1))
    };
    assert_eq!(result(&[one(0, 60, 20.0)]).cycles, 0);
    assert_eq!(result(&[one(0, 60, 20.0), one(0, 90, 30.0)]).cycles, 1);
    assert_eq!(result(&[one(0, 60, 20.0), one(0, 90, 30.0), one(1, 60, 20.0)]).cycles, 1);
}

#[test]
fn backtest_compares_a_forecast_with_the_actual_run_out_time() {
    let at = |minute: i64| Wall(minute * MINUTE);
    let mut result = WindowResult::default();
    let mut judge = |forecast, ran_out| {
        result.judge(&Prediction { at: at(0), used: 50.0, forecast: Some(forecast), later: None }, ran_out);
    };
    let runs_out = Forecast::RunsOut { at: at(60), earliest: at(50), latest: at(70) };
    judge(runs_out, Some(at(80)));
    judge(runs_out, Some(at(50)));
    judge(runs_out, None);
    judge(Forecast::LastsUntilReset, None);
    judge(Forecast::LastsUntilReset, Some(at(200)));
    judge(Forecast::TooEarly, Some(at(200)));
    assert_eq!((result.forecasts, result.too_early, result.in_range), (6, 1, 1));
    assert_eq!((result.runs_out, result.lasted), (Tally { right: 2, wrong: 1 }, Tally { right: 1, wrong: 1 }));
    assert_eq!(result.time_errors, [Duration::from_secs(1200), Duration::from_secs(600)]);
    assert_eq!(result.time_shares, [0.25, 0.2]);
}

#[test]
fn backtest_interpolates_use_between_records() {
    let said = |at: i64, used: f64| Prediction { at: Wall(at), used, forecast: None, later: None };
    let all = [said(1000, 10.0), said(2000, 30.0), said(6000, 38.0)];
    let at = |at: i64| used_at(&all, Wall(at));
    assert_eq!([at(1001), at(1500), at(2000), at(4000)], [Some(10.02), Some(20.0), Some(30.0), Some(34.0)]);
    assert_eq!([at(1000), at(6000), at(6001)], [None, Some(38.0), None]);
}

#[test]
fn backtest_quantiles_are_members_of_the_list() {
    let values = [5.0, 1.0, 4.0, 2.0, 3.0];
    let of = [0.0, 0.24, 0.5, 0.9, 1.0].map(|share| quantile(&values, share).unwrap());
    assert_eq!((of, median(&values)), ([1.0, 2.0, 3.0, 5.0, 5.0], Some(3.0)));
}
