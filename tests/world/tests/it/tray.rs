use std::time::Duration;

use holdoff_world::tray::Registrations;
use holdoff_world::{Desktop, Notifications, Tray, eventually};

use crate::item;

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn tray_item_is_found_read_and_clicked_through_a_real_panel() {
    let desktop = Desktop::builder().notifications(Notifications::None).start().await;
    let own = std::process::id();
    assert!(Tray::find(&desktop, own).await.is_none());
    let (bus, done) = item::put(&desktop, "5-hour 42 %").await;
    let mut registrations = Registrations::listen(&desktop).await;
    let before = std::time::Instant::now();
    item::register(&bus).await;
    assert!(registrations.wait_for(own, LONG).await >= before);

    let tray = Tray::wait_for(&desktop, own, LONG).await;
    assert_eq!(Tray::registered(&desktop).await.len(), 1);
    let properties = tray.properties().await;
    assert_eq!((properties.title.as_str(), properties.status.as_str()), ("Stand-in", "Active"));
    assert_eq!(properties.tooltip, "Stand-in\n5-hour 42 %");
    assert_eq!(properties.icons.iter().map(|icon| (icon.width, icon.height)).collect::<Vec<_>>(), [(16, 16), (22, 22)]);
    assert_eq!(properties.icons[0].argb.len(), 16 * 16 * 4);

    item::set_tooltip(&bus, "5-hour 43 %").await;
    assert!(tray.wait_for_tooltip(LONG, |tooltip| tooltip.contains("43")).await.ends_with("43 %"));

    assert_eq!(tray.labels().await, ["5-hour 42 %", "Refresh", "More_less", "Start at login"]);
    let menu = tray.menu().await;
    assert!(!menu[0].enabled && menu[1].separator && !menu[3].visible);
    assert_eq!(menu[4].children[0].ticked, Some(true));
    tray.click("Refresh").await;
    tray.click("Start at").await;
    tray.activate(7, 8).await;
    assert_eq!(done.all(), ["clicked 3", "clicked 6", "activated at 7,8"]);

    // The panel shows it, and a person's click on it arrives.
    let (x, y) = desktop.tray_position().await;
    let (width, _) = desktop.size();
    assert!(x > width as i32 - 60 && y < 30, "the tray is at the right end of the panel, not at {x},{y}");
    let corner = (x as u32, y as u32);
    eventually(LONG, "the icon is in the panel", async || {
        (desktop.pixel(corner.0, corner.1).await == [0, 200, 0]).then_some(())
    })
    .await;
    let before = desktop.fingerprint().await;
    let tooltip = desktop.hover_tray().await;
    assert!(tooltip.y > y && tooltip.width > 60, "{tooltip:?}");
    desktop.wait_for_change(&before, LONG).await;
    assert!(desktop.is_still(LONG).await, "a tooltip, once shown, stays as it is");
    let menu = desktop.open_tray_menu().await;
    assert!(menu.height > 3 * 20, "a menu of three entries: {menu:?}");
    desktop.click(menu.x + 50, menu.y + menu.height as i32 / 2, 1).await;
    let times = |what: &str| done.all().iter().filter(|done| done.starts_with(what)).count();
    eventually(LONG, "the entry in the middle is chosen", async || (times("clicked 3") == 2).then_some(())).await;
    desktop.click(x, y, 1).await;
    eventually(LONG, "the click arrives", async || (times("activated at ") == 2).then_some(())).await;
}

#[tokio::test]
async fn tray_item_can_wait_for_a_panel_to_appear() {
    let desktop = Desktop::builder().panel(false).notifications(Notifications::None).start().await;
    let own = std::process::id();
    let (bus, _) = item::put(&desktop, "").await;
    assert!(Tray::find(&desktop, own).await.is_none() && Tray::registered(&desktop).await.is_empty());
    desktop.start_panel().await;
    item::register(&bus).await;
    Tray::wait_for(&desktop, own, LONG).await;
    desktop.stop_panel().await;
    assert!(Tray::find(&desktop, own).await.is_none());
    desktop.start_panel().await;
    item::register(&bus).await;
    Tray::wait_for(&desktop, own, LONG).await;
}

#[tokio::test]
#[should_panic(expected = "a person cannot choose")]
async fn menu_entry_disabled_cannot_be_clicked() {
    let desktop = Desktop::builder().notifications(Notifications::None).start().await;
    let (bus, _) = item::put(&desktop, "").await;
    item::register(&bus).await;
    Tray::wait_for(&desktop, std::process::id(), LONG).await.click("5-hour").await;
}
