//! Newer versions of Holdoff, as the windows show them.

use super::Known;
use crate::view::{UpdateView, UpdatesView};
use holdoff_core::updates::{Installing, Offer, UpdatesStatus};
use holdoff_core::words;

pub fn view(known: &Known<'_>) -> UpdatesView {
    let status = known.updates;
    UpdatesView {
        possible: status.can_look,
        chosen: known.settings.updates,
        text: words::updates_status(status, known.now, known.zone),
        update: status.offer.as_ref().map(|offer| update(offer, known)),
    }
}

fn update(offer: &Offer, known: &Known<'_>) -> UpdateView {
    let UpdatesStatus { installing, package, .. } = known.updates;
    UpdateView {
        version: offer.version.clone(),
        date: offer.date.clone(),
        notes: offer.notes.clone(),
        how: words::update_how(offer, *package).to_owned(),
        can_install: offer.can_install,
        busy: installing.is_under_way() || *installing == Installing::Done,
        progress: words::update_installing(installing, known.now, known.zone),
        failed: matches!(installing, Installing::Failed(_)),
        command: match installing {
            Installing::ToPaste { command } => Some(command.clone()),
            _ => None,
        },
    }
}
