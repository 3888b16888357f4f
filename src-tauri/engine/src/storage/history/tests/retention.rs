//! Retention deletes what is too old or too much, and nothing else.

use super::*;
use crate::storage::history::retention::Retention;

const MONTH: u64 = 30 * 86_400;

/// Runs one retention to its end; answers how many steps it took and the longest of them.
fn run(dir: &Path, limits: Limits, now: Wall) -> (usize, Duration) {
    let mut store = open_in(dir).store.unwrap();
    let mut retention = Retention::new(limits, now);
    let (mut steps, mut longest) = (1, Duration::ZERO);
    loop {
        let begun = std::time::Instant::now();
        let more = retention.step(&mut store).unwrap();
        longest = longest.max(begun.elapsed());
        if !more {
            return (steps, longest);
        }
        steps += 1;
        assert!(steps < 10_000, "it comes to an end");
    }
}

fn size(dir: &Path) -> u64 {
    std::fs::metadata(dir.join(NAME)).unwrap().len()
}

/// Two windows, read every twenty minutes for twelve months, and a request every hour.
fn a_year() -> TempDir {
    let minutes = (0..12 * MONTH / 1200).map(|n| n * 1200);
    let readings = minutes.flat_map(|secs| {
        let at = after(secs);
        [
            window("five_hour", at, (secs % 18_000) as f64 / 180.0),
            window("seven_day", at, (secs % 604_800) as f64 / 6048.0),
        ]
    });
    let mut all = rows(readings);
    all.extend((0..12 * MONTH / 3600).map(|n| Row::Request(sent(after(n * 3600)))));
    all.extend(paid((0..12 * MONTH / 86_400).map(|day| spent(after(day * 86_400), day as i64))));
    all.push(Row::Record(HistoryRecord::Episode(episode(Some(after(60))))));
    with(&all)
}

#[test]
fn retention_deletes_older_than_the_age_limit_in_small_steps() {
    let dir = a_year();
    let before = size(dir.path());
    let (steps, _) = run(dir.path(), Limits { age: Duration::from_secs(MONTH), ..LIMITS }, after(12 * MONTH));
    assert!(steps > 8, "{steps}");
    let oldest = after(11 * MONTH);
    let (windows, requests) = (windows(dir.path()), requests(dir.path()));
    assert!(windows.iter().all(|record| record.at >= oldest) && requests.iter().all(|entry| entry.at >= oldest));
    assert_eq!((windows.len() as u64, requests.len() as u64), (2 * MONTH / 1200, MONTH / 3600));
    let money = money(dir.path());
    assert_eq!((money.len() as u64, money[0].at), (MONTH / 86_400, oldest));
    assert!(size(dir.path()) < before / 6, "{} of {before}", size(dir.path()));
}

#[test]
fn retention_over_the_size_limit_deletes_the_oldest_first() {
    let dir = a_year();
    let most = size(dir.path()) / 3;
    run(dir.path(), Limits { size: most, ..LIMITS }, after(12 * MONTH));
    let now = size(dir.path());
    assert!(now <= most && now > most / 2, "{now} of {most}");
    let left = windows(dir.path());
    assert_eq!(left.last().map(|record| record.at), Some(after(12 * MONTH - 1200)));
    let requests = requests(dir.path());
    let money = money(dir.path())[0].at;
    assert!(
        requests[0].at.since(left[0].at) < DAY * 12 && money.since(left[0].at) < DAY * 12,
        "all tables from about the same time on"
    );
    let (steps, _) = run(dir.path(), Limits { size: most, ..LIMITS }, after(12 * MONTH));
    assert!(steps <= 4, "what fits stays: {steps}");
}

#[test]
fn retention_keeps_the_last_days_whatever_the_limits() {
    let dir = a_year();
    run(dir.path(), Limits { age: Duration::ZERO, size: 1 }, after(12 * MONTH));
    assert!(requests(dir.path()).len() >= 48, "{}", requests(dir.path()).len());
    assert!(open(dir.path(), "t", holdoff_core::gate::recovery::SPAN).recent.len() >= 24);
}

#[test]
fn retention_with_the_clock_set_back_deletes_nothing() {
    let dir = a_year();
    let all = || (windows(dir.path()).len(), requests(dir.path()).len(), money(dir.path()).len());
    let before = all();
    run(dir.path(), LIMITS, Wall(NOON.0 - 86_400_000));
    assert_eq!(all(), before);
}

/// The writer does it by itself, and writes meanwhile.
#[tokio::test]
async fn retention_runs_at_startup_and_when_limits_are_lowered() {
    let now = Clock::real().now().wall;
    let ago = |days: u64| Wall(now.0 - i64::try_from(days * 86_400_000).unwrap());
    let dir = with(&rows([400, 300, 20, 1].map(|days| window("five_hour", ago(days), 1.0))));
    let history = History::start(dir.path().to_owned(), open_in(dir.path()), LIMITS, Clock::real());
    let left = async |count: usize| {
        let path = dir.path().to_owned();
        let until = tokio::time::Instant::now() + Duration::from_secs(30);
        while windows(&path).len() != count {
            assert!(tokio::time::Instant::now() < until, "{} are left", windows(&path).len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    history.record(sent(now)).await;
    left(3).await;
    history.keep(Limits { age: DAY * 30, ..LIMITS });
    left(2).await;
    assert_eq!(requests(dir.path()), [sent(now)]);
}
