use super::*;
use crate::time::{Boot, Wall};
use std::time::Duration;

const NOON: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000_000) };

fn after(secs: u64) -> Moment {
    NOON.plus(Duration::from_secs(secs))
}

fn all() -> Wanted {
    Wanted::from(&Settings::default())
}

fn about(window: &str, news: News) -> WindowNews {
    WindowNews { window: window.into(), label: window.into(), news }
}

#[test]
fn pending_window_alert_can_be_withdrawn() {
    let mut notices = Notices::default();
    assert!(!notices.withdraw("five_hour", |_| true), "there was nothing");
    notices.announce_window(about("five_hour", News::RunsOut), NOON);
    assert!(!notices.withdraw("seven_day", |_| true), "another window");
    assert!(!notices.withdraw("five_hour", |news| *news != News::RunsOut), "other news");
    assert!(notices.withdraw("five_hour", |news| *news == News::RunsOut));
    assert_eq!(notices.due(NOON, false), None);
}

#[test]
fn newer_window_alert_replaces_a_pending_one_not_one_being_shown() {
    let mut notices = Notices::default();
    notices.announce_window(about("five_hour", News::Threshold { percent: 80 }), NOON);
    notices.announce_window(about("seven_day", News::RunsOut), NOON);
    notices.announce_window(about("five_hour", News::Threshold { percent: 95 }), NOON);
    let first = notices.due(NOON, false).unwrap();
    let shown = notices.start_showing(first).unwrap();
    assert_eq!(shown.about, Some(about("seven_day", News::RunsOut)), "first come, first said");
    assert!(notices.is_showing());
    assert!(!notices.withdraw("seven_day", |_| true), "it is being said");
    notices.shown(first, all(), NOON);
    let second = notices.due(NOON, false).unwrap();
    let shown = notices.start_showing(second).unwrap();
    assert_eq!(shown.about, Some(about("five_hour", News::Threshold { percent: 95 })));
    notices.shown(second, all(), NOON);
    assert_eq!((notices.due(NOON, false), notices.is_showing()), (None, false));
}

/// Law 17, found by the simulation (seed 2679): the service took 17 s for the first, and showed it last.
#[test]
fn alerts_of_one_window_are_shown_one_after_the_other() {
    let mut notices = Notices::default();
    let of = |window: &str, percent| about(window, News::Threshold { percent });
    notices.announce_window(of("five_hour", 80), NOON);
    notices.announce_window(of("seven_day", 80), NOON);
    let first = notices.due(NOON, false).unwrap();
    assert_eq!(notices.start_showing(first).unwrap().also, [of("seven_day", 80)]);
    notices.announce_window(of("seven_day", 95), NOON);
    assert_eq!((notices.due(NOON, false), notices.next_offer(false)), (None, None));
    notices.announce_window(of("opus", 80), NOON);
    let other = notices.due(NOON, false).unwrap();
    assert_eq!(notices.start_showing(other).unwrap().also, [], "the other one is still held back");
    for shown in [true, false] {
        let mut notices = notices.clone();
        if shown {
            notices.shown(first, all(), NOON);
        } else {
            notices.missed(first, NOON);
        }
        let next = notices.due(NOON, false).unwrap();
        let next = notices.start_showing(next).unwrap();
        assert_eq!(next.about, Some(of("seven_day", 95)), "which says more than the first");
        assert_eq!(next.also, [of("five_hour", 80)][usize::from(shown)..], "and that was not said yet");
    }
}

/// It waits longer and longer, and not at all when there is a service again.
#[test]
fn missed_notification_is_retried_with_backoff_or_on_new_service() {
    let mut notices = Notices::default();
    notices.announce_window(about("five_hour", News::RunsOut), NOON);
    let id = notices.due(NOON, false).unwrap();
    notices.start_showing(id);
    notices.missed(id, NOON);
    let first = notices.next_offer(false).unwrap();
    assert_eq!(first, NOON.plus(policy::NOTICE.after(1)));
    assert!(notices.due(NOON, false).is_none() && notices.due(first, false) == Some(id));
    notices.start_showing(id);
    assert_eq!(notices.next_offer(false), None, "it is being shown");
    notices.missed(id, first);
    assert_eq!(notices.next_offer(false), Some(first.plus(policy::NOTICE.after(2))));
    notices.service_appeared(after(5000));
    assert_eq!(notices.due(after(5000), false), Some(id));
}

#[test]
fn notification_being_shown_does_not_block_others() {
    let mut notices = Notices::default();
    notices.begin_limit(NOON, all());
    let limit = notices.due(NOON, false).unwrap();
    notices.start_showing(limit);
    notices.begin_sign_in(NOON, all());
    let sign_in = notices.due(NOON, false).expect("the other is to be said, too");
    assert_eq!(notices.start_showing(sign_in).unwrap().kind, NoticeKind::SignInStopped);
}

/// The boot clock begins anew: what waited for a time of the last one waits no longer.
#[test]
fn notification_retry_after_reboot_is_due_at_once() {
    let mut notices = Notices::default();
    notices.begin_limit(NOON, all());
    let id = notices.due(NOON, false).unwrap();
    notices.start_showing(id);
    notices.missed(id, NOON);
    let now = Moment { wall: after(60).wall, boot: Boot(5000) };
    notices.rebase_after_reboot(Some(NOON), now);
    assert_eq!((notices.due(now, false), notices.next_offer(false)), (Some(id), Some(now)));
    let began = notices.limit.unwrap().began;
    assert_eq!((began.wall, began.boot), (NOON.wall, Boot(5000 - 60_000)), "a minute ago");
}

/// The same account under an earlier name had things to say, too.
#[test]
fn adopted_notifications_get_ids_of_their_own() {
    let (mut here, mut there) = (Notices::default(), Notices::default());
    here.announce_window(about("five_hour", News::RunsOut), NOON);
    there.announce_window(about("seven_day", News::Reset { used: 90 }), NOON);
    here.adopt(&there);
    // Both are in the hands of the service at once.
    let mut said = Vec::new();
    while let Some(id) = here.due(NOON, false) {
        said.push((id, here.start_showing(id).unwrap().about.unwrap().window));
    }
    assert_eq!(said, [(0, "five_hour".to_owned()), (1, "seven_day".to_owned())]);
    said.iter().for_each(|(id, _)| here.shown(*id, all(), NOON));
    assert!(!here.is_showing());
    here.announce_window(about("other", News::RunsOut), NOON);
    assert_eq!(here.due(NOON, false), Some(2));
}

/// Law 9: a process that ended while it was showing something has shown it.
#[test]
fn notification_shown_at_shutdown_is_not_repeated() {
    let mut notices = Notices::default();
    notices.announce_window(about("five_hour", News::Reset { used: 90 }), NOON);
    notices.announce_window(about("seven_day", News::RunsOut), NOON);
    let id = notices.due(NOON, false).unwrap();
    notices.start_showing(id);
    notices.settle(all(), after(60));
    assert!(!notices.is_showing());
    let next = notices.due(after(60), false).unwrap();
    assert_eq!(notices.start_showing(next).unwrap().about, Some(about("seven_day", News::RunsOut)));
}

/// What no service took is offered again, each as far as it is still true.
#[test]
fn same_alert_of_several_windows_is_grouped_until_missed() {
    let mut notices = Notices::default();
    let all_three = ["five_hour", "seven_day", "opus"].map(|window| about(window, News::Threshold { percent: 80 }));
    all_three.iter().for_each(|news| notices.announce_window(news.clone(), NOON));
    notices.announce_window(about("fable", News::RunsOut), NOON);
    let id = notices.due(NOON, false).unwrap();
    let shown = notices.start_showing(id).unwrap();
    assert_eq!((shown.about, shown.also), (Some(all_three[0].clone()), all_three[1..].to_vec()));
    let other = notices.due(NOON, false).unwrap();
    assert_eq!(notices.start_showing(other).unwrap().about.unwrap().window, "fable", "other news is another notice");
    notices.missed(id, NOON);
    assert!(notices.withdraw("opus", |_| true));
    notices.service_appeared(after(1));
    let again = notices.due(after(1), false).unwrap();
    assert_eq!(notices.start_showing(again).unwrap().also, all_three[1..2]);
    notices.shown(again, all(), after(1));
    notices.shown(other, all(), after(1));
    assert!(notices.queue.is_empty());
}
