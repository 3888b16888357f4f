//! A real Prometheus scrapes the real app, with the configuration, rules and dashboard of docs/fleet.

use crate::scene::{SOON, Scene, gate};
use holdoff_world::spawn::{Finished, Spawned, tool};
use holdoff_world::{eventually, process};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "prometheus";
const NOWHERE: [u16; 0] = [];

fn fleet() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fleet")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn promtool(arguments: &[&str]) -> Finished {
    let mut command = Command::new(tool("promtool", PACKAGE));
    Spawned::start("promtool", command.current_dir(fleet()).args(arguments)).finished(SOON).await
}

/// A collector beside the app, set up as in docs/fleet, but with short intervals.
struct Collector {
    _process: Spawned,
    url: String,
    _folder: tempfile::TempDir,
}

impl Collector {
    fn start(metrics: u16, token_file: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = std::fs::read_to_string(fleet().join("prometheus.yml")).unwrap();
        let config = config
            .replace("scrape_interval: 60s", "scrape_interval: 1s\n  evaluation_interval: 1s")
            .replace("- alerts.yml", &format!("- {}", fleet().join("alerts.yml").display()))
            .replace("/etc/prometheus/holdoff-token", token_file.to_str().unwrap())
            .replace("127.0.0.1:9184", &format!("127.0.0.1:{metrics}"));
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let port = free_port();
        let mut command = Command::new(tool("prometheus", PACKAGE));
        command
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let process = Spawned::start("prometheus", &mut command);
        Self { _process: process, url: format!("http://127.0.0.1:{port}"), _folder: folder }
    }

    /// The result of a query, once it is not empty.
    async fn wait_for(&self, query: &str) -> Vec<Value> {
        eventually(SOON, format!("a result of {query}"), async || {
            let done = promtool(&["query", "instant", "--format=json", &self.url, query]).await;
            let series: Vec<Value> = serde_json::from_str(done.stdout.trim()).unwrap_or_default();
            (!series.is_empty()).then_some(series)
        })
        .await
    }

    async fn value(&self, query: &str) -> String {
        self.wait_for(query).await[0]["value"][1].as_str().unwrap().to_owned()
    }
}

/// The dashboard's queries, for all accounts.
fn dashboard_queries() -> Vec<String> {
    let text = std::fs::read_to_string(fleet().join("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().replace("$account", ".*")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_scraped_by_prometheus_answer_every_dashboard_query() {
    let scene = Scene::new(300.0).await;
    let token_file = scene.home.path().join("metrics-token");
    std::fs::write(&token_file, "only-the-collector\n").unwrap();
    std::fs::set_permissions(&token_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let port = free_port();
    let metrics = json!({"listen": format!("127.0.0.1:{port}"), "token_file": "~/metrics-token"});
    scene.home.settings(&json!({"version": 1, "metrics": metrics}));
    let app = scene.start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert_eq!(process::listening_ports(app.pid()), [port]);
    scene.fake.always(holdoff_world::Answer::rate_limited(Some("86400")));
    scene.wait_for_account("a cooldown", |account| gate(account) == "cooling_down").await;
    assert_eq!(scene.launch.cli(&["refresh"]).await.code(), 75);

    let collector = Collector::start(port, &token_file);
    assert_eq!(collector.value("up{job=\"holdoff\"}").await, "1");
    assert_eq!(collector.value("holdoff_window_used_ratio{window=\"five_hour\"}").await, "0.42");
    assert_eq!(collector.value("holdoff_gate_state{endpoint=\"usage\",state=\"cooling_down\"}").await, "1");
    assert_eq!(collector.value("holdoff_request_outcomes_total{outcome=\"rate_limited\"}").await, "1");
    for query in dashboard_queries() {
        collector.wait_for(&query).await;
    }
    let text = promtool(&["query", "series", "--match={__name__=~\"holdoff_.*\"}", &collector.url]).await.stdout;
    assert!(text.contains("ann@example.com"), "{text}");
    for secret in scene.credential.secrets() {
        assert!(!text.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_not_served_by_default() {
    let scene = Scene::new(1.0).await;
    let app = scene.start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert_eq!(process::listening_ports(app.pid()), NOWHERE);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_setting_invalid_is_reported_and_polling_continues() {
    let scene = Scene::new(1.0).await;
    let metrics = json!({"listen": "0.0.0.0:9184", "token_file": "~/t"});
    scene.home.settings(&json!({"version": 1, "metrics": metrics}));
    let app = scene.start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    assert_eq!(process::listening_ports(app.pid()), NOWHERE);
    let tray = scene.tray(&app).await;
    tray.click("Settings…").await;
    let settings = holdoff_world::Browser::attach(&scene.inspector, SOON).await;
    settings.wait_for_text(SOON, |text| text.contains("metrics are served only to this computer")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_rules_pass_promtool_check_and_tests() {
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]] {
        let done = promtool(&arguments).await;
        assert!(done.status.success(), "{done:?}");
    }
}
