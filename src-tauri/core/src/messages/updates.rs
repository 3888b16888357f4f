//! Messages about newer versions of Holdoff itself.

use super::{format_duration, format_time, not_before};
use crate::local_time::LocalTime;
use crate::time::Moment;
use crate::updates::{Checked, FetchFailure, InstallFailure, Installing, NotUsable, Offer, PackageKind, UpdatesStatus};
use std::time::Duration;

/// Why a recorded update check was not sent.
pub const UPDATE_LAPSED: &str = "the computer was asleep, or update checks were turned off";
/// Why a build without a key rejects any list.
pub const UPDATE_NO_KEY: &str = "this build has no key to verify a release list";

const NOT_THIS_BUILD: &str = "This build of Holdoff does not check for updates: it has no release address and key. Update it the way you installed it.";
const NOTHING_CHANGED: &str = "Nothing was changed.";

pub fn update_not_sent(why: &str) -> String {
    format!("could not reach the release server: {why}")
}

pub fn update_lost(why: &str) -> String {
    format!("the release server did not respond: {why}")
}

pub fn update_torn(why: &str) -> String {
    format!("the release list arrived incomplete: {why}")
}

pub fn update_limited(wait: Duration) -> String {
    format!("the release server is rate limiting (HTTP 429, Retry-After {})", format_duration(wait))
}

pub fn update_status(status: u16) -> String {
    match status {
        404 => "there is no release list (HTTP 404)".to_owned(),
        500.. => format!("the release server returned an error (HTTP {status})"),
        _ => format!("the release server refused the release list (HTTP {status})"),
    }
}

pub fn update_not_usable(why: &NotUsable) -> String {
    format!("the release list was rejected: {why}")
}

/// The ledger entry of an update check.
pub fn update_checked(checked: &Checked) -> String {
    match checked {
        Checked::Newest => "this is the newest version".to_owned(),
        Checked::Found { version } => format!("version {version} is available"),
        Checked::Older { version } => format!("the newest release is {version}, older than this version"),
        Checked::Failed { why } => why.clone(),
    }
}

/// The ledger entry of a download.
pub fn update_fetched(failure: Option<&FetchFailure>) -> String {
    match failure {
        None => "package downloaded and verified".to_owned(),
        Some(failure) => fetch_failure(failure),
    }
}

fn fetch_failure(failure: &FetchFailure) -> String {
    match failure {
        FetchFailure::RateLimited { retry_after: Some(wait) } => update_limited(*wait),
        FetchFailure::RateLimited { retry_after: None } => "the release server is rate limiting (HTTP 429)".to_owned(),
        FetchFailure::Status(404) => "the package was not found (HTTP 404)".to_owned(),
        FetchFailure::Status(status @ 500..) => update_status(*status),
        FetchFailure::Status(status) => format!("the release server refused the package (HTTP {status})"),
        FetchFailure::NotSent(why) => update_not_sent(why),
        FetchFailure::Torn(why) => format!("the package arrived incomplete: {why}"),
        FetchFailure::NotAsSigned => "the package does not match the signed release list".to_owned(),
        FetchFailure::NoSpace { needed } => {
            format!("not enough disk space: {} MB needed", needed.div_ceil(1_000_000))
        }
        FetchFailure::Disk(why) => format!("could not write the package: {why}"),
    }
}

/// Why an update was not installed, and what to do.
pub fn update_install_failure(failure: &InstallFailure, now: Moment, zone: &LocalTime) -> String {
    match failure {
        InstallFailure::NotOffered => format!("This version is no longer offered. {NOTHING_CHANGED}"),
        InstallFailure::NoPackage => format!("This release has no package for your computer. {NOTHING_CHANGED}"),
        InstallFailure::Held { until } => {
            let until = not_before(until.wall_as_of(now), now.wall, zone);
            format!("The release server asked Holdoff to wait. Try again at {until}.")
        }
        InstallFailure::Fetch(failure) => {
            let advice = match failure {
                FetchFailure::NoSpace { .. } | FetchFailure::Disk(_) => " Free some space and try again.",
                FetchFailure::NotAsSigned => " Do not install it by hand.",
                FetchFailure::RateLimited { .. } => " Try again later.",
                FetchFailure::Status(_) | FetchFailure::NotSent(_) | FetchFailure::Torn(_) => " Try again later.",
            };
            format!("Not installed: {}. {NOTHING_CHANGED}{advice}", fetch_failure(failure))
        }
        InstallFailure::Put(why) => format!("Not installed: {why}."),
    }
}

/// The progress of an installation; `None` if there is nothing to report.
pub fn update_installing(installing: &Installing, now: Moment, zone: &LocalTime) -> Option<String> {
    Some(match installing {
        Installing::No => return None,
        Installing::Wanted(_) | Installing::Fetching => "Downloading…".to_owned(),
        Installing::Fetched | Installing::Putting => "Installing…".to_owned(),
        Installing::Done => "Installed. Holdoff restarts.".to_owned(),
        Installing::ToPaste { .. } => {
            "The package is downloaded and verified. To install it, run this in a terminal:".to_owned()
        }
        Installing::Failed(failure) => update_install_failure(failure, now, zone),
    })
}

/// What "Install" does, or why there is no such button.
pub fn update_how(offer: &Offer, package: Option<PackageKind>) -> &'static str {
    match package {
        None => "This copy was not installed from one of Holdoff's own packages. Update it the way you installed it.",
        Some(_) if !offer.can_install => "This release has no package for your computer.",
        Some(PackageKind::Archive) => {
            "Holdoff downloads it, verifies its signature, replaces its own files and restarts."
        }
        Some(PackageKind::Deb) => {
            "Holdoff downloads it, verifies its signature and installs it with apt, which asks for an administrator's password."
        }
        Some(PackageKind::Rpm) => "Holdoff downloads it, verifies its signature and shows how to install it.",
    }
}

/// Title and body of the only notification about a new version.
pub fn update_found(version: &str, this: &str) -> (String, String) {
    (
        format!("Holdoff {version} is available"),
        format!("You have version {this}. See the settings for what is new. Nothing is installed until you choose to."),
    )
}

/// The item in the tray's menu.
pub fn update_menu(version: &str) -> String {
    format!("Version {version} is available…")
}

/// The state of updates, in one or two sentences.
pub fn updates_status(status: &UpdatesStatus, now: Moment, zone: &LocalTime) -> String {
    if !status.can_check {
        return NOT_THIS_BUILD.to_owned();
    }
    if !status.wanted {
        return "Update checks are off.".to_owned();
    }
    let asked = status.asked.map(|at| format_time(at, now.wall, zone));
    let last = match (&status.outcome, asked) {
        (Some(Checked::Failed { why }), Some(at)) => format!("The last check at {at} failed: {why}."),
        (Some(checked), Some(at)) => format!("Last checked at {at}: {}.", update_checked(checked)),
        (_, _) => "Not checked yet.".to_owned(),
    };
    let next = status.next.filter(|next| next.is_after(now));
    let next = next.map(|next| format!(" Next check at {}.", not_before(next.wall_as_of(now), now.wall, zone)));
    last + &next.unwrap_or_default()
}
