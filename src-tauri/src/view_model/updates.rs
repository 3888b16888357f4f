//! Newer versions of Holdoff, as the windows show them.

use crate::view::{UpdateView, UpdatesView};
use crate::view_context::ViewContext;
use holdoff_core::messages;
use holdoff_core::updates::{Installing, Offer, UpdatesStatus};

pub fn view(context: &ViewContext<'_>) -> UpdatesView {
    let status = context.updates;
    UpdatesView {
        possible: status.can_check,
        chosen: context.settings.updates,
        text: messages::updates_status(status, context.now, context.zone),
        update: status.offer.as_ref().map(|offer| update(offer, context)),
    }
}

fn update(offer: &Offer, context: &ViewContext<'_>) -> UpdateView {
    let UpdatesStatus { installing, package, .. } = context.updates;
    UpdateView {
        version: offer.version.clone(),
        date: offer.date.clone(),
        notes: offer.notes.clone(),
        how: messages::update_how(offer, *package).to_owned(),
        can_install: offer.can_install,
        busy: installing.is_under_way() || *installing == Installing::Done,
        progress: messages::update_installing(installing, context.now, context.zone),
        failed: matches!(installing, Installing::Failed(_)),
        command: match installing {
            Installing::ToPaste { command } => Some(command.clone()),
            _ => None,
        },
    }
}
