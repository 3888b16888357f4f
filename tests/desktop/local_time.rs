//! Local time, consistent wherever it is shown.

use crate::scene::{SOON, Scene};
use holdoff_world::Browser;

/// A time zone in which it is daytime now, so that no time falls on the next day.
fn zone_by_day() -> &'static str {
    let zones = ["Asia/Kolkata", "America/St_Johns", "Pacific/Chatham"];
    let hour = |zone: &str| {
        let date = std::process::Command::new("date").env("TZ", zone).arg("+%H").output().unwrap();
        String::from_utf8(date.stdout).unwrap().trim().parse::<u32>().unwrap()
    };
    zones.into_iter().find(|zone| (6..18).contains(&hour(zone))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn local_time_uses_the_users_zone_and_clock_format_everywhere() {
    let scene = Scene::new(1.0).await;
    let launch = scene.launch.clone().env("TZ", zone_by_day()).env("LC_TIME", "en_US.UTF-8");
    let app = launch.clone().argument("--panel").start();
    let tray = scene.tray(&app).await;
    let tooltip = tray.wait_for_tooltip(SOON, |tooltip| tooltip.contains("5-hour 42 %, resets ")).await;
    let resets = tooltip.split_once("resets ").unwrap().1.split(" · ").next().unwrap();
    let account = launch.status().await["accounts"][0].clone();
    let at = account["reading"]["windows"][0]["resets_at"].as_str().unwrap();
    let date = std::process::Command::new("date")
        .env("TZ", zone_by_day())
        .args(["-d", &format!("{at} 30 seconds"), "+%-I:%M %p"])
        .output();
    assert_eq!(resets, String::from_utf8(date.unwrap().stdout).unwrap().trim());
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains(resets)).await;
    assert!(tray.labels().await.iter().any(|label| label.contains(resets)));
    let status = launch.cli(&["status"]).await.stdout;
    assert!(status.contains(resets), "{resets} in {status}");
}
