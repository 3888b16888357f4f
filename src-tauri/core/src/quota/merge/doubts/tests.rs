use super::*;
use crate::quota::{Amount, WindowKind};

const MINUTE: i64 = 60_000;

fn min(minutes: i64) -> Wall {
    Wall(1_789_387_200_000 + minutes * MINUTE)
}

/// Usage of the window `id` that resets after two hours, as the endpoint reported it after `minutes`.
fn figure(id: &str, used: f64, minutes: i64) -> QuotaWindow {
    QuotaWindow {
        id: id.into(),
        kind: WindowKind::Session,
        label: id.into(),
        used_percent: Some(used),
        resets_at: Some(min(120)),
        duration_s: Some(18_000),
        binding: false,
        origin: Some(Provenance { at: min(minutes), source: Source::UsageEndpoint }),
        locked: None,
    }
}

fn by_session(figure: QuotaWindow) -> QuotaWindow {
    let origin = figure.origin.map(|origin| Provenance { source: Source::StatusLine, ..origin });
    QuotaWindow { origin, ..figure }
}

/// A figure of a cycle that ends this many minutes after noon.
fn ending(minutes: i64, figure: QuotaWindow) -> QuotaWindow {
    QuotaWindow { resets_at: Some(min(minutes)), ..figure }
}

fn old() -> QuotaWindow {
    figure("a", 40.0, 0)
}

fn is_believed(doubts: &mut Doubts, new: &QuotaWindow) -> bool {
    let old = QuotaWindow { id: new.id.clone(), ..old() };
    doubts.is_second(&old, new, Weight::Odd, false)
}

#[test]
fn odd_figure_is_believed_two_minutes_later_and_only_by_the_same_figure_of_the_same_window() {
    let mut doubts = Doubts::default();
    assert!(!is_believed(&mut doubts, &figure("a", 0.0, 10)));
    assert!(!is_believed(&mut doubts, &figure("b", 0.0, 15)), "another window");
    assert!(!is_believed(&mut doubts, &figure("a", 0.0, 11)), "too soon");
    assert!(is_believed(&mut doubts, &figure("a", 0.0, 12)));
    let mut doubts = Doubts::default();
    assert!(!is_believed(&mut doubts, &figure("a", 30.0, 10)));
    assert!(!is_believed(&mut doubts, &figure("a", 10.0, 15)), "another figure");
    let mut doubts = Doubts::default();
    assert!(!is_believed(&mut doubts, &figure("a", 10.0, 10)));
    assert!(is_believed(&mut doubts, &figure("a", 9.5, 15)), "rounded differently");
}

#[test]
fn sessions_cannot_confirm_each_other_against_the_endpoint_but_can_confirm_the_endpoint() {
    let moved = |minutes| ending(200, figure("a", 0.0, minutes));
    let second = |doubts: &mut Doubts, new: &QuotaWindow| doubts.is_second(&old(), new, Weight::Odd, true);
    let mut doubts = Doubts::default();
    assert!(!second(&mut doubts, &moved(0)), "told by the endpoint");
    assert!(!second(&mut doubts, &by_session(moved(1))));
    assert!(second(&mut doubts, &by_session(moved(10))), "it is still what the endpoint told");
    let mut doubts = Doubts::default();
    assert!(!second(&mut doubts, &by_session(moved(0))));
    assert!(!second(&mut doubts, &by_session(moved(10))));
    assert!(second(&mut doubts, &moved(11)));
}

#[test]
fn endpoint_replaces_only_its_own_doubt_about_a_window() {
    let mut doubts = Doubts::default();
    is_believed(&mut doubts, &ending(200, figure("a", 0.0, 0)));
    is_believed(&mut doubts, &by_session(ending(300, figure("a", 0.0, 1))));
    assert!(is_believed(&mut doubts, &ending(200, figure("a", 0.0, 10))), "a session told another one meanwhile");

    let mut doubts = Doubts::default();
    is_believed(&mut doubts, &ending(200, figure("b", 0.0, 0)));
    is_believed(&mut doubts, &by_session(ending(400, figure("a", 0.0, 0))));
    is_believed(&mut doubts, &ending(200, figure("a", 0.0, 1)));
    is_believed(&mut doubts, &ending(300, figure("a", 0.0, 2)));
    assert!(is_believed(&mut doubts, &ending(200, figure("b", 0.0, 10))), "another window's doubt");
    assert!(is_believed(&mut doubts, &by_session(ending(400, figure("a", 0.0, 11)))), "a session's doubt");
    assert!(!is_believed(&mut doubts, &ending(200, figure("a", 0.0, 12))), "the endpoint has told another one since");
}

#[test]
fn three_doubts_about_a_window_are_kept_and_the_oldest_goes() {
    let doubtful = |ends: i64, minutes: i64| by_session(ending(ends, figure("a", 0.0, minutes)));
    let begun = || {
        let mut doubts = Doubts::default();
        is_believed(&mut doubts, &by_session(ending(900, figure("b", 0.0, 0))));
        for n in 0..4 {
            is_believed(&mut doubts, &doubtful(200 + n * 10, n));
        }
        doubts
    };
    for n in 1..4 {
        assert!(is_believed(&mut begun(), &doubtful(200 + n * 10, 20)), "{n}");
    }
    assert!(!is_believed(&mut begun(), &doubtful(200, 20)));
    assert!(is_believed(&mut begun(), &by_session(ending(900, figure("b", 0.0, 20)))), "another window's");
}

#[test]
fn repeated_old_figure_of_a_session_refutes_no_doubt() {
    let refuted = |plain: QuotaWindow| {
        let mut doubts = Doubts::default();
        is_believed(&mut doubts, &figure("a", 0.0, 0));
        doubts.plain(&old(), &plain);
        !is_believed(&mut doubts, &figure("a", 0.0, 10))
    };
    assert!(!refuted(by_session(figure("a", 40.0, 5))));
    assert!(!refuted(by_session(figure("a", 39.5, 5))));
    assert!(refuted(by_session(figure("a", 41.0, 5))), "it has new figures");
    assert!(refuted(figure("a", 40.0, 5)), "the endpoint");
}

#[test]
fn window_is_gone_once_it_was_left_out_twice_in_a_row() {
    let mut doubts = Doubts::default();
    assert!(!doubts.is_gone("a", min(0)));
    doubts.reported("a");
    assert!(!doubts.is_gone("a", min(10)), "it was there meanwhile");
    assert!(!doubts.is_gone("a", min(11)) && doubts.is_gone("a", min(12)));
}

#[test]
fn clock_set_back_does_not_put_a_doubt_into_the_future() {
    let known = [figure("a", 40.0, 0)];
    let mut doubts = Doubts::default();
    is_believed(&mut doubts, &figure("a", 0.0, 600));
    is_believed(&mut doubts, &figure("gone", 0.0, 600));
    doubts.is_gone("a", min(600));
    doubts.prune(&known, min(10));
    assert!(doubts.is_gone("a", min(12)));
    assert!(is_believed(&mut doubts, &figure("a", 0.0, 12)));
    assert!(!is_believed(&mut doubts, &figure("gone", 0.0, 20)), "that window is not known any more");
}

fn money(percent: Option<f64>) -> Vec<Spend> {
    let used = Some(Amount { minor: 1, currency: "USD".into(), exponent: 2 });
    vec![Spend { id: "m".into(), label: "m".into(), used, limit: None, used_percent: percent, note: None }]
}

#[test]
fn odd_spend_is_believed_the_second_time() {
    let none = || Vec::new();
    let (of, plain) = (|percent| money(Some(percent)), || money(None));
    let believed = |known: &[Spend], told: &[(i64, Vec<Spend>)]| {
        let mut doubts = Doubts::default();
        let all: Vec<bool> = told.iter().map(|(at, new)| doubts.is_money_believed(known, new, min(*at))).collect();
        *all.last().unwrap()
    };
    // At once: no change to speak of.
    for (known, new) in [
        (none(), none()),
        (none(), of(1.0)),
        (plain(), plain()),
        (plain(), of(1.0)),
        (of(20.0), of(15.0)),
        (of(20.0), of(90.0)),
        (of(95.0), of(100.0)),
    ] {
        assert!(believed(&known, &[(0, new.clone())]), "{known:?} {new:?}");
    }
    // The second time: it fell, it is suddenly used up, or it is gone.
    for (known, new) in [
        (of(80.0), of(70.0)),
        (of(90.0), of(30.0)),
        (of(20.0), of(100.0)),
        (plain(), none()),
        (of(20.0), none()),
        (of(20.0), plain()),
    ] {
        assert!(!believed(&known, &[(0, new.clone())]), "{known:?} {new:?}");
        assert!(!believed(&known, &[(0, new.clone()), (1, new.clone())]), "{known:?} {new:?}: too soon");
        assert!(believed(&known, &[(0, new.clone()), (2, new.clone())]), "{known:?} {new:?}");
    }
    // Not by another one.
    for (first, second) in [(of(60.0), of(10.0)), (none(), plain()), (plain(), of(10.0)), (of(10.0), none())] {
        assert!(!believed(&of(90.0), &[(0, first.clone()), (10, second.clone())]), "{first:?} {second:?}");
    }
    assert!(believed(&of(90.0), &[(0, of(10.0)), (10, of(0.2))]), "still falling");
    assert!(believed(&of(90.0), &[(0, of(10.0)), (10, of(20.0))]), "as far apart as one reading may be from the next");
}

#[test]
fn figures_at_the_limits_of_oddness_are_plain() {
    let after = |known: f64, new: QuotaWindow| weigh(&new, &figure("a", known, 0));
    assert_eq!(after(40.0, figure("a", 37.0, 1)), Weight::Plain, "a small correction");
    assert_eq!(after(40.0, figure("a", 35.0, 1)), Weight::Plain);
    assert_eq!(after(40.0, figure("a", 34.9, 1)), Weight::Odd);
    assert_eq!(after(40.0, ending(200, figure("a", 39.0, 1))), Weight::Plain);
    assert_eq!(after(40.0, ending(200, figure("a", 38.9, 1))), Weight::Odd);
    assert_eq!(after(95.0, figure("a", 100.0, 1)), Weight::Plain);
    assert_eq!(after(98.0, figure("a", 100.0, 1)), Weight::Plain);
    assert_eq!(after(94.0, by_session(figure("a", 100.0, 1))), Weight::Odd, "suddenly used up");
    assert_eq!(after(100.0, by_session(figure("a", 106.0, 1))), Weight::Plain, "it was used up before");
    let length = Some(Duration::from_secs(18_000));
    assert!(!is_leap(10.0, 20.0, Duration::ZERO, length) && is_leap(10.0, 20.1, Duration::ZERO, length));
}
