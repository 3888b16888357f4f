//! Forecast alerts: made only with enough data, and once in a cycle.

use super::window_alerts::{FIVE_HOURS, five_hour, prefer, told, use_until, world};
use super::*;
use crate::notification::News;
use crate::quota::forecast::Forecast;

#[test]
fn forecast_run_out_is_announced_once_and_in_advance() {
    let mut world = world();
    prefer(&mut world, |preferences| preferences.wanted.thresholds = vec![].try_into().unwrap());
    use_until(&mut world, 110, 50.0);
    let said = told(&world);
    assert!(matches!(said[..], [(20..=40, News::RunsOut)]), "{said:?}");
    let (title, body) = world.words.last().unwrap();
    assert!(title.starts_with("5-hour limit runs out 1"), "{title}");
    assert!(body.contains("At this pace it runs out 1") && body.contains("It resets 17:00."), "{body}");
}

fn shown(world: &World) -> Option<Forecast> {
    world.account.state().cycles.get("five_hour").unwrap().forecast(world.now.wall)
}

/// An hour at which it would run out, and two of rest, after which it lasts.
fn busy_and_then_at_rest(service: bool) -> World {
    let mut world = world();
    world.service = service;
    prefer(&mut world, |preferences| preferences.wanted.thresholds = vec![].try_into().unwrap());
    use_until(&mut world, 60, 30.0);
    assert!(matches!(shown(&world), Some(Forecast::RunsOut { .. })));
    for _ in 0..60 {
        world.run(2 * MINUTE);
        five_hour(&mut world, 30.0);
    }
    assert_eq!(shown(&world), Some(Forecast::LastsUntilReset));
    world
}

#[test]
fn forecast_run_out_is_dropped_if_outdated_before_delivery() {
    let mut world = busy_and_then_at_rest(false);
    world.service = true;
    world.account.handle(Event::NoticeService(true), world.now);
    world.run(HOUR);
    assert_eq!(told(&world), []);
}

/// So sure that it would be said: the slow end of the range lies before the reset too.
fn is_sure(world: &World) -> bool {
    matches!(shown(world), Some(Forecast::RunsOut { latest, .. }) if latest.0 < NOON.0 + FIVE_HOURS)
}

/// It slows down until it would last, and then goes on faster than before.
#[test]
fn forecast_run_out_recurring_in_a_cycle_is_not_repeated() {
    let mut world = world();
    prefer(&mut world, |preferences| preferences.wanted.thresholds = vec![].try_into().unwrap());
    let mut used = 0.0;
    let mut go_on = |world: &mut World, per_hour: f64, there: &dyn Fn(&World) -> bool| {
        for _ in 0..60 {
            world.run(MINUTE);
            used += per_hour / 60.0;
            five_hour(world, used);
            if there(world) {
                return;
            }
        }
        panic!("{:?}", shown(world));
    };
    go_on(&mut world, 35.0, &|world| told(world).len() == 1);
    go_on(&mut world, 4.0, &|world| shown(world) == Some(Forecast::LastsUntilReset));
    go_on(&mut world, 60.0, &is_sure);
    assert_eq!(told(&world).len(), 1);
}

/// Holdoff is started in the middle of a busy window: what it shows at once, it says only once it has seen it go on.
#[test]
fn forecast_from_a_first_high_reading_is_not_announced_yet() {
    let mut world = world();
    prefer(&mut world, |preferences| preferences.wanted.thresholds = vec![].try_into().unwrap());
    world.run(HOUR);
    use_until(&mut world, 72, 40.0);
    let shown = world.account.state().cycles.get("five_hour").unwrap().forecast(world.now.wall);
    assert!(matches!(shown, Some(Forecast::RunsOut { .. })), "{shown:?}");
    assert_eq!(told(&world), []);
    use_until(&mut world, 90, 40.0);
    assert_eq!(told(&world), [(78, News::RunsOut)]);
}

/// At this pace 20 % are used after 12 minutes.
#[test]
fn forecast_is_not_announced_in_the_first_tenth_of_the_window() {
    let mut world = world();
    prefer(&mut world, |preferences| preferences.wanted.thresholds = vec![].try_into().unwrap());
    use_until(&mut world, 40, 100.0);
    assert_eq!(told(&world), [(30, News::RunsOut)]);
}

/// It was read last before a tenth of the window was over.
#[test]
fn forecast_from_an_early_reading_is_not_announced_later() {
    let mut world = world();
    prefer(&mut world, |preferences| preferences.wanted.thresholds = vec![].try_into().unwrap());
    use_until(&mut world, 28, 100.0);
    world.run(12 * MINUTE);
    assert_eq!(told(&world), []);
}

#[test]
fn forecast_lasting_until_reset_is_not_announced() {
    let mut world = world();
    use_until(&mut world, 290, 15.0);
    assert_eq!(told(&world), []);
}
