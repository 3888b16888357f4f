//! Misbehaving servers and missing networks. None of them is a refusal: no strike, no notification, a doubling wait
//! (law 10), a message that says what happened, and recovery without help.

use super::{Watched, scene};
use crate::scene::{SOON, Scene, gate, minutes};
use holdoff_world::fake::Welcome;
use holdoff_world::tls::{Certificate, TlsFront};
use holdoff_world::{Answer, Apart, App, Credential};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Law 10: the wait after each consecutive network failure.
const BACKOFF_S: [f64; 5] = [30.0, 60.0, 120.0, 240.0, 480.0];

/// How a failure appears from outside, once it has occurred.
async fn failed(scene: &Scene, words: &str) -> Value {
    // The next try may begin at any moment, so this reads until the message is of the current one.
    let account = scene
        .wait_for_account(words, |account| {
            let outcome = account["last_request"]["outcome"].as_str().unwrap_or_default();
            account["gates"]["usage"]["cause"] == "network"
                && gate(account) == "cooling_down"
                && outcome.contains(words)
        })
        .await;
    assert_eq!(account["gates"]["usage"]["strikes"], 0, "{account}");
    assert_eq!(account["sign_in"]["state"], "ok", "{account}");
    holdoff_world::eventually(SOON, format!("status says: {words}"), async || {
        let plain = scene.launch.cli(&["status"]).await.stdout;
        let said =
            plain.contains("Could not reach Anthropic: ") && plain.contains(words) && plain.contains("Next check at ");
        said.then_some(())
    })
    .await;
    account
}

/// A failure according to the ledger.
#[derive(Debug)]
pub(super) struct Failure {
    /// The request may have been sent: then the minimum spacing applies.
    left: bool,
    /// From the failure to the earliest next request, in seconds of program time.
    pub(super) wait: f64,
}

pub(super) fn failures(scene: &Scene) -> Vec<Failure> {
    let failure = |line: Value| {
        let left = match line["event"]["came"]["outcome"].as_str()? {
            "unreachable" => false,
            "ambiguous" => true,
            _ => return None,
        };
        Some(Failure { left, wait: (line["next_at"].as_f64()? - line["at"].as_f64()?) / 1000.0 })
    };
    scene.ledger().into_iter().filter_map(failure).collect()
}

/// Waits for this many failures, and checks the waits after them, and the intervals between the attempts if the server
/// saw them, against law 10.
async fn backs_off(scene: &Scene, app: &App, attempts: impl Fn() -> Vec<SystemTime>, count: usize) {
    let watched = Watched::new(app);
    let (attempts, all) = holdoff_world::eventually(SOON * 2, format!("{count} failures"), async || {
        let before = attempts();
        Some((before, failures(scene))).filter(|(_, all)| all.len() >= count)
    })
    .await;
    watched.was_idle(app, "with a network that is not there");
    for (n, (failure, backoff)) in all.iter().zip(BACKOFF_S).enumerate() {
        let least = if failure.left { backoff.max(180.0) } else { backoff };
        let most = (backoff * 1.1).max(least) + 0.1;
        assert!((least..=most).contains(&failure.wait), "failure {n} of {all:?}");
        if let (Some(this), Some(next)) = (attempts.get(n), attempts.get(n + 1)) {
            let between = scene.fake.clock().program_length(next.duration_since(*this).unwrap()).as_secs_f64();
            assert!(between > failure.wait - 0.1, "asked {between} s after attempt {n} of {all:?}");
        }
    }
    assert!(attempts.len() <= all.len() + 1, "{} attempts for {} failures", attempts.len(), all.len());
    assert!(scene.desktop.recorder().all().is_empty(), "a network that is not there bothers nobody");
    assert!(app.is_running());
}

/// It recovers without any action by the user.
async fn recovers(scene: &Scene, app: &App) {
    let tray = scene.tray(app).await;
    tray.wait_for_tooltip(SOON * 2, |tooltip| tooltip.contains("5-hour 42 %") && !tooltip.contains("reached")).await;
    scene.wait_for_account("a reading", |account| account["reading"].is_object() && gate(account) == "open").await;
    assert!(scene.desktop.recorder().all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn server_resetting_every_connection_is_backed_off_until_it_recovers() {
    let scene = scene(120.0).await;
    scene.fake.welcome(Welcome::Reset);
    let app = scene.start();
    failed(&scene, "the connection was reset").await;
    backs_off(&scene, &app, || scene.fake.connections(), 5).await;
    assert!(scene.fake.requests().is_empty());
    scene.fake.welcome(Welcome::Listens);
    recovers(&scene, &app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_not_speaking_http_is_backed_off_until_it_recovers() {
    for (welcome, answer) in [
        (Welcome::Says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".to_vec()), Answer::ok()),
        (Welcome::Says(b"220 mail.example ESMTP Postfix\r\n".to_vec()), Answer::ok()),
        // An HTTP/2 frame as a response to HTTP/1.1.
        (Welcome::Listens, Answer::bytes(*b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0\0\x06\0\0\x40\0")),
        (Welcome::Listens, Answer::bytes((0..=255).cycle().take(70_000).collect::<Vec<u8>>())),
    ] {
        let scene = scene(120.0).await;
        scene.fake.welcome(welcome.clone());
        scene.fake.always(answer);
        let app = scene.start();
        failed(&scene, "does not speak HTTP").await;
        backs_off(&scene, &app, || scene.fake.connections(), 2).await;
        scene.fake.welcome(Welcome::Listens);
        scene.fake.always(Answer::ok());
        recovers(&scene, &app).await;
    }
}

/// In real time: network timeouts do not follow the program's clock.
#[tokio::test(flavor = "multi_thread")]
async fn server_silent_or_trickling_headers_times_out() {
    let silent = async {
        let scene = scene(1.0).await;
        scene.fake.welcome(Welcome::Silence);
        let app = scene.start();
        scene.fake.wait_for_connections(1, SOON).await;
        gives_up(&scene, &app).await;
    };
    let trickling = async {
        let scene = scene(1.0).await;
        scene.fake.always(Answer::trickle_headers(Duration::from_millis(300)));
        let app = scene.start();
        scene.fake.wait_for_usage(1, SOON).await;
        gives_up(&scene, &app).await;
    };
    tokio::join!(silent, trickling);
}

async fn gives_up(scene: &Scene, app: &App) {
    let watched = Watched::new(app);
    holdoff_world::eventually(minutes(1), "the request is given up", async || {
        (gate(&scene.launch.status().await["accounts"][0]) == "cooling_down").then_some(())
    })
    .await;
    watched.was_idle(app, "while nothing is answered");
    failed(scene, "timed out").await;
    // It may have arrived, so the minimum spacing between two requests applies.
    let all = failures(scene);
    assert!(all[0].left && (180.0..181.0).contains(&all[0].wait), "{all:?}");
    assert_eq!(scene.fake.connections().len(), 1);
    assert!(scene.desktop.recorder().all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_certificate_untrusted_receives_no_token() {
    let scene = scene(120.0).await;
    let front = TlsFront::start(&scene.fake, Certificate::SelfSigned).await;
    let authority = scene.home.path().join("authority.pem");
    front.write_authority(&authority);
    let launch = scene
        .launch
        .clone()
        .env("HOLDOFF_ANTHROPIC_API", front.base())
        .env("SSL_CERT_FILE", authority.display().to_string());
    let app = launch.start();
    failed(&scene, "its certificate is not trusted").await;
    backs_off(&scene, &app, || front.handshakes().into_iter().map(|(at, _)| at).collect(), 4).await;
    for certificate in [Certificate::OtherName, Certificate::Expired, Certificate::SelfSigned] {
        let before = front.handshakes().len();
        front.show(certificate);
        holdoff_world::eventually(SOON, format!("{certificate:?} is refused"), async || {
            (front.handshakes().len() > before).then_some(())
        })
        .await;
        assert!(front.handshakes().iter().all(|(_, completed)| !completed), "{certificate:?}");
        failed(&scene, "its certificate is not trusted").await;
    }
    assert!(scene.fake.connections().is_empty(), "not a byte of a request got through");
    front.show(Certificate::Trusted);
    recovers(&scene, &app).await;
}

/// `localhost` is an ordinary name if no file and no server resolves it.
#[tokio::test(flavor = "multi_thread")]
async fn dns_failure_is_backed_off_until_it_recovers() {
    let scene = scene(120.0).await;
    let names = Names::new(&scene).await;
    let launch = scene.launch.clone().within(&names.apart).env("HOLDOFF_ANTHROPIC_API", names.base(&scene));
    let app = launch.start();
    failed(&scene, "DNS lookup failed").await;
    backs_off(&scene, &app, Vec::new, 5).await;
    assert!(scene.fake.connections().is_empty());
    names.known(true);
    recovers(&scene, &app).await;
}

/// The names that a program inside can resolve.
pub(super) struct Names {
    pub(super) apart: Apart,
    hosts: std::path::PathBuf,
}

impl Names {
    pub(super) async fn new(scene: &Scene) -> Self {
        let file = |name: &str| scene.home.path().join(name);
        let (hosts, switch, resolver) = (file("hosts"), file("nsswitch.conf"), file("resolv.conf"));
        std::fs::write(&switch, "hosts: files\n").unwrap();
        std::fs::write(&resolver, "").unwrap();
        let names = Self { apart: Apart::new().await, hosts };
        names.known(false);
        for (source, place) in
            [(&names.hosts, "/etc/hosts"), (&switch, "/etc/nsswitch.conf"), (&resolver, "/etc/resolv.conf")]
        {
            names.apart.bind(source, place.as_ref()).await;
        }
        names
    }

    /// The fake's address by name instead of by number.
    pub(super) fn base(&self, scene: &Scene) -> String {
        scene.fake.api_base().replace("127.0.0.1", "localhost")
    }

    /// Sets whether the name resolves. The file is written in place: a replacement would not be visible inside.
    pub(super) fn known(&self, known: bool) {
        std::fs::write(&self.hosts, if known { "127.0.0.1 localhost\n" } else { "" }).unwrap();
    }
}

/// Anthropic's own address, in real time, on a computer without any network: no packet can leave.
#[tokio::test(flavor = "multi_thread")]
async fn network_missing_backs_off_with_the_production_address() {
    let scene = scene(1.0).await;
    let apart = Apart::without_network().await;
    let launch = ["HOLDOFF_ANTHROPIC_API", "HOLDOFF_ANTHROPIC_TOKEN", "HOLDOFF_CLOCK"]
        .iter()
        .fold(scene.launch.clone(), |launch, name| launch.without(name))
        .within(&apart);
    // State about the real address is stored in the real user's home, which must stay untouched.
    let folder = person_home().join(".local/share");
    std::fs::create_dir_all(&folder).unwrap();
    apart.mount_small(&folder, 512).await;
    scene.home.credentials(&Credential::fresh(SystemTime::now() + minutes(60)));
    let app = launch.start();
    let tray = scene.tray(&app).await;
    tray.wait_for_tooltip(SOON, |tooltip| {
        tooltip.contains("Could not reach Anthropic: DNS lookup failed. Next check at ")
    })
    .await;
    let watched = Watched::new(&app);
    let all = holdoff_world::eventually(minutes(1), "a second try", async || {
        Some(failures(&scene)).filter(|all| all.len() == 2)
    })
    .await;
    watched.was_idle(&app, "without any network");
    assert!((30.0..=33.1).contains(&all[0].wait) && (60.0..=66.1).contains(&all[1].wait), "{all:?}");
    assert!(scene.desktop.recorder().all().is_empty());
}

/// The home in the password database, whatever `HOME` says.
fn person_home() -> std::path::PathBuf {
    let said =
        std::process::Command::new("sh").args(["-c", "getent passwd \"$(id -u)\" | cut -d: -f6"]).output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().into()
}
