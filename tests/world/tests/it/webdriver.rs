//! A small WebKitGTK program stands in for the app's windows.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use holdoff_world::spawn::{Spawned, tool};
use holdoff_world::{Browser, Desktop, Home, Inspector, Notifications, Session, Shade};

const LONG: Duration = Duration::from_secs(60);

async fn build(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/standin.c");
    let program = folder.join("standin");
    let mut pkg_config = Command::new(tool("pkg-config", "pkg-config"));
    let flags =
        Spawned::start("pkg-config", pkg_config.args(["--cflags", "--libs", "webkit2gtk-4.1"])).finished(LONG).await;
    assert!(flags.status.success(), "apt-get install libwebkit2gtk-4.1-dev: {}", flags.stderr);
    let mut cc = Command::new(tool("cc", "gcc"));
    cc.arg("-o").arg(&program).arg(source).args(flags.stdout.split_whitespace());
    let built = Spawned::start("cc", &mut cc).finished(LONG).await;
    assert!(built.status.success(), "{}", built.stderr);
    program
}

fn start(program: &Path, home: &Home, desktop: &Desktop, inspector: &Inspector) -> Spawned {
    Spawned::start("stand-in", home.command(program).envs(desktop.env()).envs(inspector.env()))
}

async fn is_dark(browser: &Browser) -> bool {
    let script = "return matchMedia('(prefers-color-scheme: dark)').matches";
    browser.execute(script, vec![]).await.unwrap().as_bool().unwrap()
}

#[tokio::test]
async fn webdriver_attaches_to_a_window_started_by_the_test() {
    let (home, inspector) = (Home::new(), Inspector::new());
    let program = build(home.path()).await;
    let desktop = Desktop::builder().panel(false).notifications(Notifications::None).start().await;

    let window = start(&program, &home, &desktop, &inspector);
    let browser = Browser::attach(&inspector, LONG).await;
    browser.switch_to("Stand-in", LONG).await;
    assert!(browser.wait_for_text(LONG, |text| text.contains("42 %")).await.starts_with("5-hour"));
    browser.press("Refresh").await;
    browser.wait_for_text(LONG, |text| text.starts_with("Asked")).await;
    assert!(!is_dark(&browser).await);

    // What the driver sees is on the screen, too.
    let seen = desktop.wait_for_window(window.pid(), LONG, |window| window.title == "Stand-in window").await;
    assert_eq!((seen.width, seen.height, seen.pid), (420, 300, window.pid()));
    assert!(holdoff_world::process::descendants(window.pid()).len() >= 2, "WebKit runs processes of its own");

    // Letting go leaves the window as it is, and it can be attached to again.
    drop(browser);
    let browser = Browser::attach(&inspector, LONG).await;
    browser.wait_for_text(LONG, |text| text.starts_with("Asked")).await;

    // Its close button ends it; the next one, at the same address, can be attached to before it is there.
    desktop.close_window(&seen).await;
    assert!(window.wait_exit(LONG).await.success());
    desktop.wait_for_no_window(window.pid(), LONG).await;
    desktop.set_background(Shade::Dark).await;
    let (browser, next) = tokio::join!(Browser::attach(&inspector, LONG), async {
        tokio::task::yield_now().await;
        start(&program, &home, &desktop, &inspector)
    });
    browser.wait_for_text(LONG, |text| text.contains("42 %")).await;
    assert!(is_dark(&browser).await);
    next.kill9().await;
}
