use std::collections::HashMap;
use std::time::Duration;

use holdoff_world::desktop::{Closed, NOTIFICATIONS, WATCHER};
use holdoff_world::process;
use holdoff_world::{Desktop, Notifications, Session, Shade, eventually};
use zbus::zvariant::Value;
use zbus::{Connection, Proxy};

const LONG: Duration = Duration::from_secs(20);

async fn service(bus: &Connection) -> Proxy<'static> {
    Proxy::new(bus, NOTIFICATIONS, "/org/freedesktop/Notifications", NOTIFICATIONS).await.unwrap()
}

async fn notify(bus: &Connection, replaces: u32, summary: &str) -> zbus::Result<u32> {
    let hints = HashMap::from([("urgency", Value::from(1_u8))]);
    let actions = vec!["default", "Open", "settings", "Settings"];
    service(bus).await.call("Notify", &("Holdoff", replaces, "", summary, "until 15:30", actions, hints, -1_i32)).await
}

#[tokio::test]
async fn notification_recorder_keeps_all_and_invokes_actions() {
    let desktop = Desktop::builder().panel(false).start().await;
    let bus = desktop.connect().await;
    let first = notify(&bus, 0, "Anthropic is rate limiting").await.unwrap();
    let second = notify(&bus, 0, "Sign-in needed").await.unwrap();
    let again = notify(&bus, first, "Still rate limiting").await.unwrap();
    assert!(first != second && again == first);

    let kept = desktop.recorder().wait_for(3, LONG).await;
    assert_eq!(kept.len(), 3);
    assert_eq!((kept[0].app_name.as_str(), kept[0].body.as_str()), ("Holdoff", "until 15:30"));
    assert_eq!(kept[0].actions[1], ("settings".to_owned(), "Settings".to_owned()));
    assert_eq!(kept[0].hints["urgency"].downcast_ref::<u8>().unwrap(), 1);
    assert_eq!(kept[0].sender, bus.unique_name().unwrap().as_str());
    assert_eq!((kept[2].replaces_id, kept[2].id), (first, first));
    let one =
        desktop.recorder().wait_for_one(LONG, "a notice on the sign-in", |one| one.summary.contains("Sign-in")).await;
    assert_eq!(one.id, second);

    let proxy = service(&bus).await;
    let mut signals = proxy.receive_all_signals().await.unwrap();
    let mut next = async || {
        let stream = std::pin::Pin::new(&mut signals);
        let mut stream = stream;
        let message =
            std::future::poll_fn(|context| zbus::export::futures_core::Stream::poll_next(stream.as_mut(), context));
        tokio::time::timeout(LONG, message).await.expect("a signal").expect("the bus stays")
    };
    desktop.recorder().invoke(second, "settings").await;
    let invoked: (u32, String) = next().await.body().deserialize().unwrap();
    assert_eq!(invoked, (second, "settings".to_owned()));
    desktop.recorder().close(second, Closed::Dismissed).await;
    let closed: (u32, u32) = next().await.body().deserialize().unwrap();
    assert_eq!(closed, (second, 2));
    service(&bus).await.call::<_, _, ()>("CloseNotification", &first).await.unwrap();
    let closed: Vec<_> = desktop.recorder().all().into_iter().map(|one| one.closed).collect();
    assert_eq!(closed, [Some(Closed::ByProgram), Some(Closed::Dismissed), Some(Closed::ByProgram)]);
}

#[tokio::test]
async fn notification_service_stopped_is_not_replaced_by_another() {
    let desktop = Desktop::builder().panel(false).notifications(Notifications::None).start().await;
    let bus = desktop.connect().await;
    assert!(notify(&bus, 0, "lost").await.is_err());
    desktop.start_notifications(Notifications::Recorder).await;
    notify(&bus, 0, "kept").await.unwrap();
    desktop.stop_notifications().await;
    assert!(notify(&bus, 0, "lost again").await.is_err());
    desktop.start_notifications(Notifications::Recorder).await;
    notify(&bus, 0, "kept too").await.unwrap();
    let kept: Vec<_> = desktop.recorder().all().into_iter().map(|one| (one.id, one.summary)).collect();
    assert_eq!(kept, [(1, "kept".to_owned()), (2, "kept too".to_owned())]);
}

#[tokio::test]
async fn dunst_popup_is_visible_on_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let desktop = Desktop::builder().notifications(Notifications::Dunst).start().await;
    let (x, y) = (desktop.size().0 - 100, desktop.size().1 - 22);
    let background = desktop.pixel(x, y).await;
    assert_eq!(desktop.popups().await, 0);
    let bus = desktop.connect().await;
    notify(&bus, 0, "Anthropic is rate limiting").await.unwrap();
    desktop.wait_for_popups(1, LONG).await;
    eventually(LONG, "the popup is painted", async || (desktop.pixel(x, y).await != background).then_some(())).await;
    let picture = folder.path().join("shots/popup.png");
    desktop.screenshot(&picture).await;
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    desktop.close_popups().await;
    eventually(LONG, "the popup is gone", async || (desktop.pixel(x, y).await == background).then_some(())).await;
    desktop.stop_notifications().await;
    assert!(notify(&bus, 0, "lost").await.is_err());
}

#[tokio::test]
async fn tray_watcher_starts_and_stops_with_the_panel() {
    let desktop = Desktop::builder().panel(false).notifications(Notifications::None).start().await;
    assert!(!desktop.has_name(WATCHER).await);
    desktop.start_panel().await;
    assert!(desktop.has_name(WATCHER).await);
    desktop.start_panel().await;
    desktop.stop_panel().await;
    assert!(!desktop.has_name(WATCHER).await);
    desktop.start_panel().await;
    assert!(desktop.has_name(WATCHER).await);
}

#[tokio::test]
async fn desktop_shade_switches_background_and_panel() {
    let desktop = Desktop::builder().shade(Shade::Dark).notifications(Notifications::None).start().await;
    let brightness =
        async |x: u32, y: u32| desktop.pixel(x, y).await.iter().map(|part| u32::from(*part)).sum::<u32>() / 3;
    assert!(brightness(600, 500).await < 80);
    eventually(LONG, "a dark panel", async || (brightness(600, 15).await < 100).then_some(())).await;
    assert_eq!(desktop.env()["GTK_THEME"], "Adwaita:dark");
    desktop.set_background(Shade::Light).await;
    assert!(brightness(600, 500).await > 180);
    eventually(LONG, "a light panel", async || (brightness(600, 15).await > 180).then_some(())).await;
    assert_eq!(desktop.env()["GTK_THEME"], "Adwaita");
}

#[tokio::test]
async fn desktops_run_in_parallel_and_leave_no_processes() {
    let (one, two) = tokio::join!(
        Desktop::builder().notifications(Notifications::Dunst).start(),
        Desktop::builder().notifications(Notifications::Dunst).start()
    );
    assert!(one.display() != two.display() && one.bus_address() != two.bus_address());
    let ours = |desktop: &Desktop| {
        let mark = format!("DBUS_SESSION_BUS_ADDRESS={}", desktop.bus_address());
        process_ids().into_iter().filter(|pid| process::environment(*pid).contains(&mark)).collect::<Vec<_>>()
    };
    let (first, second) = (ours(&one), ours(&two));
    assert!(first.len() >= 3, "panel, its plugin, dunst … are found by their bus: {first:?}");
    drop(one);
    eventually(LONG, "the first desktop is gone", async || {
        first.iter().all(|pid| !process::is_alive(*pid)).then_some(())
    })
    .await;
    assert!(second.iter().all(|pid| process::is_alive(*pid)), "the second one stays");
    assert!(two.has_name(WATCHER).await);
}

fn process_ids() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).collect()
}
