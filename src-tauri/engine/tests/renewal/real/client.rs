//! A home with a sign-in and the real Claude Code.

use super::{LONG, PROGRAM};
use crate::scene::{Pair, Scene};
use holdoff_world::fake::Request;
use holdoff_world::spawn::Spawned;
use holdoff_world::{TlsProxy, eventually};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Requests nothing that costs a model turn.
const GET_USAGE: &str = r#"{"type":"control_request","request_id":"r1","request":{"subtype":"get_usage"}}"#;
/// Claude Code opens the browser with this. It records the URL, which contains what the callback needs.
const BROWSER: &str =
    "#!/bin/sh\nprintf '%s' \"$1\" > \"$HOME/browser.url.new\" && mv \"$HOME/browser.url.new\" \"$HOME/browser.url\"\n";

pub struct Real {
    pub scene: Scene,
    proxy: TlsProxy,
}

/// A session that ends when this is dropped.
pub struct Session {
    pub claude: Spawned,
    _input: std::io::PipeWriter,
}

impl Real {
    /// A sign-in that expires in `good_for`, as Claude Code writes it, with a sibling key.
    pub async fn new(good_for: Duration) -> Self {
        let scene = Scene::due().await;
        let mut stored = scene.grants.sign_in(good_for).to_json();
        stored["mcpOAuth"] = json!({"srv|hash": {"accessToken": "mcp-other"}});
        scene.home.raw_credentials(stored.to_string().as_bytes());
        let proxy = TlsProxy::start(&scene.fake).await;
        proxy.write_authority(&scene.home.path().join("authority.pem"));
        let mut identity: Value =
            serde_json::from_slice(&fs::read(scene.home.path().join(".claude.json")).unwrap()).unwrap();
        identity["hasCompletedOnboarding"] = true.into();
        identity["theme"] = "dark".into();
        identity["projects"] = json!({scene.home.path().to_str().unwrap(): {"hasTrustDialogAccepted": true}});
        fs::write(scene.home.path().join(".claude.json"), identity.to_string()).unwrap();
        scene.home.program("browser", BROWSER);
        Self { scene, proxy }
    }

    pub fn command(&self) -> Command {
        let mut command = self.scene.home.command(std::env::var(PROGRAM).unwrap());
        let home = self.scene.home.path();
        command
            .env("HTTPS_PROXY", self.proxy.url())
            .env("NODE_EXTRA_CA_CERTS", home.join("authority.pem"))
            .env("BROWSER", home.join(".local/bin/browser"))
            .env("DISABLE_AUTOUPDATER", "1")
            .env("DISABLE_TELEMETRY", "1")
            .env("TERM", "xterm");
        command
    }

    /// A session without a terminal, which maintains its sign-in and requests its limits.
    pub fn session(&self) -> Session {
        let (output, mut input) = std::io::pipe().unwrap();
        let mut command = self.command();
        command.args(["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]);
        let claude = Spawned::start_with("claude", &mut command, Stdio::from(output));
        input.write_all(format!("{GET_USAGE}\n").as_bytes()).unwrap();
        Session { claude, _input: input }
    }

    pub fn run(&self, args: &[&str]) -> Spawned {
        let mut command = self.command();
        command.args(args).env("MCP_CLIENT_SECRET", "the-secret");
        Spawned::start("claude", &mut command)
    }

    /// Stores the secret of an MCP server beside the sign-in.
    pub fn store_secret(&self) -> Spawned {
        let client = ["--client-id", "cid", "--client-secret"];
        let add = ["mcp", "add", "--transport", "http"];
        self.run(&[&add[..], &client[..], &["srv", "https://mcp.example.com/mcp"]].concat())
    }

    pub fn has_secret(&self) -> bool {
        self.stored().is_some_and(|stored| stored["mcpOAuthClientConfig"].to_string().contains("the-secret"))
    }

    pub fn lock_on_writing(&self) -> PathBuf {
        self.scene.home.claude_dir().join(".storage-write.lock")
    }

    pub fn stored(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.scene.home.credentials_path()).ok()?).ok()
    }

    pub fn pair(&self) -> Option<Pair> {
        let stored = self.stored()?;
        let token = |key: &str| stored["claudeAiOauth"][key].as_str().map(str::to_owned);
        Some(Pair { access: token("accessToken")?, refresh: token("refreshToken")? })
    }

    /// Checks that the stored pair is valid, its sibling key is intact, and no token was presented twice.
    pub fn check(&self) -> Result<(), String> {
        let violations = self.scene.grants.violations();
        if !violations.is_empty() {
            return Err(format!("{violations:?}"));
        }
        let stored = self.stored().ok_or("there is no sign-in")?;
        let pair = self.pair().ok_or("there is no pair")?;
        if stored["mcpOAuth"]["srv|hash"]["accessToken"] != "mcp-other" {
            return Err("a sibling was lost".to_owned());
        }
        if !self.scene.grants.is_current(&pair.refresh) || !self.scene.grants.is_alive(&pair.access) {
            return Err("the pair that is stored is spent".to_owned());
        }
        Ok(())
    }

    /// Waits until Holdoff has requested usage with the stored pair, which is not `old`.
    pub async fn renewed(&self, old: &Pair) -> Pair {
        eventually(LONG, "a renewed sign-in, asked with", async || {
            let pair = self.pair().filter(|pair| pair.refresh != old.refresh)?;
            let asked = |request: &Request| is_holdoffs(request) && request.bearer() == Some(&pair.access);
            self.scene.fake.usage_requests().iter().any(asked).then_some(pair)
        })
        .await
    }

    /// Waits until another pair is stored and Holdoff has sent a request with either: it does not wait long for
    /// another program's renewal.
    pub async fn replaced(&self, old: &Pair) -> Pair {
        eventually(LONG, "another pair", async || {
            let pair = self.pair().filter(|pair| pair.refresh != old.refresh)?;
            self.scene.fake.usage_requests().iter().any(is_holdoffs).then_some(pair)
        })
        .await
    }

    /// Signs in, with a browser that consents at once.
    pub async fn sign_in(&self) -> Result<(), String> {
        let login = self.run(&["auth", "login"]);
        let url_file = self.scene.home.path().join("browser.url");
        let url = eventually(LONG, "the browser", async || fs::read_to_string(&url_file).ok()).await;
        let query = |name: &str| {
            let found = url.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            found.map(|value| value.replace("%3A", ":").replace("%2F", "/")).unwrap_or_default()
        };
        let (back, state) = (query("redirect_uri"), query("state"));
        let host = back.trim_start_matches("http://localhost:").split('/').next().unwrap_or_default().to_owned();
        let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{host}")).map_err(|e| e.to_string())?;
        let request = format!("GET /callback?code=the-code&state={state} HTTP/1.1\r\nhost: localhost:{host}\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let status = login.wait_exit(LONG).await;
        if status.success() { Ok(()) } else { Err(login.output()) }
    }
}

pub fn is_holdoffs(request: &Request) -> bool {
    request.user_agent.as_deref().is_some_and(|agent| agent.starts_with("holdoff/"))
}

pub fn version(program: &str) -> String {
    let said = Command::new(program).arg("--version").env("HOME", "/nonexistent").output().map(|done| done.stdout);
    said.ok().and_then(|said| Some(String::from_utf8(said).ok()?.split(' ').next()?.to_owned())).unwrap_or_default()
}
