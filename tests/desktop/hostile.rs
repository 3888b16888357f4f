//! Responses that no server should send.

use crate::scene::{SOON, Scene, minutes};
use holdoff_world::{Answer, Foreign};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_responses_do_not_crash_or_clear_the_last_reading() {
    let scene = Scene::new(300.0).await;
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
        Answer::redirect(&foreign.url()),
        Answer::reset(),
        Answer::hang_up(),
    ];
    for (n, answer) in hostile.into_iter().enumerate() {
        let asked = scene.fake.usage_requests().len();
        scene.fake.then(answer);
        // The failure, and a success after it, so that the next request comes soon.
        let outcomes = scene.wait_for_outcomes(asked + 2).await;
        let failed = outcomes.iter().filter(|outcome| *outcome != "reading").count();
        assert_eq!(failed, n + 1, "answer {n} was taken for a reading, or asked for twice: {outcomes:?}");
        let account = scene.launch.status().await["accounts"][0].clone();
        assert_eq!(account["reading"]["windows"][1]["used_percent"], 26.0, "answer {n}: {account}");
        assert!(app.is_running());
    }
    assert!(scene.ledger().iter().all(|line| line["event"]["came"]["outcome"] != "rate_limited"));
    assert!(!foreign.was_asked(), "a token follows no redirect");
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_error_in_a_200_response_counts_as_429() {
    let scene = Scene::new(1.0).await;
    scene.fake.always(Answer::rate_limited_as_200());
    let _app = scene.start();
    let account =
        scene.wait_for_account("a shut gate", |account| account["gates"]["usage"]["cause"] == "rate_limited").await;
    assert_eq!(account["gates"]["usage"]["strikes"], 1);
}

/// Network timeouts are in real time, whatever the program's clock does.
#[tokio::test(flavor = "multi_thread")]
async fn response_body_that_trickles_times_out() {
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
