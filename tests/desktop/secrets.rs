//! No token is sent anywhere but to its provider.

use crate::scene::{SOON, Scene};
use holdoff_world::secrets::Secrets;
use holdoff_world::{Answer, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_echoed_by_the_server_never_appear_in_any_output() {
    let scene = Scene::new(600.0).await;
    let app = scene.start();
    let tray = scene.tray(&app).await;
    let echo = |status| Answer::echo_token(status);
    for answer in [echo(200), echo(403), echo(401), echo(429), echo(500), Answer::rate_limited(Some("900"))] {
        let asked = scene.fake.usage_requests().len();
        scene.fake.always(answer);
        scene.fake.wait_for_usage(asked + 1, SOON).await;
    }
    scene.wait_for_account("a shut gate", |account| account["gates"]["usage"]["state"] != "open").await;
    tray.activate(1000, 10).await;
    let panel = Browser::attach(&scene.inspector, SOON).await;
    panel.wait_for_text(SOON, |text| text.contains("Available at")).await;

    let limits = std::fs::read_to_string(format!("/proc/{}/limits", app.pid())).unwrap();
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    let core = core.split_whitespace().next().unwrap();
    assert!(["0", "1"].contains(&core), "a crash would leave its memory, and the tokens in it: {limits}");

    let all = scene.credential.secrets();
    let secrets = Secrets::new(&all);
    let page = panel.source().await.unwrap();
    // The data that a page has but does not display, and the data that it can request.
    let script = "const done = arguments[0]; window.__TAURI_INTERNALS__.invoke('view')\
                  .then(view => done(JSON.stringify([window.__HOLDOFF_VIEW__ ?? null, view])))";
    let view = panel.execute_async(script, vec![]).await.unwrap().to_string();
    assert!(view.contains("ann@example.com"), "the view was looked into: {view}");
    let status = scene.launch.cli(&["status", "--json"]).await;
    let plain = scene.launch.cli(&["status"]).await;
    let said = format!("{:?}", scene.desktop.recorder().all());
    let shown = format!("{:?} {:?}", tray.properties().await, tray.menu().await);
    let outputs =
        [page, view, status.stdout, status.stderr, plain.stdout, plain.stderr, said, shown, app.stdout(), app.stderr()];
    for output in outputs {
        assert_eq!(secrets.form_in(&output), None, "{output}");
    }
    let lines = format!("{:?}", app.command_lines());
    assert_eq!(secrets.form_in(&lines), None, "a command line: {lines}");
    app.terminate();
    app.wait_exit(SOON).await;
    assert_eq!(scene.home.find_secret(&all), Vec::<std::path::PathBuf>::new());
    assert!(scene.home.data_dir().join("history.sqlite3").is_file(), "there was something to look through");
}
