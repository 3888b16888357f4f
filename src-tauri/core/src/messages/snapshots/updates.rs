//! What is said of newer versions.

use super::*;
use crate::updates::{Checked, FetchFailure, InstallFailure, Installing, NotUsable, Offer, PackageKind, UpdatesStatus};

#[test]
fn how_updates_stand() {
    let status = |outcome, asked: bool| UpdatesStatus {
        can_look: true,
        wanted: true,
        asked: asked.then_some(NOW.wall),
        next: asked.then(|| in_min(24 * 60)),
        outcome,
        ..UpdatesStatus::default()
    };
    let all = [
        UpdatesStatus::default(),
        UpdatesStatus { can_look: true, ..UpdatesStatus::default() },
        status(None, false),
        status(Some(Checked::Newest), true),
        status(Some(Checked::Found { version: "0.2.0".into() }), true),
        status(Some(Checked::Older { version: "0.0.9".into() }), true),
        status(Some(Checked::Failed { why: update_not_usable(&NotUsable::WrongSignature) }), true),
        status(Some(Checked::Failed { why: update_not_usable(&NotUsable::NoList) }), true),
        status(Some(Checked::Failed { why: update_limited(Duration::from_secs(7200)) }), true),
        status(Some(Checked::Failed { why: update_status(503) }), true),
        status(Some(Checked::Failed { why: update_not_sent("no connection") }), true),
    ];
    expect![[r#"
        This build of Holdoff does not look for newer versions: it was built without the address and the key of releases. Update it the way you installed it.
        Holdoff does not look for newer versions.
        Not checked yet.
        Last checked at 15:00: this is the newest version. Next check at Tue 15:00.
        Last checked at 15:00: version 0.2.0 is available. Next check at Tue 15:00.
        Last checked at 15:00: the newest release is 0.0.9, older than this version. Next check at Tue 15:00.
        The last check, at 15:00, failed: the list of releases is not used: its signature is not that of Holdoff's releases. Next check at Tue 15:00.
        The last check, at 15:00, failed: the list of releases is not used: what came is no list of releases. Next check at Tue 15:00.
        The last check, at 15:00, failed: the release server asks to wait 2 h (429). Next check at Tue 15:00.
        The last check, at 15:00, failed: the release server has trouble (503). Next check at Tue 15:00.
        The last check, at 15:00, failed: the release server could not be reached: no connection. Next check at Tue 15:00.
    "#]].assert_eq(&lines(&all, |status| updates_status(status, NOW, &UTC)));
}

#[test]
fn what_came_of_installing() {
    let failures = [
        FetchFailure::RateLimited { retry_after: Some(Duration::from_secs(1200)) },
        FetchFailure::RateLimited { retry_after: None },
        FetchFailure::Status(404),
        FetchFailure::Status(403),
        FetchFailure::Status(502),
        FetchFailure::NotSent("no connection".into()),
        FetchFailure::Torn("the connection broke in the middle of it".into()),
        FetchFailure::NotAsSigned,
        FetchFailure::NoSpace { needed: 9_400_000 },
        FetchFailure::Disk("No space left on device".into()),
    ];
    let mut all = vec![
        Installing::Fetching,
        Installing::Putting,
        Installing::Done,
        Installing::ToPaste { command: "sudo apt install x".into() },
        Installing::Failed(InstallFailure::NotOffered),
        Installing::Failed(InstallFailure::NoPackage),
        Installing::Failed(InstallFailure::Held { until: in_min(20) }),
        Installing::Failed(InstallFailure::Put("/usr/local/bin is not yours to write".into())),
    ];
    all.extend(failures.into_iter().map(|failure| Installing::Failed(InstallFailure::Fetch(failure))));
    expect![[r#"
        Downloading…
        Installing…
        Installed. Holdoff restarts.
        The package is downloaded, and its signature is right. To install it, run this in a terminal:
        This version is not offered any more. Nothing was changed.
        This release has no package for your computer. Nothing was changed.
        The release server asked Holdoff to wait. Try again at 15:20.
        Not installed: /usr/local/bin is not yours to write.
        Not installed: the release server asks to wait 20 min (429). Nothing was changed. Try again later.
        Not installed: the release server asks to wait (429). Nothing was changed. Try again later.
        Not installed: the package is not there (404). Nothing was changed. Try again later.
        Not installed: the release server does not give the package (403). Nothing was changed. Try again later.
        Not installed: the release server has trouble (502). Nothing was changed. Try again later.
        Not installed: the release server could not be reached: no connection. Nothing was changed. Try again later.
        Not installed: the package did not come whole: the connection broke in the middle of it. Nothing was changed. Try again later.
        Not installed: the package is not the one that was signed. Nothing was changed. Do not install it by hand.
        Not installed: there is no room for it: 10 MB are needed. Nothing was changed. Free some space and try again.
        Not installed: the package could not be written: No space left on device. Nothing was changed. Free some space and try again.
    "#]].assert_eq(&lines(&all, |one| update_installing(one, NOW, &UTC).unwrap()));
}

#[test]
fn what_is_said_of_a_version() {
    let offer = Offer { version: "0.2.0".into(), date: "2026-12-01".into(), notes: vec![], can_install: true };
    let kinds = [None, Some(PackageKind::Archive), Some(PackageKind::Deb), Some(PackageKind::Rpm)];
    let mut text = lines(kinds, |kind| update_how(&offer, kind).to_owned());
    let none = Offer { can_install: false, ..offer };
    let (title, body) = update_found("0.2.0", "0.1.0");
    text += &format!("{}\n{title}\n{body}\n{}\n", update_how(&none, Some(PackageKind::Deb)), update_menu("0.2.0"));
    expect![[r#"
        This copy was not installed from one of Holdoff's own packages. Update it the way you installed it.
        Holdoff downloads it, checks its signature, replaces its own files and restarts.
        Holdoff downloads it, checks its signature, and has apt install it, which asks for an administrator's password.
        Holdoff downloads it, checks its signature, and says how to install it.
        This release has no package for your computer.
        Holdoff 0.2.0 is available
        You have version 0.1.0. The settings say what is new. Nothing is installed unless you do it.
        Version 0.2.0 is available…
    "#]]
    .assert_eq(&text);
}
