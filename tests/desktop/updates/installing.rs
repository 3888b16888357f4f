//! What a click installs.

use super::packages::{Offered, PROGRAMS, archive};
use crate::scene::SOON;
use holdoff_world::{Answer, Apart, Published, eventually, sandbox};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread")]
async fn update_archive_is_installed_on_click_and_app_restarts_into_it() {
    let offered = Offered::new("archive", archive(1000), |_, _, launch| launch).await;
    let before = offered.copy.files();
    offered.scene.pass(std::time::Duration::from_secs(600)).await;
    assert_eq!(offered.copy.files(), before, "nothing is installed without a click");
    assert_eq!(offered.releases.requests().len(), 1, "nor fetched");

    offered.settings.press("Install").await;
    let became = offered.became().await;
    assert_eq!(became.trim(), format!("{} --settings", offered.copy.path("bin/holdoff-tray").display()));
    assert!(offered.app.is_running(), "in the same process");
    for program in PROGRAMS {
        let path = offered.copy.path(&format!("bin/{program}"));
        assert!(fs::read_to_string(&path).unwrap().starts_with("#!/bin/sh"), "{program}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755, "{program}");
    }
    let names: Vec<String> = offered.copy.files().into_keys().collect();
    let expect =
        ["bin/holdoff", "bin/holdoff-tray", "bin/holdoff-window", "share/doc/holdoff/ballast", "share/holdoff/package"];
    assert_eq!(names, expect, "nothing is left beside them");
    offered.nothing_is_left(&offered.folder());
    let ledger = offered.scene.ledger();
    let outcome = |what: &str| ledger.iter().any(|line| line["event"]["came"]["outcome"] == what);
    assert!(outcome("release") && outcome("package"), "{ledger:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn update_package_not_matching_the_signed_list_is_not_installed() {
    let good = archive(100_000);
    let path = format!("/{}", good.file);
    let offered = Offered::new("archive", good.clone(), |_, _, launch| launch).await;
    let before = offered.copy.files();
    let (mut other, half) = (good.contents.clone(), good.contents[..50_000].to_vec());
    other[70_000] ^= 1;
    let torn =
        [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", good.contents.len()).into_bytes(), half.clone()]
            .concat();
    let html = format!("of {} bytes", good.contents.len());
    // No two consecutive messages are the same, so each message waited for is new.
    for (answer, says) in [
        (Answer::raw(200, &[], other), "the package does not match the signed release list"),
        (Answer::raw(200, &[], half), "the package arrived incomplete: received 50000 of"),
        (
            Answer::raw(200, &[], [good.contents.clone(), b"x".to_vec()].concat()),
            "the package does not match the signed release list",
        ),
        (Answer::bytes(torn), "the package arrived incomplete: the connection broke halfway"),
        (Answer::html(200), html.as_str()),
        (Answer::status(404), "the package was not found (HTTP 404)"),
        (Answer::redirect("http://127.0.0.2:9/x"), "refused the package (HTTP 307)"),
        (Answer::rate_limited(Some("7200")), "the release server is rate limiting (HTTP 429, Retry-After 2 h)"),
    ] {
        offered.releases.answer(&path, answer);
        let text = offered.install(says).await;
        assert!(text.contains("Nothing was changed."), "{text}");
        assert_eq!(offered.copy.files(), before, "{says}");
        offered.nothing_is_left(&offered.folder());
    }
    // The server asked for a wait, and Holdoff waits.
    offered.releases.answer(&path, Answer::raw(200, &[], good.contents.clone()));
    let asked = offered.releases.requests().len();
    offered.install("The release server asked Holdoff to wait. Try again at").await;
    assert_eq!(offered.releases.requests().len(), asked);
    assert!(offered.app.is_running());
}

/// The disk is full before the download, during it, and at the destination.
#[tokio::test(flavor = "multi_thread")]
async fn update_with_disk_full_at_any_step_changes_nothing() {
    let package = archive(2_000_000);
    let path = format!("/{}", package.file);
    let (contents, apart) = (package.contents.clone(), Apart::new().await);
    let offered = Offered::new("archive", package, |_, _, launch| launch.within(&apart)).await;
    let (before, folder) = (offered.copy.files(), offered.folder());

    apart.mount_small(&folder, 4096).await;
    let text = offered.install("not enough disk space: 7 MB needed").await;
    assert!(text.contains("Nothing was changed. Free some space and try again."), "{text}");
    assert_eq!(offered.releases.requests().len(), 1, "nothing was fetched for it");
    apart.unmount(&folder).await;

    apart.mount_small(&folder, 8192).await;
    offered.releases.answer(&path, Answer::raw(200, &[], contents.clone()).after(std::time::Duration::from_secs(2)));
    offered.settings.press("Install").await;
    let fetching = async || (offered.releases.requests().len() == 2).then_some(());
    eventually(SOON, "it is being fetched", fetching).await;
    let filler = sandbox::fill(&apart.seen(&folder));
    offered.settings.wait_for_text(SOON, |text| text.contains("not enough disk space: 3 MB needed")).await;
    fs::remove_file(filler).ok();
    offered.nothing_is_left(&apart.seen(&folder));
    apart.unmount(&folder).await;

    offered.releases.answer(&path, Answer::raw(200, &[], contents));
    let doc = offered.copy.path("share/doc");
    apart.mount_small(&doc, 512).await;
    offered.install("share/doc/holdoff/ballast. Nothing was changed").await;
    offered.nothing_is_left(&apart.seen(&doc));
    fs::remove_dir(&doc).unwrap();
    assert_eq!(offered.copy.files(), before);
    assert!(offered.app.is_running());
}

/// A stand-in does what apt would do.
#[tokio::test(flavor = "multi_thread")]
async fn update_deb_is_installed_by_apt_only_with_permission() {
    let deb = || Published { kind: "deb", file: "holdoff_9.9.9-1_amd64.deb".into(), contents: vec![7; 5000] };
    let offered = Offered::new("deb", deb(), |scene, copy, launch| {
        let programs = scene.home.path().join("programs");
        fs::create_dir(&programs).unwrap();
        let new = "#!/bin/sh\\necho \\\"$0 $*\\\" > \\\"$HOME/became\\\"\\nexec sleep 600\\n";
        let tray = copy.path("bin/holdoff-tray").display().to_string();
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> \"$HOME/pkexec\"\n[ -e \"$HOME/permitted\" ] || exit 126\nprintf \"{new}\" > {tray}.new && chmod 755 {tray}.new && mv {tray}.new {tray}\n"
        );
        fs::write(programs.join("pkexec"), script).unwrap();
        fs::set_permissions(programs.join("pkexec"), fs::Permissions::from_mode(0o755)).unwrap();
        launch.env("HOLDOFF_PROGRAMS", programs.to_str().unwrap())
    })
    .await;
    offered.install("Not installed: permission was not given. Nothing was changed.").await;
    let home = offered.scene.home.path();
    fs::write(home.join("permitted"), "").unwrap();
    offered.settings.press("Install").await;
    offered.became().await;
    let asked = fs::read_to_string(home.join("pkexec")).unwrap();
    let file = offered.folder().join("holdoff_9.9.9-1_amd64.deb");
    let line = format!("/usr/bin/apt-get install --yes --no-remove {}\n", file.display());
    assert_eq!(asked, line.repeat(2));
    offered.nothing_is_left(&offered.folder());
}

#[tokio::test(flavor = "multi_thread")]
async fn update_deb_without_pkexec_shows_the_apt_command() {
    let deb = Published { kind: "deb", file: "holdoff_9.9.9-1_amd64.deb".into(), contents: vec![7; 5000] };
    let offered = Offered::new("deb", deb, |_, _, launch| launch.env("HOLDOFF_PROGRAMS", "/nowhere")).await;
    let before = offered.copy.files();
    let text = offered.install("run this in a terminal").await;
    let file = offered.folder().join("holdoff_9.9.9-1_amd64.deb");
    assert!(text.contains(&format!("sudo apt install {}", file.display())), "{text}");
    assert_eq!((fs::read(file).unwrap(), offered.copy.files()), (vec![7; 5000], before));
}
