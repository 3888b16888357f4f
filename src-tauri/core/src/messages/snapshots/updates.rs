//! Updates.

use super::*;
use crate::updates::{Checked, FetchFailure, InstallFailure, Installing, NotUsable, Offer, PackageKind, UpdatesStatus};

#[test]
fn update_status_texts() {
    let status = |outcome, asked: bool| UpdatesStatus {
        can_check: true,
        wanted: true,
        asked: asked.then_some(NOW.wall),
        next: asked.then(|| in_min(24 * 60)),
        outcome,
        ..UpdatesStatus::default()
    };
    let all = [
        UpdatesStatus::default(),
        UpdatesStatus { can_check: true, ..UpdatesStatus::default() },
        status(None, false),
        status(Some(Checked::Newest), true),
        status(Some(Checked::Found { version: "0.2.0".into() }), true),
        status(Some(Checked::Older { version: "0.0.9".into() }), true),
        status(Some(Checked::Failed { why: update_not_usable(&NotUsable::WrongSignature) }), true),
        status(Some(Checked::Failed { why: update_not_usable(&NotUsable::NoList) }), true),
        status(Some(Checked::Failed { why: update_limited(Duration::from_secs(7200)) }), true),
        status(Some(Checked::Failed { why: update_status(403) }), true),
        status(Some(Checked::Failed { why: update_status(404) }), true),
        status(Some(Checked::Failed { why: update_status(503) }), true),
        status(Some(Checked::Failed { why: update_not_sent("no connection") }), true),
        status(Some(Checked::Failed { why: update_lost("timed out") }), true),
        status(Some(Checked::Failed { why: update_torn("the connection broke in the middle of it") }), true),
    ];
    expect![[r#"
        This build of Holdoff does not check for updates: it has no release address and key. Update it the way you installed it.
        Update checks are off.
        Not checked yet.
        Last checked at 15:00: this is the newest version. Next check at Tue 15:00.
        Last checked at 15:00: version 0.2.0 is available. Next check at Tue 15:00.
        Last checked at 15:00: the newest release is 0.0.9, older than this version. Next check at Tue 15:00.
        The last check at 15:00 failed: the release list was rejected: its signature is not valid for Holdoff's releases. Next check at Tue 15:00.
        The last check at 15:00 failed: the release list was rejected: it is not a release list. Next check at Tue 15:00.
        The last check at 15:00 failed: the release server is rate limiting (HTTP 429, Retry-After 2 h). Next check at Tue 15:00.
        The last check at 15:00 failed: the release server refused the release list (HTTP 403). Next check at Tue 15:00.
        The last check at 15:00 failed: there is no release list (HTTP 404). Next check at Tue 15:00.
        The last check at 15:00 failed: the release server returned an error (HTTP 503). Next check at Tue 15:00.
        The last check at 15:00 failed: could not reach the release server: no connection. Next check at Tue 15:00.
        The last check at 15:00 failed: the release server did not respond: timed out. Next check at Tue 15:00.
        The last check at 15:00 failed: the release list arrived incomplete: the connection broke in the middle of it. Next check at Tue 15:00.
    "#]].assert_eq(&lines(&all, |status| updates_status(status, NOW, &UTC)));
}

#[test]
fn update_install_outcome_texts() {
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
        The package is downloaded and verified. To install it, run this in a terminal:
        This version is no longer offered. Nothing was changed.
        This release has no package for your computer. Nothing was changed.
        The release server asked Holdoff to wait. Try again at 15:20.
        Not installed: /usr/local/bin is not yours to write.
        Not installed: the release server is rate limiting (HTTP 429, Retry-After 20 min). Nothing was changed. Try again later.
        Not installed: the release server is rate limiting (HTTP 429). Nothing was changed. Try again later.
        Not installed: the package was not found (HTTP 404). Nothing was changed. Try again later.
        Not installed: the release server refused the package (HTTP 403). Nothing was changed. Try again later.
        Not installed: the release server returned an error (HTTP 502). Nothing was changed. Try again later.
        Not installed: could not reach the release server: no connection. Nothing was changed. Try again later.
        Not installed: the package arrived incomplete: the connection broke in the middle of it. Nothing was changed. Try again later.
        Not installed: the package does not match the signed release list. Nothing was changed. Do not install it by hand.
        Not installed: not enough disk space: 10 MB needed. Nothing was changed. Free some space and try again.
        Not installed: could not write the package: No space left on device. Nothing was changed. Free some space and try again.
    "#]].assert_eq(&lines(&all, |one| update_installing(one, NOW, &UTC).unwrap()));
}

#[test]
fn update_offer_and_announcement_texts() {
    let offer = Offer { version: "0.2.0".into(), date: "2026-12-01".into(), notes: vec![], can_install: true };
    let kinds = [None, Some(PackageKind::Archive), Some(PackageKind::Deb), Some(PackageKind::Rpm)];
    let mut text = lines(kinds, |kind| update_how(&offer, kind).to_owned());
    let none = Offer { can_install: false, ..offer };
    let (title, body) = update_found("0.2.0", "0.1.0");
    text += &format!("{}\n{title}\n{body}\n{}\n", update_how(&none, Some(PackageKind::Deb)), update_menu("0.2.0"));
    expect![[r#"
        This copy was not installed from one of Holdoff's own packages. Update it the way you installed it.
        Holdoff downloads it, verifies its signature, replaces its own files and restarts.
        Holdoff downloads it, verifies its signature and installs it with apt, which asks for an administrator's password.
        Holdoff downloads it, verifies its signature and shows how to install it.
        This release has no package for your computer.
        Holdoff 0.2.0 is available
        You have version 0.1.0. See the settings for what is new. Nothing is installed until you choose to.
        Version 0.2.0 is available…
    "#]]
    .assert_eq(&text);
}

#[test]
fn update_download_ledger_texts() {
    let failures = [None, Some(FetchFailure::Status(404)), Some(FetchFailure::NotAsSigned)];
    expect![[r#"
        package downloaded and verified
        the package was not found (HTTP 404)
        the package does not match the signed release list
    "#]]
    .assert_eq(&lines(&failures, |failure| update_fetched(failure.as_ref())));
}
