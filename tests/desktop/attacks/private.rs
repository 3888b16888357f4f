//! The app's files are private to its user, and its environment is not passed on to the web engine.

use crate::scene::{SOON, Scene};
use holdoff_world::{App, eventually, process};
use std::collections::BTreeSet;
use std::fs::{Permissions, set_permissions, symlink_metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const OTHERS: u32 = 0o077;

/// Everything below a folder; links are not followed.
fn below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    // Entries may be deleted at any moment.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(below(&path));
        }
        found.insert(path);
    }
    found
}

fn mode(path: &Path) -> Option<u32> {
    let metadata = symlink_metadata(path).ok().filter(|metadata| !metadata.is_symlink())?;
    Some(metadata.permissions().mode() & 0o777)
}

fn open_to_others(paths: &BTreeSet<PathBuf>) -> Vec<(u32, &PathBuf)> {
    let modes = paths.iter().filter_map(|path| Some((mode(path)?, path)));
    modes.filter(|(mode, _)| mode & OTHERS != 0).collect()
}

/// The processes of an open window, including those of the web engine.
async fn web_engine(app: &App) -> Vec<(u32, String)> {
    eventually(SOON, "the processes of the web engine", async || {
        let children = app.children();
        let is_there = |wanted: &str| children.iter().any(|(_, name)| name.starts_with(wanted));
        ["holdoff-window", "WebKitWebProces", "WebKitNetwork"].into_iter().all(is_there).then_some(children)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn file_permissions_are_private_and_tightened_at_startup() {
    let scene = Scene::new(1.0).await;
    let home = scene.home.path();
    let before = below(home);
    let app = scene.launch.clone().argument("--panel").start();
    scene.wait_for_account("a reading", |account| account["reading"].is_object()).await;
    web_engine(&app).await;
    let made: BTreeSet<PathBuf> = below(home).difference(&before).cloned().collect();
    let kept = [".local/state/dev.holdoff.tray", ".local/share/dev.holdoff.tray.user", "run/dev.holdoff.tray"];
    let (kept, data) = (kept.map(|folder| home.join(folder)), scene.home.data_dir());
    for folder in &kept {
        assert!(made.contains(folder) && below(folder).iter().any(|path| !path.is_dir()), "{folder:?} in {made:#?}");
    }
    assert!(made.contains(&data.join("history.sqlite3")) && made.contains(&data.join("state.a.json")), "{made:#?}");
    assert_eq!(open_to_others(&made), []);
    app.terminate();
    app.wait_exit(SOON).await;

    // The modes that an earlier version, a restored backup or a careless chmod leaves.
    let ours: BTreeSet<PathBuf> =
        [&data].into_iter().chain(&kept).flat_map(|folder| below(folder).into_iter().chain([folder.clone()])).collect();
    for path in ours.iter().filter(|path| mode(path).is_some()) {
        set_permissions(path, Permissions::from_mode(if path.is_dir() { 0o775 } else { 0o664 })).unwrap();
    }
    assert!(open_to_others(&ours).len() > 10, "{ours:?}");
    let doctor = scene.launch.cli(&["doctor"]).await;
    assert!(doctor.code() == 1 && doctor.stdout.contains("mode 775"), "{doctor:?}");
    let _app = scene.start();
    scene.wait_until_up().await;
    // The socket is no longer placed where others could enter.
    let (data, [logs, user, run]) = (&data, &kept);
    assert!(!std::fs::read_link(data.join("tray.sock")).unwrap().starts_with(run));
    let kept = [logs, user];
    let now = || [data].into_iter().chain(kept).flat_map(|folder| below(folder).into_iter().chain([folder.clone()]));
    assert_eq!(open_to_others(&now().collect()), []);
    assert!(!scene.launch.cli(&["doctor"]).await.stdout.contains("mode 775"));
}

#[tokio::test(flavor = "multi_thread")]
async fn webview_processes_inherit_no_secret_or_unknown_env_variables() {
    const KEYS: [&str; 8] = [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "SSH_AUTH_SOCK",
        "NODE_EXTRA_CA_CERTS",
        "SOMEBODYS_OWN",
        "no_case_is_safe",
    ];
    let scene = Scene::new(1.0).await;
    let launch = KEYS.iter().fold(scene.launch.clone(), |launch, name| launch.env(name, format!("value-of-{name}")));
    let app = launch.argument("--settings").start();
    let own = process::environment(app.pid());
    assert!(KEYS.iter().all(|name| own.contains(&format!("{name}=value-of-{name}"))), "{own:?}");
    for (pid, name) in web_engine(&app).await {
        let environment = process::environment(pid);
        assert!(environment.iter().any(|line| line.starts_with("DISPLAY=")), "{name} was looked into: {environment:?}");
        let found: Vec<&String> = environment.iter().filter(|line| line.contains("value-of-")).collect();
        assert!(found.is_empty(), "{name} has {found:?}");
    }
}
