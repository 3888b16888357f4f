//! Readings that cost no request: what that means, and how to get a fresh one.

use crate::quota::Source;
use crate::state::AccountState;

/// What holds while nothing is asked (law 16).
pub const FREE_ONLY: &str = "Free readings only: Holdoff sends no requests.";

/// Whether the owner's status line calls Holdoff is told by the readings that came of it.
pub fn how_to_get_one(state: &AccountState) -> String {
    let owner = state.provider.owner();
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
