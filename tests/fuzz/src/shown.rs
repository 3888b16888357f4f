//! What may be shown of external input: short, on one line, and never a token.

use holdoff_core::LocalTime;
use holdoff_core::quota::{Reading, Spend};
use holdoff_core::settings::Percent;
use holdoff_core::{Wall, messages};

/// The prefix of the provider's tokens.
pub const TOKEN: &str = "sk-ant";
/// The maximum number of windows that are kept.
const WINDOWS_MAX: usize = 40;
/// The provider's longest name, twice, with the text around it.
const TEXT_MAX: usize = 200;

/// A reading as it is stored and shown.
pub fn reading(reading: &Reading, now: Wall) {
    assert!(reading.windows.len() <= WINDOWS_MAX, "{} windows", reading.windows.len());
    assert!(reading.money.len() <= 4, "{:?}", reading.money);
    for window in &reading.windows {
        percent(window.used_percent);
        text(&window.id);
        text(&window.label);
        let plausible = |at: Wall| at.0 > 0 && at.0 <= 7_258_118_400_000;
        assert!(window.resets_at.is_none_or(plausible), "{window:?}");
        for shown in [Percent::Used, Percent::Left] {
            text(&messages::window_line(window, shown, now, &LocalTime::UTC));
        }
    }
    reading.money.iter().for_each(money);
    for shown in [Percent::Used, Percent::Left] {
        token_free(&messages::tooltip(reading, shown, now, &LocalTime::UTC));
    }
    let kept = serde_json::to_string(reading).expect("a reading can be kept");
    token_free(&kept);
    let again: Reading = serde_json::from_str(&kept).expect("what was kept can be read again");
    assert_eq!(again, *reading);
}

fn money(money: &Spend) {
    percent(money.used_percent);
    text(&money.id);
    text(&money.label);
    text(money.note.as_deref().unwrap_or_default());
    text(&messages::money_line(money));
}

fn percent(used: Option<f64>) {
    assert!(used.is_none_or(|used| used.is_finite() && used >= 0.0), "{used:?}");
}

/// A text in a line of a window or menu.
pub fn text(text: &str) {
    assert!(text.chars().count() <= TEXT_MAX, "{} characters: {text:.80}", text.chars().count());
    assert!(!text.chars().any(char::is_control), "{text:?}");
    token_free(text);
}

/// Case-insensitive: anything that looks like a token counts as one.
pub fn token_free(text: &str) {
    assert!(!text.to_ascii_lowercase().contains(TOKEN), "{text:?}");
}
