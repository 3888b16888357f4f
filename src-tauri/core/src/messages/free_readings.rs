//! Free readings, which need no request: what they are, and how to get a fresh one.

use crate::quota::Source;
use crate::state::AccountState;

/// Shown while no requests are sent (law 16).
pub const FREE_ONLY: &str = "Free readings only: Holdoff sends no requests.";

/// Readings from the status line prove that the owner's status line calls Holdoff.
pub fn how_to_get_one(state: &AccountState) -> String {
    let Some(owner) = state.provider.owner_info().map(|owner| owner.name) else {
        return format!("{} gives no readings without a request.", state.provider.name());
    };
    let told = state.reading.as_ref().is_some_and(|reading| {
        let of_a_window = |window| reading.origin(window).source == Source::StatusLine;
        reading.source == Source::StatusLine || reading.windows.iter().any(of_a_window)
    });
    match told {
        true => format!("For a fresh reading, run a prompt in {owner}."),
        false => format!(
            "For a fresh reading, let {owner}'s status line call Holdoff (in the settings, or with: holdoff statusline install), then run a prompt in {owner}."
        ),
    }
}
