//! The request that spends a refresh token, over real HTTP on loopback: once per permit, and only to its own host.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use holdoff_core::account::Preferences;
use holdoff_core::credential::CredentialRead;
use holdoff_core::gate::policy::ASLEEP;
use holdoff_core::harness::{self, Harness};
use holdoff_core::state::Provider;
use holdoff_core::{AccountState, Body, Boot, HttpResponse as Answered, Moment, PermittedRequest, SendResult};
use holdoff_core::{Settings, Wall};
use holdoff_engine::http::network::Network;
use holdoff_engine::http::{Http, SendCancelled};
use holdoff_engine::platform::environment::Bases;
use holdoff_world::{Answer, FakeAnthropic, Foreign};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const REFRESH: &str = "sk-ant-ort01-spent-once";
const SHORT: Duration = Duration::from_millis(600);
const NOW: Moment = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000) };

/// The request of an account whose sign-in expires in a minute.
fn due() -> PermittedRequest {
    let preferences = Preferences { renewal: true, ..Preferences::from(&Settings::default()) };
    let ends = NOW.wall.plus(Duration::from_secs(60));
    let sign_in = CredentialRead::Found(harness::credential("sk-ant-oat01-A", Some(REFRESH), Some(ends)));
    let state = AccountState::new(Provider::Anthropic);
    Harness::of(state, sign_in, preferences, NOW, 1).next_request(NOW).unwrap()
}

async fn send(token_base: &str) -> SendResult {
    let base = token_base.parse().unwrap();
    // Nobody listens at the usage address: a request sent there would not arrive.
    let bases = Bases::new(Provider::Anthropic, "http://127.0.0.1:1".parse().unwrap(), base);
    let permitted = due();
    Http::with_timeout(&bases, SHORT, |_| Duration::ZERO).send(permitted).await
}

async fn send_while(
    token_base: &str,
    still: impl Future<Output = Result<(), SendCancelled>> + Send + Sync + 'static,
) -> SendResult {
    let bases = Bases::new(Provider::Anthropic, "http://127.0.0.1:1".parse().unwrap(), token_base.parse().unwrap());
    let permitted = due();
    Http::with_timeout(&bases, SHORT, |_| Duration::ZERO)
        .send_while(permitted, &Network::default(), Arc::new(AtomicBool::new(true)), Some(Box::pin(still)))
        .await
}

async fn answered(answer: Answer) -> Answered {
    let fake = FakeAnthropic::start().await;
    fake.token_always(answer);
    let delivery = send(&fake.token_base()).await;
    assert_eq!(fake.requests().len(), 1, "one permit, one request");
    match delivery {
        SendResult::Answered(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn text(answer: Answered) -> String {
    match answer.body {
        Body::Whole(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Body::Truncated(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn token_request_follows_rfc_6749_and_has_no_other_secret() {
    let fake = FakeAnthropic::start().await;
    fake.token_always(Answer::renewed("sk-ant-oat01-B", Some("sk-ant-ort01-B")));
    send(&fake.token_base()).await;
    let request = &fake.token_requests()[0];
    let expect = serde_json::json!({"grant_type": "refresh_token", "refresh_token": REFRESH,
        "client_id": "9d1c250a-e61b-44d9-88ed-5944d1962f5e"});
    assert_eq!(request.json(), expect);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/oauth/token"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(request.user_agent.as_deref().unwrap().starts_with("holdoff/"));
    assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    assert!(request.headers.iter().all(|(_, value)| !value.contains("sk-ant")), "{:?}", request.headers);
}

#[tokio::test]
async fn token_response_is_returned_unchanged() {
    let new = text(answered(Answer::renewed("sk-ant-oat01-B", Some("sk-ant-ort01-B"))).await);
    assert!(new.contains("sk-ant-oat01-B") && new.contains("sk-ant-ort01-B"));
    assert!(!text(answered(Answer::renewed("sk-ant-oat01-B", None)).await).contains("refresh_token\""));
    let same = text(answered(Answer::renewed("sk-ant-oat01-B", Some(REFRESH))).await);
    assert!(same.contains(REFRESH), "a refresh token that stays is given back, and must be whole");
    let refused = answered(Answer::invalid_grant()).await;
    assert_eq!((refused.status, text(refused).contains("invalid_grant")), (400, true));
    for status in [401, 403, 404, 500, 502, 503, 529] {
        assert_eq!(answered(Answer::status(status)).await.status, status);
    }
    let limited = answered(Answer::rate_limited(Some("3600"))).await;
    assert_eq!((limited.status, limited.retry_after.as_deref()), (429, Some("3600")));
}

#[tokio::test]
async fn token_request_redirect_is_not_followed() {
    let foreign = Foreign::start().await;
    for status in [301, 302, 303, 307, 308] {
        assert_eq!(answered(Answer::redirect_with(status, &foreign.url())).await.status, status);
    }
    assert!(!foreign.was_asked());
}

/// A truncated response is a response: the token is spent, and nothing else is known.
#[tokio::test]
async fn token_response_truncated_is_not_a_lost_request() {
    for torn in [Answer::reset(), Answer::trickle(Duration::from_millis(50))] {
        assert!(matches!(answered(torn).await.body, Body::Truncated(_)));
    }
}

#[tokio::test]
async fn token_request_not_sent_is_distinguished_from_lost() {
    let fake = FakeAnthropic::start().await;
    let lost = [Answer::hang(), Answer::hang_up(), Answer::ok().after(Duration::from_secs(30))];
    for (sent, answer) in lost.into_iter().enumerate() {
        fake.token_always(answer);
        let delivery = send(&fake.token_base()).await;
        assert!(matches!(delivery, SendResult::Lost(_)), "{delivery:?}");
        assert_eq!(fake.requests().len(), sent + 1, "nothing is sent a second time");
    }
    // A port that was just free: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let delivery = send(&format!("http://127.0.0.1:{port}")).await;
    assert!(matches!(&delivery, SendResult::NotSent(why) if why.contains("refused")), "{delivery:?}");
    assert!(!format!("{delivery:?}").contains("sk-ant"));
}

/// The conditions are checked once there is a connection, not before: connecting takes time.
#[tokio::test]
async fn token_request_refused_after_connecting_is_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (tell, connected) = tokio::sync::oneshot::channel();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        tell.send(()).unwrap();
        let mut read = Vec::new();
        // Until the other end closes it.
        let _reset = std::io::Read::read_to_end(&mut connection, &mut read);
        String::from_utf8(read).unwrap()
    });
    let delivery = send_while(&base, async move {
        connected.await.unwrap();
        Err(SendCancelled::LocksLost)
    })
    .await;
    let read = server.join().unwrap();
    assert!(!read.contains("sk-ant") && !read.contains("grant_type"), "{read}");
    assert!(matches!(&delivery, SendResult::NotSent(why) if why.contains("locks")), "{delivery:?}");

    let fake = FakeAnthropic::start().await;
    fake.token_always(Answer::renewed("sk-ant-oat01-B", None));
    let send_while = async |still| send_while(&fake.token_base(), async move { still }).await;
    assert!(matches!(send_while(Ok(())).await, SendResult::Answered(_)));
    assert!(matches!(send_while(Err(SendCancelled::LocksLost)).await, SendResult::NotSent(_)));
    // The request is no longer wanted.
    assert!(matches!(send_while(Err(SendCancelled::PermitExpired)).await, SendResult::PermitExpired));
    assert_eq!(fake.requests().len(), 1);
}

/// A client that never gets to send anything has spent nothing, however long it took.
#[tokio::test]
async fn token_request_timed_out_before_sending_spends_nothing() {
    let fake = FakeAnthropic::start().await;
    let delivery = send_while(&fake.token_base(), std::future::pending()).await;
    assert!(matches!(&delivery, SendResult::NotSent(why) if why.contains("timed out")), "{delivery:?}");
    assert!(fake.requests().is_empty());
}

/// The same checks as for any request, and one more just before the token is sent.
#[tokio::test]
async fn token_request_with_an_expired_permit_spends_nothing() {
    let fake = FakeAnthropic::start().await;
    fake.token_always(Answer::renewed("sk-ant-oat01-B", None));
    let bases =
        Bases::new(Provider::Anthropic, "http://127.0.0.1:1".parse().unwrap(), fake.token_base().parse().unwrap());
    let send_asleep_from_look = async |slept: usize| {
        let looks = AtomicUsize::new(0);
        let since = move |_| if looks.fetch_add(1, Ordering::SeqCst) < slept { Duration::ZERO } else { 2 * ASLEEP };
        let permitted = due();
        Http::with_timeout(&bases, SHORT, since).send(permitted).await
    };
    for slept in [0, 1, 2] {
        let delivery = send_asleep_from_look(slept).await;
        assert!(matches!(delivery, SendResult::PermitExpired), "{slept}: {delivery:?}");
    }
    assert!(fake.requests().iter().all(|request| !String::from_utf8_lossy(&request.body).contains("sk-ant")));
    assert!(matches!(send_asleep_from_look(3).await, SendResult::Answered(_)), "there are three looks");
}
