//! Corporate proxies and certificates: the whole engine uses the connection settings of Claude Code, against a real
//! proxy and real TLS on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use holdoff_core::Wall;
use holdoff_core::providers::Provider;
use holdoff_engine::credentials::monitor::Unwatched;
use holdoff_engine::platform::environment::{Bases, Environment};
use holdoff_engine::storage::history;
use holdoff_engine::storage::state_file::PlainFiles;
use holdoff_engine::tasks::condition::Condition;
use holdoff_engine::tasks::start::{Engine, start};
use holdoff_world::tls::{Certificate, TlsFront};
use holdoff_world::{ClockSpec, Credential, FakeAnthropic, Home};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

const SOON: Duration = Duration::from_secs(30);
const DAYS: Duration = Duration::from_secs(30 * 24 * 3600);
/// A name that no resolver knows: it can only be reached through a proxy.
const FAR: &str = "https://api.anthropic.test";
const PASSWORD: &str = "pass-word-0123456789abcdef";

/// A user behind a corporate network.
struct Rig {
    home: Home,
    fake: FakeAnthropic,
    front: TlsFront,
    ann: Credential,
    vars: BTreeMap<String, String>,
    engine: Option<(Environment, Engine)>,
}

impl Rig {
    async fn new() -> Self {
        let fake = FakeAnthropic::start_with(ClockSpec::from_now(60.0)).await;
        let front = TlsFront::start(&fake, Certificate::Trusted).await;
        let home = Home::at(fake.clock());
        let ann = home.sign_in(fake.clock().now() + DAYS);
        let mut vars = home.env();
        vars.insert("HOLDOFF_ANTHROPIC_API".into(), fake.api_base());
        vars.insert("HOLDOFF_ANTHROPIC_TOKEN".into(), fake.token_base());
        vars.insert("HOLDOFF_CLOCK".into(), fake.clock().to_env());
        Self { home, fake, front, ann, vars, engine: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn authority(&self, name: &str) -> String {
        self.front.write_authority(&self.path(name));
        self.path(name).display().to_string()
    }

    /// Writes the `env` of Claude Code's settings.
    fn settings(&self, env: &serde_json::Value) {
        std::fs::write(self.home.claude_dir().join("settings.json"), json!({"env": env}).to_string()).unwrap();
    }

    async fn start(&mut self, base: &str) {
        let mut environment = Environment::from_vars(|name| self.vars.get(name).map(Into::into)).unwrap();
        environment.bases = Bases::new(Provider::Anthropic, base.parse().unwrap(), base.parse().unwrap());
        environment.prepare_data_dir().unwrap();
        let engine = start(&environment, PlainFiles, &Default::default()).await;
        self.engine = Some((environment, engine));
    }

    fn ledger(&self) -> String {
        let entries = history::ledger(&self.home.data_dir(), Wall(0)).unwrap_or_default();
        entries.iter().map(|entry| format!("{entry:?}\n")).collect()
    }

    async fn ledger_says(&self, what: &str) {
        let found =
            holdoff_world::soon(SOON, async || if self.ledger().contains(what) { Ok(()) } else { Err(()) }).await;
        assert!(found.is_ok(), "{what:?} is not in:\n{}", self.ledger());
    }

    async fn is_asked(&self) {
        let asked = async || self.fake.usage_requests().first().map(|request| request.bearer().map(str::to_owned));
        let bearer = holdoff_world::soon(SOON, async || asked().await.ok_or(())).await;
        let bearer = bearer.unwrap_or_else(|()| panic!("never asked:\n{}", self.ledger()));
        assert_eq!(bearer.as_deref(), Some(self.ann.access_token.as_str()));
    }

    /// What the app would report to `doctor`.
    fn condition(&self) -> Condition {
        Condition::of(&self.engine.as_ref().unwrap().0, &Default::default(), Unwatched::new())
    }
}

/// An HTTP or SOCKS proxy that forwards everything to one address.
struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// With `password`, only clients that send it are accepted.
    async fn start(to: &TlsFront, password: Option<&'static str>) -> Self {
        let to: u16 = to.base().rsplit_once(':').unwrap().1.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                // Clients may disconnect at any moment.
                tokio::spawn(serve(near, to, password, Arc::clone(&seen)));
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(
    mut near: TcpStream,
    to: u16,
    password: Option<&str>,
    heads: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let mut first = [0];
    near.read_exact(&mut first).await?;
    if first == [5] {
        let name = socks(&mut near).await?;
        heads.lock().unwrap().push(name);
    } else {
        let mut head = first.to_vec();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(near.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let welcome = password.is_none() || head.contains("proxy-authorization: basic ");
        heads.lock().unwrap().push(head);
        if !welcome {
            return near.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
        }
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    }
    let mut far = TcpStream::connect(("127.0.0.1", to)).await?;
    copy_bidirectional(&mut near, &mut far).await.map(drop)
}

/// RFC 1928, with a name and no password. Returns the name.
async fn socks(near: &mut TcpStream) -> std::io::Result<String> {
    let mut methods = vec![0; usize::from(near.read_u8().await?)];
    near.read_exact(&mut methods).await?;
    near.write_all(&[5, 0]).await?;
    let mut request = [0; 5];
    near.read_exact(&mut request).await?;
    let mut name = vec![0; usize::from(request[4]) + 2];
    near.read_exact(&mut name).await?;
    near.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    name.truncate(name.len() - 2);
    Ok(String::from_utf8_lossy(&name).into_owned())
}

#[tokio::test]
async fn ca_certificate_from_claude_code_settings_is_trusted() {
    let mut rig = Rig::new().await;
    let authority = rig.authority("company.pem");
    rig.settings(&json!({"NODE_EXTRA_CA_CERTS": authority}));
    rig.start(&rig.front.base()).await;
    rig.is_asked().await;
    let said = &rig.condition().networks.into_values().next().unwrap().in_force[0];
    assert_eq!(said.0, format!("the certificates in {authority}"));
    assert!(said.1.starts_with("NODE_EXTRA_CA_CERTS in ") && said.1.ends_with(".claude/settings.json"), "{said:?}");
}

#[tokio::test]
async fn ca_certificate_replaced_is_trusted_without_a_restart() {
    let mut rig = Rig::new().await;
    let other = TlsFront::start(&rig.fake, Certificate::Trusted).await;
    other.write_authority(&rig.path("company.pem"));
    rig.vars.insert("SSL_CERT_FILE".into(), rig.path("company.pem").display().to_string());
    rig.start(&rig.front.base()).await;
    rig.ledger_says("its certificate is not trusted (with the certificates in ").await;
    rig.authority("company.pem");
    rig.is_asked().await;
}

#[tokio::test]
async fn ca_certificates_unreadable_send_nothing_and_are_reported() {
    let mut rig = Rig::new().await;
    rig.settings(&json!({"SSL_CERT_FILE": rig.path("company.pem")}));
    rig.start(&rig.front.base()).await;
    rig.ledger_says("company.pem cannot be used: there is no such file").await;
    assert!(rig.front.handshakes().is_empty());
    let wrong = rig.condition().networks.into_values().next().unwrap().wrong;
    assert!(wrong.unwrap().ends_with("there is no such file"));
    rig.authority("company.pem");
    rig.is_asked().await;
}

#[tokio::test]
async fn proxy_from_claude_code_settings_is_used_and_hides_its_password() {
    let mut rig = Rig::new().await;
    let proxy = Proxy::start(&rig.front, Some(PASSWORD)).await;
    let authority = rig.authority("company.pem");
    rig.settings(&json!({"HTTPS_PROXY": format!("http://{}", proxy.address), "NODE_EXTRA_CA_CERTS": authority}));
    rig.start(FAR).await;
    let via = format!("(with the proxy {} and the certificates in {authority})", proxy.address);
    rig.ledger_says(&format!("the proxy requires a user name and password {via}")).await;
    assert!(rig.fake.requests().is_empty());
    let address = format!("http://ann:{PASSWORD}@{}", proxy.address);
    rig.settings(&json!({"HTTPS_PROXY": address, "NODE_EXTRA_CA_CERTS": authority}));
    rig.is_asked().await;
    let heads = proxy.heads();
    assert!(heads.iter().all(|head| head.starts_with("connect api.anthropic.test:443 ")), "{heads:?}");
    assert!(!format!("{heads:?}").contains("sk-ant"), "a proxy sees no token");
    assert!(!format!("{:?} {}", rig.condition(), rig.ledger()).contains(PASSWORD));
    assert!(!holds(&rig.home.data_dir(), PASSWORD));
}

#[tokio::test]
async fn proxy_failure_is_reported_with_its_cause() {
    let mut rig = Rig::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shut = tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let _gone_again = near.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
            let _gone_again = near.read_u8().await;
        }
    });
    rig.settings(
        &json!({"HTTPS_PROXY": format!("http://{address}"), "NODE_EXTRA_CA_CERTS": rig.authority("company.pem")}),
    );
    rig.start(FAR).await;
    rig.ledger_says(&format!("the proxy refused the request (with the proxy {address}")).await;
    shut.abort();
    let _it_is_closed_by_then = shut.await;
    rig.ledger_says(&format!("no connection to the proxy (with the proxy {address}")).await;
}

#[tokio::test]
async fn proxy_socks_is_used() {
    let mut rig = Rig::new().await;
    let proxy = Proxy::start(&rig.front, None).await;
    let authority = rig.authority("company.pem");
    rig.vars.insert("ALL_PROXY".into(), format!("socks5h://{}", proxy.address));
    rig.vars.insert("SSL_CERT_FILE".into(), authority);
    rig.start(FAR).await;
    rig.is_asked().await;
    assert_eq!(proxy.heads()[0], "api.anthropic.test");
}

#[tokio::test]
async fn proxy_address_invalid_sends_nothing_and_is_reported() {
    let mut rig = Rig::new().await;
    rig.settings(&json!({"HTTPS_PROXY": format!("ftp://ann:{PASSWORD}@proxy.example")}));
    rig.start(FAR).await;
    rig.ledger_says("settings.json is not the address of an HTTP or SOCKS proxy").await;
    assert!(!rig.ledger().contains(PASSWORD));
}

fn holds(folder: &Path, text: &str) -> bool {
    holdoff_world::secrets::Secrets::new(&[text]).under(folder).into_iter().next().is_some()
}
