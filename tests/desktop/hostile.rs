//! Answers that no one should give.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::{Answer, Foreign};
use serde_json::Value;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_answers_neither_crash_nor_blank_the_last_reading() {
    let scene = Scene::new(150.0).await;
    let foreign = Foreign::start().await;
    let app = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    let hostile = [
        Answer::html(200),
        Answer::html(403),
        Answer::empty(),
        Answer::huge(3 * 1024 * 1024),
        Answer::huge_declared(3 * 1024 * 1024),
        Answer::deep(100_000),
        Answer::nan(),
        Answer::beyond_numbers(),
        Answer::redirect(&foreign.url()),
        Answer::reset(),
        Answer::hang_up(),
    ];
    for (n, answer) in hostile.into_iter().enumerate() {
        let asked = scene.fake.usage_requests().len();
        scene.fake.then(answer);
        scene.fake.wait_for_usage(asked + 1, SOON).await;
        let failed = |account: &Value| {
            let outcome = account["last_request"]["outcome"].as_str();
            outcome.is_some_and(|outcome| outcome != "reading") && account["gates"]["usage"]["state"] == "cooling_down"
        };
        let account = scene.wait_for_account(&format!("the outcome of answer {n}"), failed).await;
        let reading = &account["reading"];
        assert_eq!(reading["windows"][0]["used_percent"], 42.0, "answer {n}: {account}");
        assert!(reading["at"].as_str() < account["last_request"]["at"].as_str(), "answer {n}: {account}");
        assert!(app.is_running());
        // A success brings the next one soon.
        let good = |account: &Value| account["last_request"]["outcome"] == "reading";
        scene.wait_for_account("a new reading", good).await;
    }
    assert!(!foreign.was_asked(), "a token follows no redirect");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_body_under_200_is_a_429() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited_as_200());
    let _app = scene.start();
    let account =
        scene.wait_for_account("a shut gate", |account| account["gates"]["usage"]["cause"] == "rate_limited").await;
    assert_eq!(account["gates"]["usage"]["strikes"], 1);
}

/// Network timeouts are in real time, whatever the program's clock does.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_trickles_is_given_up() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::trickle(Duration::from_millis(500)));
    let app = scene.start();
    scene.fake.wait_for_usage(1, SOON).await;
    let account = holdoff_world::eventually(minutes(1), "the request is given up", async || {
        let account = scene.launch.status().await["accounts"][0].clone();
        (account["gates"]["usage"]["state"] == "cooling_down").then_some(account)
    })
    .await;
    assert_eq!(account["gates"]["usage"]["cause"], "unreadable_answer");
    assert!(app.is_running());
}
