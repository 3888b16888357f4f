use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdoff_world::ClockSpec;

#[test]
fn clock_matches_real_time_at_its_epoch_and_runs_at_its_speed() {
    let clock = ClockSpec { epoch_s: 1_000_000.0, speed: 60.0 };
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(clock.program(at(1_000_000)), at(1_000_000));
    assert_eq!(clock.program(at(1_000_010)), at(1_000_600));
    assert_eq!(clock.program(at(999_999)), at(999_940));
    assert_eq!(clock.real_at(at(1_000_600)), at(1_000_010));
    assert_eq!(clock.real_length(Duration::from_secs(300)), Duration::from_secs(5));
    assert_eq!(clock.program_length(Duration::from_secs(5)), Duration::from_secs(300));
}

#[test]
fn clock_env_value_is_epoch_and_speed() {
    assert_eq!(ClockSpec { epoch_s: 1_788_781_207.0, speed: 600.0 }.to_env(), "1788781207x600");
    assert_eq!(ClockSpec { epoch_s: 1_788_781_207.25, speed: 0.5 }.to_env(), "1788781207.25x0.5");
}

#[test]
fn clock_from_now_starts_at_the_current_time() {
    let clock = ClockSpec::from_now(3600.0);
    let ahead = clock.now().duration_since(SystemTime::now()).expect("program time is not behind");
    assert!(ahead <= Duration::from_secs(2 * 3600), "{ahead:?} ahead");
}
