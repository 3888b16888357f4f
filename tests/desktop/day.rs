//! A day of unbroken 429.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::{Answer, eventually};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn permanent_429_for_a_day_causes_few_requests_and_one_notification() {
    let scene = Scene::new(1440.0).await;
    scene.fake.always(Answer::rate_limited(None));
    let began = scene.fake.clock().now();
    let app = scene.start();
    let day = Duration::from_secs(24 * 3600);
    eventually(scene.real(day) + SOON, "a day goes by", async || {
        (scene.fake.clock().now() >= began + day).then_some(())
    })
    .await;
    let requests = scene.fake.usage_requests();
    let gaps = holdoff_world::fake::gaps(&requests, scene.fake.clock());
    println!("a day of 429: {} usage requests, {} token requests", requests.len(), scene.fake.token_requests().len());
    assert!((15..=28).contains(&requests.len()), "{} requests", requests.len());
    assert!(gaps.iter().all(|gap| *gap >= minutes(5)), "{gaps:?}");
    assert!(scene.fake.token_requests().is_empty());
    assert_eq!(scene.desktop.recorder().all().len(), 1);
    assert!(app.is_running());
}
