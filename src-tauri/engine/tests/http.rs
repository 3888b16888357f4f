//! The HTTP layer against real servers on loopback. Only an account that is due can provide a permit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use holdoff_core::account::Preferences;
use holdoff_core::credential::CredentialRead;
use holdoff_core::gate::policy::ASLEEP;
use holdoff_core::harness::{self, Harness};
use holdoff_core::state::Provider;
use holdoff_core::{AccountState, Body, Boot, Moment, PermittedRequest, SendResult, Settings, Wall};
use holdoff_engine::http::network::Network;
use holdoff_engine::http::{BODY_MAX, Http};
use holdoff_engine::platform::environment::Bases;
use holdoff_world::fake::Welcome;
use holdoff_world::{Answer, FakeAnthropic, Foreign};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const TOKEN: &str = "sk-ant-oat01-only-for-anthropic";
const SHORT: Duration = Duration::from_millis(600);

/// The request of an account that is due.
fn due() -> PermittedRequest {
    let now = Moment { wall: Wall(1_789_387_200_000), boot: Boot(1_000) };
    let state = AccountState::new(Provider::Anthropic);
    let sign_in = CredentialRead::Found(harness::credential(TOKEN, None, None));
    Harness::of(state, sign_in, Preferences::from(&Settings::default()), now, 1).next_request(now).unwrap()
}

async fn send(fake: &FakeAnthropic) -> SendResult {
    let bases = Bases::new(Provider::Anthropic, fake.api_base().parse().unwrap(), fake.token_base().parse().unwrap());
    let permitted = due();
    Http::with_timeout(&bases, SHORT, |_| Duration::ZERO).send(permitted).await
}

async fn answered(answer: Answer) -> holdoff_core::HttpResponse {
    let fake = FakeAnthropic::start().await;
    fake.always(answer);
    let delivery = send(&fake).await;
    assert_eq!(fake.requests().len(), 1, "one permit, one request");
    match delivery {
        SendResult::Answered(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn broken(answer: &holdoff_core::HttpResponse) -> bool {
    matches!(answer.body, Body::Truncated(_))
}

#[tokio::test]
async fn response_is_returned_whole() {
    let answer = answered(Answer::raw(200, &[("retry-after", "7")], "{}")).await;
    assert_eq!((answer.status, answer.retry_after.as_deref()), (200, Some("7")));
    assert!(matches!(answer.body, Body::Whole(bytes) if *bytes == b"{}"));
}

/// Law 16: the account is turned off during the connection attempt.
#[tokio::test]
async fn request_cancelled_while_connecting_is_not_sent() {
    let fake = FakeAnthropic::start().await;
    let bases = Bases::new(Provider::Anthropic, fake.api_base().parse().unwrap(), fake.token_base().parse().unwrap());
    let wanted = Arc::new(AtomicBool::new(true));
    let permitted = due();
    // The time is checked before anything is done, and once there is a connection.
    let looks = AtomicUsize::new(0);
    let turned_off = Arc::clone(&wanted);
    let since = move |_| {
        turned_off.store(looks.fetch_add(1, Ordering::SeqCst) == 0, Ordering::SeqCst);
        Duration::ZERO
    };
    let http = Http::with_timeout(&bases, SHORT, since);
    let delivery = http.send_while(permitted, &Network::default(), Arc::clone(&wanted), None).await;
    assert!(matches!(delivery, SendResult::PermitExpired), "{delivery:?}");
    fake.wait_for_connections(1, Duration::from_secs(10)).await;
    assert!(fake.requests().is_empty());
    let permitted = due();
    let delivery = http.send_while(permitted, &Network::default(), wanted, None).await;
    assert!(matches!(delivery, SendResult::PermitExpired), "{delivery:?}");
    assert_eq!(fake.connections().len(), 1, "and is not even connected for");
}

#[tokio::test]
async fn response_request_id_header_is_detected() {
    assert!(answered(Answer::rate_limited(Some("0"))).await.request_id);
    assert!(!answered(Answer::refused_at_edge(Some("0"))).await.request_id);
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let foreign = Foreign::start().await;
    for status in [301, 302, 303, 307, 308] {
        assert_eq!(answered(Answer::redirect_with(status, &foreign.url())).await.status, status);
    }
    assert!(!foreign.was_asked());
}

#[tokio::test]
async fn response_body_size_is_limited() {
    assert!(!broken(&answered(Answer::raw(200, &[], vec![b'x'; BODY_MAX])).await));
    assert!(broken(&answered(Answer::raw(200, &[], vec![b'x'; BODY_MAX + 1])).await));
    assert!(broken(&answered(Answer::huge_declared(3 * 1024 * 1024)).await));
}

#[tokio::test]
async fn response_trickling_times_out_and_keeps_its_status() {
    let answer = answered(Answer::trickle(Duration::from_millis(50))).await;
    assert!(broken(&answer), "{answer:?}");
}

#[tokio::test]
async fn response_body_echoing_the_token_is_redacted() {
    let answer = answered(Answer::echo_token(403)).await;
    let Body::Whole(bytes) = answer.body else { panic!("{:?}", answer.body) };
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains(TOKEN) && text.contains("(withheld)"), "{text}");
}

#[tokio::test]
async fn response_header_echoing_the_token_is_redacted() {
    let headers = [("retry-after", TOKEN), ("date", TOKEN)];
    let answer = answered(Answer::raw(429, &headers, "{}")).await;
    assert_eq!([answer.retry_after.as_deref(), answer.date.as_deref()], [Some("(withheld)"); 2]);
}

#[tokio::test]
async fn request_not_sent_is_distinguished_from_lost() {
    let fake = FakeAnthropic::start().await;
    let trickle = Answer::trickle_headers(Duration::from_millis(50));
    for answer in [Answer::hang(), Answer::hang_up(), trickle, Answer::interim()] {
        fake.always(answer);
        let delivery = send(&fake).await;
        assert!(matches!(delivery, SendResult::Lost(_)), "{delivery:?}");
    }
    let asked = fake.requests().len();
    assert_eq!(asked, 4, "nothing is sent a second time");

    // A port that was just free: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");
    let bases = Bases::new(Provider::Anthropic, base.parse().unwrap(), base.parse().unwrap());
    let permitted = due();
    let delivery = Http::new(&bases, |_| Duration::ZERO).send(permitted).await;
    assert!(matches!(&delivery, SendResult::NotSent(why) if why.contains("refused")), "{delivery:?}");
}

#[tokio::test]
async fn server_that_does_not_speak_http_is_reported() {
    let fake = FakeAnthropic::start().await;
    let answer = || Answer::bytes(*b"220 mail.example ESMTP Postfix\r\n");
    let greeting = || Welcome::Says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".to_vec());
    for (welcome, answer) in [(greeting(), Answer::ok()), (Welcome::Listens, answer())] {
        fake.welcome(welcome);
        fake.always(answer);
        let delivery = send(&fake).await;
        let (SendResult::NotSent(why) | SendResult::Lost(why)) = delivery else { panic!("{delivery:?}") };
        assert_eq!(why, "the server does not speak HTTP");
    }
}

/// `.invalid` never resolves (RFC 2606).
#[tokio::test]
async fn dns_failure_is_reported() {
    let base: reqwest::Url = "https://holdoff.invalid/".parse().unwrap();
    let permitted = due();
    let delivery =
        Http::new(&Bases::new(Provider::Anthropic, base.clone(), base), |_| Duration::ZERO).send(permitted).await;
    let SendResult::NotSent(why) = delivery else { panic!("{delivery:?}") };
    assert_eq!(why, "DNS lookup failed");
}

#[tokio::test]
async fn tls_handshake_failure_sends_no_token() {
    let fake = FakeAnthropic::start().await;
    // Plain HTTP where TLS is expected: the handshake fails before the request is sent.
    let base = fake.api_base().replace("http://", "https://");
    let bases = Bases::new(Provider::Anthropic, base.parse().unwrap(), base.parse().unwrap());
    let permitted = due();
    let delivery = Http::new(&bases, |_| Duration::ZERO).send(permitted).await;
    assert!(matches!(delivery, SendResult::NotSent(_)), "{delivery:?}");
    assert!(fake.requests().is_empty());
}

#[cfg(target_os = "linux")]
const CERTIFICATES: &str = "SSL_CERT_FILE";
#[cfg(target_os = "linux")]
const COMPUTERS_OWN: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An update replaces the certificate file, and a request may come while it is missing.
#[cfg(target_os = "linux")]
#[test]
fn ca_certificates_missing_briefly_are_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "without_certificates_at_first", "--ignored", "--nocapture"])
        .env(CERTIFICATES, folder.path().join("certificates.pem"))
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "needs an environment of its own"]
async fn without_certificates_at_first() {
    let certificates = std::path::PathBuf::from(std::env::var_os(CERTIFICATES).unwrap());
    // Nobody listens there.
    let base: reqwest::Url = "https://127.0.0.1:9/".parse().unwrap();
    let http = Http::with_timeout(&Bases::new(Provider::Anthropic, base.clone(), base), SHORT, |_| Duration::ZERO);
    let ask = async || {
        let permitted = due();
        match http.send(permitted).await {
            SendResult::NotSent(why) => why,
            other => panic!("{other:?}"),
        }
    };
    let missing = "could not set up TLS: this computer has no trusted certificates";
    assert_eq!(ask().await, missing);
    std::fs::copy(COMPUTERS_OWN, certificates).unwrap();
    assert_eq!(ask().await, "the connection was refused");
}

/// Law 12: the machine sleeps between the permit and its request, before any work or during the connection attempt.
#[tokio::test]
async fn permit_expired_by_suspend_sends_nothing() {
    let fake = FakeAnthropic::start().await;
    let bases = Bases::new(Provider::Anthropic, fake.api_base().parse().unwrap(), fake.token_base().parse().unwrap());
    let send_asleep_from_look = async |slept: usize| {
        let looks = AtomicUsize::new(0);
        let since = move |_| if looks.fetch_add(1, Ordering::SeqCst) < slept { Duration::ZERO } else { 2 * ASLEEP };
        let permitted = due();
        Http::with_timeout(&bases, SHORT, since).send(permitted).await
    };
    for slept in [0, 1] {
        let delivery = send_asleep_from_look(slept).await;
        assert!(matches!(delivery, SendResult::PermitExpired), "{slept}: {delivery:?}");
    }
    assert!(fake.requests().is_empty());
    assert!(matches!(send_asleep_from_look(2).await, SendResult::Answered(_)), "there are two looks");
    assert_eq!(fake.requests().len(), 1);
}
