//! A compromised page in a window: it cannot navigate to another page, loads nothing from elsewhere, and may call only
//! the commands of its window.

use crate::scene::{SOON, Scene};
use holdoff_world::{Browser, Foreign};
use serde_json::{Value, json};
use std::time::Duration;

const WINDOWS: [(&str, &str); 2] =
    [("--panel", "tauri://localhost/panel.html"), ("--settings", "tauri://localhost/settings.html")];

/// Ways in which a page could navigate or load something, with `url` as the target.
const WAYS_OUT: [&str; 12] = [
    "location.href = url",
    "location.replace(url)",
    "window.open(url)",
    "window.open(url, '_self')",
    "add('a', { href: url }).click()",
    "add('a', { href: url, target: '_blank' }).click()",
    "add('a', { href: url, download: 'x' }).click()",
    "add('form', { action: url, method: 'post' }).submit()",
    "add('meta', { httpEquiv: 'refresh', content: `0; url=${url}` })",
    "add('iframe', { src: url })",
    "add('img', { src: url })",
    "fetch(url, { mode: 'no-cors' }).catch(() => {})",
];

/// Commands of Tauri and its plugins, and of the other window.
const REFUSED: [(&str, &[&str]); 2] = [
    ("--panel", &["change_settings", "export_history", "delete_history", "status_line", "sign_in", "install_update"]),
    ("--settings", &["choose_updates", "open_settings"]),
];
const PLUGINS: [&str; 10] = [
    "plugin:event|emit",
    "plugin:window|get_all_windows",
    "plugin:window|destroy",
    "plugin:webview|create_webview_window",
    "plugin:webview|internal_toggle_devtools",
    "plugin:path|resolve_directory",
    "plugin:app|version",
    "plugin:image|from_path",
    "plugin:store|load",
    "plugin:notification|notify",
];

async fn run(page: &Browser, script: &str, arguments: Vec<Value>) -> Value {
    page.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn webview_cannot_navigate_or_connect_to_another_origin() {
    for (window, address) in WINDOWS {
        let scene = Scene::new(1.0).await;
        let elsewhere = Foreign::start().await;
        let _app = scene.launch.clone().argument(window).start();
        let page = Browser::attach(&scene.inspector, SOON).await;
        page.wait_for_text(SOON, |text| text.contains("ann@example.com")).await;
        for way in WAYS_OUT {
            let add = "const add = (name, what) => document.body.appendChild(Object.assign(document.createElement(name), what))";
            let script = format!("const url = arguments[0]; {add}; {way};");
            run(&page, &script, vec![json!(format!("{}?{way}", elsewhere.url()))]).await;
            scene.pass(Duration::from_secs(1)).await;
            assert!(elsewhere.requests().is_empty(), "{way} in {window}: {:?}", elsewhere.requests());
            let shown = run(&page, "return location.href", vec![]).await;
            assert_eq!(shown, address, "{way}");
            assert_eq!(page.windows().await.unwrap().len(), 1, "{way} opens none");
            page.wait_for_text(SOON, |text| text.contains("ann@example.com")).await;
        }
        let file = "const add = document.createElement('a'); add.href = 'file:///etc/hostname'; document.body.append(add); add.click()";
        run(&page, file, vec![]).await;
        scene.pass(Duration::from_secs(1)).await;
        assert_eq!(run(&page, "return location.href", vec![]).await, address, "nor to a file");
        drop(page);
        // Every connection is recorded.
        let url = elsewhere.url();
        let address = url.trim_start_matches("http://").split('/').next().unwrap();
        tokio::net::TcpStream::connect(address).await.unwrap();
        holdoff_world::eventually(SOON, "it listens", async || elsewhere.was_asked().then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webview_ipc_allows_only_commands_of_its_window_and_no_plugin() {
    const CALL: &str = "const done = arguments[arguments.length - 1];\
        window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(() => done('allowed'), error => done(String(error)))";
    for ((window, _), (_, others)) in WINDOWS.into_iter().zip(REFUSED) {
        let scene = Scene::new(1.0).await;
        let _app = scene.launch.clone().argument(window).start();
        let page = Browser::attach(&scene.inspector, SOON).await;
        page.wait_for_text(SOON, |text| text.contains("ann@example.com")).await;
        let call = async |command: &str| {
            let given = json!({"change": {}, "format": "csv", "place": "", "install": true, "on": true, "version": "0.2.0",
                "accountId": "anthropic:ann", "event": "x", "label": window.trim_start_matches('-'), "path": "x"});
            page.execute_async(CALL, vec![json!(command), given]).await.unwrap().as_str().unwrap().to_owned()
        };
        assert_eq!(call("view").await, "allowed", "calls are heard");
        for command in PLUGINS.iter().chain(others) {
            let answer = call(command).await;
            assert!(answer.contains("not allowed"), "{command} from {window}: {answer}");
        }
        assert!(scene.home.data_dir().join("history.sqlite3").is_file());
    }
}
