//! Checks the route to each provider: proxy and certificates.

use super::Finding;
use crate::saved_state::SavedState;
use holdoff_engine::credentials::monitor::Unwatched;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::tasks::condition::{Condition, NetworkCondition};

/// Uses the running app's view, otherwise that of an app started from here.
pub fn inspect(environment: &Environment, saved: &SavedState, condition: &Option<Condition>) -> Vec<Finding> {
    let here = || Condition::of(environment, &saved.settings, Unwatched::new());
    let networks = condition.clone().unwrap_or_else(here).networks;
    if networks.values().all(|network| *network == NetworkCondition::default()) {
        return vec![Finding::fine("no proxy, and only this computer's certificates")];
    }
    networks.iter().flat_map(|(place, network)| of(place, network)).collect()
}

fn of(place: &str, NetworkCondition { in_force, wrong }: &NetworkCondition) -> Vec<Finding> {
    if let Some(why) = wrong {
        let what = format!("no requests are sent for {place}: {why}");
        return vec![Finding::wrong(what, "Fix it there. Holdoff reads it again for each request.")];
    }
    if in_force.is_empty() {
        return vec![Finding::fine(format!("{place}: no proxy, and only this computer's certificates"))];
    }
    in_force.iter().map(|(what, whence)| Finding::fine(format!("{place}: {what} ({whence})"))).collect()
}
