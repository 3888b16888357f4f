//! The token endpoint returns 429 for a whole day: the first hour, in which the sign-in is still valid, takes ten
//! seconds, and the rest half a minute, after a restart.

use crate::scene::{HOUR, Holdoff, LONG, Scene};
use holdoff_core::notification::NoticeKind;
use holdoff_world::fake::{Request, gaps};
use holdoff_world::{Answer, ClockSpec, eventually};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const FIRST_HOUR: f64 = 360.0;
const REST: f64 = 2880.0;

#[tokio::test]
async fn renewal_limited_for_a_day_is_nine_requests_and_one_notice() {
    let scene = Scene::new(FIRST_HOUR, HOUR, 8 * HOUR).await;
    scene.fake.token_always(Answer::rate_limited(None));
    let slow = scene.fake.clock();
    let begun = slow.now();
    let mut holdoff = scene.holdoff().await;
    live_until(&mut holdoff, slow, begun + HOUR).await;
    eventually(LONG, "the sign-in has ended", async || {
        holdoff.state().filter(|state| state.sign_in_trouble(holdoff_core::Wall(ms(slow.now()))).is_some())
    })
    .await;
    holdoff.until_told(NoticeKind::RenewalLimited).await;
    assert_eq!(holdoff.told, [NoticeKind::RenewalLimited]);
    holdoff.end().await;
    let usage = scene.fake.usage_requests();
    // Every five minutes, each time a little late on a clock this fast.
    assert!((8..=13).contains(&usage.len()), "{:?}", gaps(&usage, slow));
    let last_usage = usage.last().unwrap().at_program(slow);
    assert!(last_usage > begun + HOUR - Duration::from_secs(450), "to its end: {:?}", gaps(&usage, slow));

    let first_hour = scene.fake.token_requests().len();
    let fast = continued(slow, REST);
    scene.fake.set_clock(fast);
    let mut holdoff = scene.holdoff().await;
    live_until(&mut holdoff, fast, begun + 24 * HOUR).await;
    let told = holdoff.told.clone();
    holdoff.end().await;
    let token = scene.fake.token_requests();
    println!("a day of 429: {} token requests, {} for usage while it lived", token.len(), usage.len());
    assert!((4..=9).contains(&token.len()), "{}", token.len());
    assert_eq!(scene.fake.usage_requests().len(), usage.len(), "an expired token is not sent");
    assert!(told.is_empty(), "it was said before: {told:?}");

    let at = |(n, request): (usize, &Request)| request.at_program(if n < first_hour { slow } else { fast });
    let times: Vec<SystemTime> = token.iter().enumerate().map(at).collect();
    let waits: Vec<u64> = times.windows(2).map(|two| two[1].duration_since(two[0]).unwrap().as_secs() / 60).collect();
    let enough = waits.iter().zip([10, 20, 40, 80, 160, 320, 360]).all(|(wait, least)| *wait >= least);
    assert!(enough, "minutes between them: {waits:?}");
    scene.assert_tidy();
}

async fn live_until(holdoff: &mut Holdoff, clock: ClockSpec, at: SystemTime) {
    let left = at.duration_since(clock.now()).unwrap_or_default();
    holdoff.live(clock.real_length(left)).await;
}

/// A clock that continues at the current time of `clock` with another speed.
fn continued(clock: ClockSpec, speed: f64) -> ClockSpec {
    let real = SystemTime::now();
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let epoch_s = (seconds(real) * speed - seconds(clock.program(real))) / (speed - 1.0);
    ClockSpec { epoch_s, speed }
}

fn ms(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}
