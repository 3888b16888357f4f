//! Colours. They only repeat what the shapes show.

use super::PanelTheme;
use tiny_skia::Color;

/// From this percentage on, a dot in the middle shows that the window runs short.
pub(super) const HIGH: u8 = holdoff_core::gate::policy::RUNS_SHORT;
/// From this percentage on, an exclamation mark in the middle shows that the window is nearly used up.
pub(super) const FULL: u8 = 95;

/// The colours for one kind of panel.
pub(super) struct Palette {
    /// A level with enough left.
    pub calm: Color,
    /// A level that runs short.
    pub high: Color,
    /// A level that is nearly used up, and states that wait for the user.
    pub full: Color,
    /// Waiting.
    pub wait: Color,
    /// Glyphs that need no action.
    pub plain: Color,
    /// The colour behind and around every shape, if any.
    pub rim: Option<Color>,
}

impl Palette {
    pub(super) fn of(ink: PanelTheme) -> Self {
        match ink {
            PanelTheme::OnDark => Self {
                calm: rgb(0xf3f5f7),
                high: rgb(0xffb83d),
                full: rgb(0xff7a75),
                wait: rgb(0x86c5ff),
                plain: rgb(0xdfe3e8),
                rim: None,
            },
            PanelTheme::OnLight => Self {
                calm: rgb(0x1d252d),
                high: rgb(0x9a5700),
                full: rgb(0xc01f28),
                wait: rgb(0x0b5cab),
                plain: rgb(0x3a444e),
                rim: None,
            },
            PanelTheme::Template => {
                let black = rgb(0);
                Self { calm: black, high: black, full: black, wait: black, plain: black, rim: None }
            }
            // Darker than on a dark panel: on a light panel, white lines would look like gaps.
            PanelTheme::Either => Self {
                calm: rgb(0x2fc9b5),
                high: rgb(0xffab1f),
                full: rgb(0xff6b66),
                wait: rgb(0x5aa9ff),
                plain: rgb(0xb4bec8),
                rim: Some(rgb(0x1a2229)),
            },
        }
    }
}

impl Palette {
    /// The colour of a level.
    pub(super) fn of_level(&self, used: u8) -> Color {
        match used {
            FULL.. => self.full,
            HIGH.. => self.high,
            _ => self.calm,
        }
    }
}

/// The same colour with less opacity.
pub(super) fn faint(mut color: Color, opacity: f32) -> Color {
    color.apply_opacity(opacity);
    color
}

pub(super) fn rgb(hex: u32) -> Color {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color::from_rgba8(red, green, blue, 255)
}
