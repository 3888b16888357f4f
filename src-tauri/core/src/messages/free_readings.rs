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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::snapshots::{NOW, account};
    use crate::quota::{Provenance, QuotaWindow, Reading, WindowKind};

    /// How to get a fresh reading after one of `source`, with a window of its own `origin`.
    fn after(source: Source, origin: Option<Source>) -> String {
        let window = QuotaWindow {
            id: "five_hour".into(),
            kind: WindowKind::Session,
            label: "5-hour".into(),
            used_percent: Some(42.0),
            resets_at: None,
            duration_s: None,
            binding: false,
            origin: origin.map(|source| Provenance { at: NOW.wall, source }),
            locked: None,
        };
        how_to_get_one(&AccountState {
            reading: Some(Reading::new(source, NOW.wall, vec![window], vec![])),
            ..account()
        })
    }

    #[test]
    fn free_reading_needs_a_prompt_alone_where_the_status_line_gave_one_before() {
        let prompt = "For a fresh reading, run a prompt in Claude Code.";
        let set_up = "For a fresh reading, let Claude Code's status line call Holdoff (in the settings, or with: holdoff statusline install), then run a prompt in Claude Code.";
        assert_eq!(how_to_get_one(&account()), set_up);
        for source in [Source::UsageEndpoint, Source::OwnerCache] {
            assert_eq!(after(source, None), set_up, "{source:?}");
            assert_eq!(after(source, Some(Source::StatusLine)), prompt, "{source:?}");
            assert_eq!(after(Source::StatusLine, Some(source)), prompt, "{source:?}");
        }
        assert_eq!(after(Source::StatusLine, None), prompt);
    }
}
