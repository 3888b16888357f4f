//! The metrics as a collector reads them: a real socket and a real token file.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use holdoff_core::credential::CredentialPresence;
use holdoff_core::quota::{QuotaWindow, Reading, Source};
use holdoff_core::record::ledger::{LedgerEntry, LedgerEvent, OutcomeKind, Trigger, WithheldReason};
use holdoff_core::state::{Provider, State};
use holdoff_core::{AccountId, AccountState, Endpoint, Moment, Settings, Wall};
use holdoff_engine::metrics::{Config, Metrics, Requests, serve};
use holdoff_engine::platform::clock::Clock;
use holdoff_engine::storage::state_store::Snapshot;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::sync::watch;

const TOKEN: &str = "a-word-that-only-the-collector-knows";

struct Served {
    address: SocketAddr,
    requests: Requests,
    folder: tempfile::TempDir,
    _told: watch::Sender<Snapshot>,
    chosen: watch::Sender<Settings>,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
        std::fs::set_permissions(&token_file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let clock = Clock::real();
        let (told, snapshots) = watch::channel(Snapshot { state: known(clock.now()), trouble: None });
        let requests = Requests::default();
        let (choose, settings) = watch::channel(Settings::default());
        let metrics = Metrics { snapshots, requests: requests.clone(), clock, settings };
        let config = Config { listen: "127.0.0.1:0".parse().unwrap(), token_file };
        let (address, _task) = serve(config, metrics).await.unwrap();
        Self { address, requests, folder, _told: told, chosen: choose }
    }

    fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    async fn scrape(&self, change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> (u16, String) {
        let answer = change(client().get(self.url()).bearer_auth(TOKEN)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// One account: 42 % of its 5-hour window was used a minute ago, and the use of the weekly window is unknown.
fn known(now: Moment) -> State {
    let window = |id: &str, used_percent| QuotaWindow {
        id: id.into(),
        kind: holdoff_core::providers::anthropic::window_kind(id, None),
        label: id.into(),
        used_percent,
        resets_at: Some(now.wall.plus(Duration::from_secs(3600))),
        duration_s: None,
        binding: id == "five_hour",
        origin: None,
        locked: None,
    };
    let mut account = AccountState::new(Provider::Anthropic);
    account.sign_in.seen = Some(CredentialPresence::Absent(holdoff_core::credential::CredentialMissing::NoFile));
    account.sign_in.identity.email = Some("ann@example.com".into());
    let windows = vec![window("five_hour", Some(42.0)), window("seven_day", None)];
    account.reading = Some(Reading::new(Source::UsageEndpoint, Wall(now.wall.0 - 60_000), windows, vec![]));
    let id = AccountId("anthropic:ann".into());
    let mut state = State::new("boot".into());
    state.accounts.insert(id.clone(), account);
    state.active.push(id);
    state
}

fn entry(event: LedgerEvent) -> LedgerEntry {
    LedgerEntry { at: Wall(1), account: "anthropic:ann".into(), endpoint: Endpoint::Usage.into(), event, next_at: None }
}

/// The value of the only series with this prefix.
fn value(text: &str, series: &str) -> Option<f64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(series));
    let found = lines.next().map(|rest| rest.trim().parse().unwrap());
    assert!(lines.next().is_none(), "{series} is there twice:\n{text}");
    found
}

#[tokio::test]
async fn metrics_scrape_with_the_token_returns_all_series() {
    let served = Served::start().await;
    served.requests.count(&entry(LedgerEvent::Sent { why: Trigger::Poll }));
    served.requests.count(&entry(LedgerEvent::Completed { outcome: OutcomeKind::RateLimited, detail: None }));
    served.requests.count(&entry(LedgerEvent::Withheld {
        why: Trigger::Person,
        because: WithheldReason::Locked("by pid 7".into()),
    }));
    let (status, text) = served.scrape(|call| call).await;
    assert_eq!(status, 200, "{text}");
    let of = |name: &str, labels: &str| value(&text, &format!("holdoff_{name}{{account=\"anthropic:ann\",{labels}}}"));
    assert_eq!(of("window_used_ratio", "window=\"five_hour\""), Some(0.42));
    assert_eq!(of("window_used_ratio", "window=\"seven_day\""), None, "what is unknown is not zero");
    assert!(
        (60.0..70.0).contains(&of("window_age_seconds", "window=\"five_hour\",source=\"usage_endpoint\"").unwrap())
    );
    assert_eq!(of("window_binding", "window=\"five_hour\""), Some(1.0));
    assert_eq!(of("gate_state", "endpoint=\"usage\",state=\"open\""), Some(1.0));
    assert_eq!(of("gate_state", "endpoint=\"usage\",state=\"paused\""), Some(0.0));
    assert_eq!(of("sign_in_state", "state=\"absent\""), Some(1.0));
    assert_eq!(of("requests_total", "endpoint=\"usage\""), Some(1.0));
    assert_eq!(of("request_outcomes_total", "endpoint=\"usage\",outcome=\"rate_limited\""), Some(1.0));
    assert_eq!(of("requests_withheld_total", "endpoint=\"usage\",because=\"locked\""), Some(1.0));
    assert_eq!(value(&text, "holdoff_state_saved"), Some(1.0));
    assert!(text.ends_with("# EOF\n"), "OpenMetrics ends with its own mark");
    assert!(!text.contains(TOKEN));
}

#[tokio::test]
async fn metrics_scrape_without_the_token_is_refused() {
    let served = Served::start().await;
    for wrong in ["", "Bearer", "Bearer ", "Bearer a-word", &format!("Basic {TOKEN}"), TOKEN] {
        let answer = client().get(served.url()).header("authorization", wrong).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401, "{wrong}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    }
    assert_eq!(client().get(served.url()).send().await.unwrap().status().as_u16(), 401);
}

#[tokio::test]
async fn metrics_refuse_a_foreign_host_header() {
    let served = Served::start().await;
    let port = served.address.port();
    for host in [
        format!("evil.example:{port}"),
        "127.0.0.1".into(),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1:1".into(),
    ] {
        assert_eq!(served.scrape(|call| call.header("host", host.as_str())).await.0, 421, "{host}");
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}")] {
        assert_eq!(served.scrape(|call| call.header("host", host.as_str())).await.0, 200, "{host}");
    }
}

/// The user finds the reason in the log, once; clients are told nothing.
#[tokio::test]
async fn metrics_token_file_unusable_is_reported_only_in_the_log() {
    let log = Log::default();
    let _listening = tracing::subscriber::set_default(log.clone());
    let served = Served::start().await;
    let path = served.folder.path().join("token");
    let check = async |expect: &str| {
        log.0.lock().unwrap().clear();
        for _ in 0..4 {
            assert_eq!(served.scrape(|call| call).await, (503, String::new()));
            let answer = client().get(served.url()).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (503, String::new()));
        }
        let lines = log.0.lock().unwrap().clone();
        assert!(lines.len() == 1 && lines[0].contains(expect), "{lines:?}");
        assert!(lines[0].contains(path.to_str().unwrap()), "{lines:?}");
    };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    check("chmod").await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, " \n").unwrap();
    check("no token").await;
    // Anybody who can write the file could choose the token.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o602)).unwrap();
    check("chmod").await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "x".repeat(5000)).unwrap();
    check("larger than 4 KiB").await;
    std::fs::remove_file(&path).unwrap();
    check("there is no").await;
    log.0.lock().unwrap().clear();
    std::fs::write(&path, TOKEN).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    for _ in 0..3 {
        assert_eq!(served.scrape(|call| call).await.0, 200);
    }
    assert_eq!(*log.0.lock().unwrap(), ["metrics are served again"]);
}

/// A request without the token gets no information and writes no log line, whatever its path, method or name.
#[tokio::test]
async fn metrics_unauthorized_scrape_gets_no_detail_and_no_log_line() {
    let log = Log::default();
    let _listening = tracing::subscriber::set_default(log.clone());
    let served = Served::start().await;
    let root = format!("http://{}/", served.address);
    for _ in 0..5 {
        let asked = [
            client().get(served.url()).bearer_auth("wrong"),
            client().get(&root),
            client().post(served.url()).body("x"),
            client().get(served.url()).header("host", "evil.example:1"),
        ];
        for call in asked {
            let answer = call.send().await.unwrap();
            assert!(matches!(answer.status().as_u16(), 401 | 421), "{}", answer.status());
            assert_eq!(answer.text().await.unwrap(), "");
        }
    }
    assert_eq!(*log.0.lock().unwrap(), Vec::<String>::new());
}

/// Silent connections, and those that stop in the middle of a header, are dropped in favour of newer ones.
#[tokio::test]
async fn metrics_idle_connections_do_not_block_a_scrape() {
    use tokio::io::AsyncWriteExt;
    let served = Served::start().await;
    let mut held = Vec::new();
    for n in 0..200 {
        let mut stream = tokio::net::TcpStream::connect(served.address).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1").await.unwrap();
        }
        held.push(stream);
    }
    let began = std::time::Instant::now();
    let scraped = tokio::time::timeout(Duration::from_secs(3), served.scrape(|call| call)).await;
    assert_eq!(scraped.expect("a scrape").0, 200, "after {:?}", began.elapsed());
    drop(held);
}

/// A label is user input, and OpenMetrics has its own quoting.
#[tokio::test]
async fn metrics_label_values_are_escaped() {
    let served = Served::start().await;
    let settings = serde_json::json!({"accounts": {"anthropic:ann": {"label": "a\"} 1\\\u{2028}b"}}});
    served.chosen.send_replace(Settings::parse(settings.as_object().unwrap()).0);
    let (_, text) = served.scrape(|call| call).await;
    let info = text.lines().find(|line| line.starts_with("holdoff_account_info{")).unwrap();
    assert!(info.contains(r#"label="a\"} 1\\ b","#), "{info}");
}

/// Collects what would be logged.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, of: &tracing::Metadata<'_>) -> bool {
        of.target().starts_with("holdoff")
    }

    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl tracing::field::Visit for Line {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                let name = if field.name() == "message" { String::new() } else { format!(" {}=", field.name()) };
                self.0 += &format!("{name}{value:?}");
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn metrics_serve_one_path_and_one_method() {
    let served = Served::start().await;
    let root = client().get(format!("http://{}/", served.address)).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(root.status().as_u16(), 404);
    let post = client().post(served.url()).bearer_auth(TOKEN).body("x").send().await.unwrap();
    assert_eq!(post.status().as_u16(), 405);
}
