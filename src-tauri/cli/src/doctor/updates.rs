//! Reports whether update checks are on, and the last result.

use super::Finding;
use crate::saved_state::SavedState;
use holdoff_core::Updates;
use holdoff_core::messages;
use holdoff_core::updates::{Checked, PackageKind};
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::updates::ThisCopy;

pub fn inspect(environment: &Environment, saved: &SavedState) -> Vec<Finding> {
    let copy = ThisCopy::find();
    let key = environment.releases.as_ref().map(|releases| releases.key.clone());
    let updates = (&saved.settings).into();
    let status = Updates::new(copy.build(key), saved.state.updates.clone(), updates, saved.now, 0).status();
    let from = match status.package {
        Some(PackageKind::Archive) => "this copy was installed from Holdoff's archive",
        Some(PackageKind::Deb) => "this copy was installed from Holdoff's .deb",
        Some(PackageKind::Rpm) => "this copy was installed from Holdoff's .rpm",
        None => "this copy was built or packaged by somebody else, so Holdoff does not update it",
    };
    let said = messages::updates_status(&status, saved.now, &saved.local_time());
    let finding = match status.outcome {
        Some(Checked::Failed { .. }) if status.wanted => Finding::note(said),
        _ if status.can_check => Finding::fine(said),
        _ => Finding::note(said),
    };
    vec![Finding::fine(from), finding]
}
