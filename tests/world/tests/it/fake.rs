use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use holdoff_world::answer::http_date;
use holdoff_world::fake::gaps;
use holdoff_world::{Answer, ClockSpec, FakeAnthropic, Foreign};
use serde_json::Value;

use crate::client;

const TOKEN: &str = "sk-ant-oat01-abcdefghijklmnopqrstuvwxyz";

async fn ask(fake: &FakeAnthropic) -> client::Reply {
    client::usage(&fake.api_base(), TOKEN).await
}

#[tokio::test]
async fn default_response_has_resets_in_the_future_of_the_program_clock() {
    let clock = ClockSpec::from_now(100_000.0);
    let fake = FakeAnthropic::start_with(clock).await;
    let mut seen = Vec::new();
    for _ in 0..20 {
        let asked = clock.now();
        let body = ask(&fake).await.json();
        assert_eq!(body["five_hour"]["utilization"], 42.0);
        assert_eq!(body["seven_day"]["utilization"], 26.0);
        assert_eq!(body["limits"][2]["scope"]["model"]["display_name"], "Fable");
        assert_eq!(body["limits"][2]["percent"], 82);
        let reset: jiff::Timestamp = body["five_hour"]["resets_at"].as_str().unwrap().parse().unwrap();
        let reset = SystemTime::from(reset);
        assert!(reset > asked, "{reset:?} is not after {asked:?}");
        seen.push(reset);
    }
    let step = |pair: &[SystemTime]| pair[1].duration_since(pair[0]).unwrap().as_secs() % (5 * 3600);
    assert!(seen.windows(2).all(|pair| step(pair) == 0), "a window moves by whole windows only: {seen:?}");
}

#[tokio::test]
async fn queued_responses_are_served_once_in_order_then_the_default() {
    let fake = FakeAnthropic::start().await;
    fake.always(Answer::status(503));
    fake.then(Answer::rate_limited(Some("1487")));
    fake.then(Answer::unauthorized());
    let statuses = [ask(&fake).await.status, ask(&fake).await.status, ask(&fake).await.status, ask(&fake).await.status];
    assert_eq!(statuses, [429, 401, 503, 503]);
    assert_eq!(fake.queued(), 0);
}

#[tokio::test]
async fn responses_match_their_names() {
    let fake = FakeAnthropic::start().await;
    let reply = async |answer: Answer| {
        fake.then(answer);
        ask(&fake).await
    };
    let limited = reply(Answer::rate_limited(Some("3600"))).await;
    assert_eq!((limited.status, limited.head.contains("\r\nretry-after: 3600")), (429, true));
    assert_eq!(limited.json()["error"]["type"], "rate_limit_error");
    assert!(!reply(Answer::rate_limited(None)).await.head.contains("retry-after"));
    let in_disguise = reply(Answer::rate_limited_as_200()).await;
    assert_eq!((in_disguise.status, &in_disguise.json()["error"]["type"]), (200, &Value::from("rate_limit_error")));
    assert_eq!(reply(Answer::unauthorized()).await.status, 401);
    let scope = reply(Answer::missing_scope("user:profile")).await;
    assert!(scope.status == 403 && scope.json()["error"]["message"].as_str().unwrap().ends_with("user:profile"));
    assert_eq!(reply(Answer::overloaded()).await.status, 529);
    assert!(reply(Answer::html(502)).await.body.starts_with(b"<!doctype html>"));
    assert!(reply(Answer::empty()).await.body.is_empty());
    assert!(reply(Answer::older_body()).await.json().get("limits").is_none());
    assert_eq!(reply(Answer::ok_at(7.5, 1.0, 2)).await.json()["five_hour"]["utilization"], 7.5);
    let huge = reply(Answer::huge(3 << 20)).await;
    assert!(huge.body.len() > 3 << 20 && !huge.head.contains("content-length"));
    assert!(reply(Answer::huge_declared(3 << 20)).await.head.contains("content-length: 31457"));
    assert_eq!(reply(Answer::deep(5000)).await.body.iter().filter(|byte| **byte == b'[').count(), 5000);
    assert!(serde_json::from_slice::<Value>(&reply(Answer::nan()).await.body).is_err());
    assert!(String::from_utf8(reply(Answer::beyond_numbers()).await.body).unwrap().contains("1e400"));
    let echo = reply(Answer::echo_token(418)).await;
    assert!(echo.status == 418 && String::from_utf8(echo.body).unwrap().contains(TOKEN));
    assert!(reply(Answer::raw(204, &[("x-own", "yes")], "")).await.head.contains("x-own: yes"));
}

#[tokio::test]
async fn connection_faults_match_their_names() {
    let fake = FakeAnthropic::start().await;
    let brief = Duration::from_millis(300);
    let reply = async |answer: Answer, patience: Duration| {
        fake.then(answer);
        client::ask(&fake.api_base(), "GET", "/api/oauth/usage", "", "", patience).await
    };
    let hangs = reply(Answer::hang(), brief).await;
    assert_eq!((hangs.status, hangs.error), (0, Some(ErrorKind::TimedOut)));
    let trickles = reply(Answer::trickle(Duration::from_millis(20)), brief).await;
    assert_eq!((trickles.status, trickles.error), (200, Some(ErrorKind::TimedOut)));
    assert!((2..40).contains(&trickles.body.len()), "{} bytes", trickles.body.len());
    let slow_head = reply(Answer::trickle_headers(Duration::from_millis(20)), brief).await;
    assert!(slow_head.head.contains("x-slow: aa") && slow_head.body.is_empty());
    let long = Duration::from_secs(10);
    assert_eq!(reply(Answer::reset(), long).await.error, Some(ErrorKind::ConnectionReset));
    let hung_up = reply(Answer::hang_up(), long).await;
    assert_eq!((hung_up.status, hung_up.error), (0, None));
    let started = std::time::Instant::now();
    assert_eq!(reply(Answer::status(500).after(brief), long).await.status, 500);
    assert!(started.elapsed() >= brief);
}

#[tokio::test]
async fn requests_are_recorded_in_full_and_strays_listed_apart() {
    let fake = FakeAnthropic::start().await;
    fake.token_then(Answer::renewed("sk-ant-oat01-NEW", Some("sk-ant-ort01-NEW")));
    ask(&fake).await;
    let grant = r#"{"grant_type":"refresh_token"}"#;
    let long = Duration::from_secs(10);
    let json = "Content-Type: application/json\r\n";
    let renewed = client::ask(&fake.token_base(), "POST", "/v1/oauth/token", json, grant, long).await;
    assert_eq!(renewed.json()["refresh_token"], "sk-ant-ort01-NEW");
    let refused = client::ask(&fake.token_base(), "POST", "/v1/oauth/token", json, grant, long).await;
    assert_eq!((refused.status, refused.json()["error"].clone()), (400, Value::from("invalid_grant")));
    // The token endpoint lives on its own address.
    assert_eq!(client::ask(&fake.api_base(), "POST", "/v1/oauth/token", json, grant, long).await.status, 404);

    let usage = fake.usage_requests();
    assert_eq!(usage.len(), 1);
    assert_eq!((usage[0].bearer(), usage[0].user_agent.as_deref()), (Some(TOKEN), Some("holdoff/0.1.0")));
    assert!(usage[0].at_real.elapsed().unwrap() < Duration::from_secs(60));
    assert_eq!(fake.token_requests().len(), 2);
    assert_eq!(fake.token_requests()[0].json()["grant_type"], "refresh_token");
    assert_eq!(fake.stray_requests().len(), 1);
    assert_eq!(fake.requests().len(), 4);
}

#[tokio::test]
async fn connection_is_reused_for_several_requests() {
    let fake = FakeAnthropic::start().await;
    let mut stream = client::connect(&fake.api_base()).await;
    for _ in 0..3 {
        client::send(&mut stream, "GET", "/api/oauth/usage", "", "").await;
        assert_eq!(client::read(&mut stream, Duration::from_secs(10)).await.status, 200);
    }
    assert_eq!(fake.usage_requests().len(), 3);
}

#[tokio::test]
async fn wait_for_usage_returns_on_the_expected_request() {
    let fake = FakeAnthropic::start().await;
    let base = fake.api_base();
    let later = tokio::spawn(async move {
        for _ in 0..2 {
            client::usage(&base, TOKEN).await;
        }
    });
    assert_eq!(fake.wait_for_usage(2, Duration::from_secs(10)).await.len(), 2);
    later.await.unwrap();
}

#[tokio::test]
#[should_panic(expected = "for 1 requests to the Usage endpoint")]
async fn wait_for_usage_timeout_names_what_was_expected() {
    let fake = FakeAnthropic::start().await;
    client::ask(&fake.api_base(), "GET", "/elsewhere", "", "", Duration::from_secs(10)).await;
    fake.wait_for_usage(1, Duration::from_millis(50)).await;
}

#[tokio::test]
async fn gaps_are_in_program_time() {
    let clock = ClockSpec::from_now(1000.0);
    let fake = FakeAnthropic::start_with(clock).await;
    ask(&fake).await;
    fake.then(Answer::ok());
    tokio::time::sleep(Duration::from_millis(30)).await;
    ask(&fake).await;
    let gaps = gaps(&fake.usage_requests(), clock);
    assert!(gaps.len() == 1 && gaps[0] >= Duration::from_secs(30), "{gaps:?}");
}

#[tokio::test]
async fn foreign_host_records_redirected_requests() {
    let (fake, foreign) = (FakeAnthropic::start().await, Foreign::start().await);
    fake.then(Answer::redirect(&foreign.url()));
    let reply = ask(&fake).await;
    assert_eq!(reply.status, 307);
    let location = reply.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
    assert!(location.starts_with("http://127.0.0.2:"), "{location}");
    assert!(!foreign.was_asked());
    client::usage(location.trim_end_matches("/api/oauth/usage"), TOKEN).await;
    assert!(foreign.was_asked());
    assert_eq!(foreign.requests()[0].bearer(), Some(TOKEN));
}

#[tokio::test]
async fn response_can_depend_on_the_token() {
    let fake = FakeAnthropic::start().await;
    fake.always(Answer::decide(|request| match request.bearer() {
        Some(TOKEN) => Answer::ok(),
        _ => Answer::unauthorized(),
    }));
    assert_eq!(ask(&fake).await.status, 200);
    assert_eq!(client::usage(&fake.api_base(), "sk-ant-oat01-other").await.status, 401);
}

#[test]
fn http_date_follows_rfc_9110() {
    let time = std::time::UNIX_EPOCH + Duration::from_secs(784_111_777);
    assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
}
