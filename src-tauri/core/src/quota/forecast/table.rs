//! Forecasts as they were looked at last, to the second: what changes one of them is meant, or a mistake.

use super::*;
use expect_test::{Expect, expect};

const MINUTE: i64 = 60_000;
const FIVE_HOURS: i64 = 300;
const DAY: i64 = 1440;
const WEEK: i64 = 7 * DAY;

/// Minutes since the window began, and percent used then.
type Told = Vec<(i64, f64)>;

/// "earliest middle latest", in hours and minutes since the window began.
fn line(told: &Told, resets_at: i64, length: Option<i64>, later: i64) -> String {
    let points: Vec<Point> = told.iter().map(|(at, used)| Point { at: Wall(at * MINUTE), used: *used }).collect();
    let length = length.map(|minutes| Duration::from_secs(minutes as u64 * 60));
    let now = Wall((told.last().map_or(0, |last| last.0) + later) * MINUTE);
    let clock = |at: Wall| format!("{}:{:02}:{:02}", at.0 / 3_600_000, at.0 / 60_000 % 60, at.0 / 1000 % 60);
    match forecast(&points, Wall(resets_at * MINUTE), length, now) {
        Some(Forecast::RunsOut { at, earliest, latest }) => {
            format!("{} {} {}", clock(earliest), clock(at), clock(latest))
        }
        Some(Forecast::LastsUntilReset) => "lasts".to_owned(),
        Some(Forecast::TooEarly) => "too early".to_owned(),
        None => "-".to_owned(),
    }
}

/// One line for each time of looking.
#[track_caller]
fn check(told: &Told, resets_at: i64, length: Option<i64>, expected: Expect) {
    let looks = (1..=told.len()).map(|seen| {
        let seen = told[..seen].to_vec();
        let (at, used) = seen[seen.len() - 1];
        format!("{at:<5} {used:>5.1}  {}\n", line(&seen, resets_at, length, 0))
    });
    expected.assert_eq(&looks.collect::<String>());
}

/// Bursts and pauses in a 5-hour window, read every 10 minutes.
fn bursts() -> Told {
    let grown = [0., 4., 9., 1., 0., 0., 12., 7., 3., 0., 0., 0., 0., 5., 11., 8., 2., 0., 14., 9., 6.];
    let mut used = 0.0;
    let each = grown.iter().enumerate().map(|(n, more)| {
        used += more;
        (n as i64 * 10, used)
    });
    each.collect()
}

/// Days of work from nine to five in a week, each with its own load, read every four hours.
fn work_week() -> Told {
    let loads = [18.0, 25.0, 9.0, 30.0, 12.0];
    let mut told = Told::new();
    let mut used = 0.0;
    for (day, load) in loads.iter().enumerate() {
        for slot in 0..6 {
            if (3..=4).contains(&slot) {
                used += load / 2.0;
            }
            told.push((day as i64 * DAY + slot * 240, used));
        }
    }
    told
}

#[test]
fn forecast_table_of_bursts_in_five_hours() {
    check(
        &bursts(),
        FIVE_HOURS,
        Some(FIVE_HOURS),
        expect![[r#"
            0       0.0  too early
            10      4.0  too early
            20     13.0  1:47:34 2:28:07 4:18:34
            30     14.0  2:34:02 3:45:36 5:00:00
            40     14.0  lasts
            50     14.0  lasts
            60     26.0  2:39:42 3:35:01 5:00:00
            70     33.0  2:36:03 3:15:14 5:00:00
            80     36.0  2:53:22 3:34:08 5:00:00
            90     36.0  3:25:55 4:25:50 5:00:00
            100    36.0  lasts
            110    36.0  lasts
            120    36.0  lasts
            130    41.0  lasts
            140    52.0  3:35:47 4:12:23 5:00:00
            150    60.0  3:23:48 3:48:52 4:57:44
            160    62.0  3:36:50 4:06:02 5:00:00
            170    62.0  3:58:18 4:39:12 5:00:00
            180    76.0  3:26:25 3:42:05 4:43:20
            190    85.0  3:23:46 3:33:26 4:28:43
            200    91.0  3:27:40 3:34:15 4:59:32
        "#]],
    );
}

#[test]
fn forecast_table_of_bursts_with_unknown_window_length() {
    check(
        &bursts(),
        290,
        None,
        expect![[r#"
            0       0.0  too early
            10      4.0  too early
            20     13.0  1:47:09 2:27:56 4:20:21
            30     14.0  2:31:45 3:46:04 4:50:00
            40     14.0  lasts
            50     14.0  lasts
            60     26.0  2:37:13 3:34:17 4:50:00
            70     33.0  2:33:41 3:14:38 4:50:00
            80     36.0  2:50:30 3:33:53 4:50:00
            90     36.0  3:22:21 4:26:39 4:50:00
            100    36.0  lasts
            110    36.0  lasts
            120    36.0  lasts
            130    41.0  lasts
            140    52.0  3:34:51 4:11:24 4:50:00
            150    60.0  3:23:24 3:48:05 4:50:00
            160    62.0  3:37:46 4:05:37 4:50:00
            170    62.0  4:00:21 4:39:30 4:50:00
            180    76.0  3:26:23 3:41:40 4:39:00
            190    85.0  3:23:44 3:33:13 4:24:58
            200    91.0  3:27:47 3:34:08 4:36:05
        "#]],
    );
}

#[test]
fn forecast_table_of_a_work_week() {
    check(
        &work_week(),
        WEEK,
        Some(WEEK),
        expect![[r#"
            0       0.0  too early
            240     0.0  too early
            480     0.0  too early
            720     9.0  too early
            960    18.0  78:02:22 125:20:00 168:00:00
            1200   18.0  82:02:22 129:20:00 168:00:00
            1440   18.0  96:56:48 133:20:00 168:00:00
            1680   18.0  112:27:49 155:33:20 168:00:00
            1920   18.0  lasts
            2160   30.5  90:06:50 118:01:58 168:00:00
            2400   43.0  74:13:27 93:01:23 157:38:29
            2640   43.0  81:46:59 102:19:32 168:00:00
            2880   43.0  91:57:05 111:37:40 163:12:08
            3120   43.0  95:57:05 115:37:40 167:12:08
            3360   43.0  99:57:05 119:37:40 168:00:00
            3600   47.5  106:02:07 126:18:56 168:00:00
            3840   52.0  107:02:58 131:45:52 168:00:00
            4080   52.0  111:02:58 135:45:52 168:00:00
            4320   52.0  117:25:43 139:45:52 168:00:00
            4560   52.0  122:49:11 146:09:13 168:00:00
            4800   52.0  128:49:59 153:50:46 168:00:00
            5040   67.0  112:54:27 125:22:23 156:44:25
            5280   82.0  99:29:35 107:19:01 148:30:11
            5520   82.0  103:54:52 112:11:42 158:12:52
            5760   82.0  108:47:38 117:04:23 155:42:54
            6000   82.0  113:11:12 121:57:04 165:27:20
            6240   82.0  117:16:18 126:09:13 168:00:00
            6480   88.0  117:41:40 122:13:20 134:41:05
            6720   94.0  116:13:12 119:08:56 135:21:44
            6960   94.0  120:20:16 123:24:15 141:15:37
        "#]],
    );
}

/// A day is the longest window that is looked at as a short one.
#[test]
fn forecast_table_at_and_just_over_one_day() {
    let steady: Told = (0..=10).map(|n| (n * 100, n as f64 * 9.0)).collect();
    check(
        &steady,
        DAY,
        Some(DAY),
        expect![[r#"
            0       0.0  too early
            100     9.0  13:21:15 18:31:06 24:00:00
            200    18.0  15:12:52 18:31:06 24:00:00
            300    27.0  16:05:52 18:31:06 22:17:21
            400    36.0  16:38:33 18:31:06 21:15:47
            500    45.0  17:01:49 18:31:06 20:37:16
            600    54.0  17:19:58 18:31:06 20:09:41
            700    63.0  17:35:08 18:31:06 19:48:01
            800    72.0  17:48:28 18:31:06 19:29:50
            900    81.0  18:00:13 18:31:06 19:14:45
            1000   90.0  18:11:58 18:31:06 19:00:18
        "#]],
    );
    check(
        &steady,
        DAY,
        Some(DAY + 1),
        expect![[r#"
            0       0.0  too early
            100     9.0  too early
            200    18.0  too early
            300    27.0  too early
            400    36.0  too early
            500    45.0  too early
            600    54.0  too early
            700    63.0  too early
            800    72.0  18:11:49 22:40:00 24:00:00
            900    81.0  17:56:09 20:37:46 24:00:00
            1000   90.0  18:03:29 19:20:00 24:00:00
        "#]],
    );
}

#[test]
fn forecast_table_with_little_data_in_short_and_long_windows() {
    let steady: Told = (0..=6).map(|n| (n * 4, n as f64)).collect();
    check(
        &steady,
        60,
        Some(60),
        expect![[r#"
            0       0.0  too early
            4       1.0  too early
            8       2.0  too early
            12      3.0  lasts
            16      4.0  lasts
            20      5.0  lasts
            24      6.0  lasts
        "#]],
    );
    let by_the_hour: Told = (0..=9).map(|n| (n * 60, n as f64 * 6.0)).collect();
    check(
        &by_the_hour,
        WEEK,
        Some(WEEK),
        expect![[r#"
            0       0.0  too early
            60      6.0  too early
            120    12.0  too early
            180    18.0  too early
            240    24.0  too early
            300    30.0  too early
            360    36.0  too early
            420    42.0  too early
            480    48.0  too early
            540    54.0  16:40:00 29:26:40 168:00:00
        "#]],
    );
}

/// What was forecast is true for one horizon, and never of a time that is over.
#[test]
fn forecast_read_later_is_valid_for_one_horizon() {
    let told: Told = vec![(0, 0.0), (30, 30.0), (60, 80.0)];
    let looks = [0, 10, 12, 14, 20, 30, 42, 43]
        .map(|later| format!("{later:<3}  {}\n", line(&told, FIVE_HOURS, Some(FIVE_HOURS), later)));
    expect![[r#"
        0    1:09:44 1:13:50 1:23:51
        10   1:10:00 1:13:50 1:23:51
        12   1:12:00 1:13:50 1:23:51
        14   1:14:00 1:14:00 1:23:51
        20   1:20:00 1:20:00 1:23:51
        30   1:30:00 1:30:00 1:30:00
        42   1:42:00 1:42:00 1:42:00
        43   -
    "#]]
    .assert_eq(&looks.concat());
}

/// The use to be expected one horizon later, at each point in time.
#[test]
fn forecast_table_of_use_one_horizon_later() {
    let mut text = String::new();
    for (told, length) in [(bursts(), FIVE_HOURS), (work_week(), WEEK)] {
        for seen in (2..=told.len()).step_by(4) {
            let points: Vec<Point> =
                told[..seen].iter().map(|(at, used)| Point { at: Wall(at * MINUTE), used: *used }).collect();
            let input =
                ForecastInput::at(&points, Wall(length * MINUTE), Some(Duration::from_secs(length as u64 * 60)));
            let (at, used) = input.unwrap().one_horizon_later();
            text.push_str(&format!("{:<5}  {:>8.2} {used:>6.2}\n", told[seen - 1].0, at.0 as f64 / MINUTE as f64));
        }
    }
    expect![[r#"
        10        52.86  21.14
        50        92.86  22.64
        90       132.86  51.60
        130      172.86  51.34
        170      212.86  76.91
        240     1680.00   0.00
        1200    2640.00  36.00
        2160    3600.00  50.83
        3120    4560.00  64.50
        4080    5520.00  69.00
        5040    6480.00  86.14
        6000    7440.00 101.68
        6960    8400.00 113.45
    "#]]
    .assert_eq(&text);
}
