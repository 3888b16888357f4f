//! The ring that shows a level.

use super::canvas::{Canvas, Ring, Tone};
use super::palette::{FULL, HIGH, Palette, faint};

const THICK: f32 = 3.0;
const THIN: f32 = 1.2;

/// The gauge of a fresh reading. `used` is 0 to 100.
pub(super) fn level(canvas: &mut Canvas, palette: &Palette, used: u8) {
    // The ring gets thinner where a mark in the middle needs room at the smallest sizes.
    let (color, thick) = match used {
        FULL.. => (palette.full, 2.2),
        HIGH.. => (palette.high, THICK),
        _ => (palette.calm, 4.0),
    };
    let ink = Tone::Ink(color);
    let centre = canvas.centre();
    if used >= 100 {
        canvas.disc(centre, centre, centre, ink);
        exclamation(canvas, 2.4, 2.0, Tone::Cut);
        return;
    }
    ring(canvas, THIN, 0.0, 1.0, ink);
    ring(canvas, thick, 0.0, f32::from(used) / 100.0, ink);
    if used >= FULL {
        exclamation(canvas, 1.9, 3.6, ink);
    } else if used >= HIGH {
        let dot = canvas.centred(4.0);
        canvas.disc(centre, centre, dot / 2.0, ink);
    }
}

/// The last level, drawn behind a glyph.
pub(super) fn faint_level(canvas: &mut Canvas, palette: &Palette, used: u8) {
    let ink = Tone::Ink(faint(palette.plain, 0.6));
    let turn = f32::from(used) / 100.0;
    ring(canvas, THICK, 0.0, turn, ink);
    ring(canvas, THIN, turn, 1.0, ink);
}

/// A clock: two hands and the ring in four quarters, with the part up to the last level thick.
pub(super) fn stale(canvas: &mut Canvas, palette: &Palette, used: Option<u8>) {
    let ink = Tone::Ink(palette.plain);
    ring(canvas, THIN, 0.0, 1.0, ink);
    // Rounded to whole eighths: a smaller piece would be a speck beside a gap, and an old reading is no more exact.
    let eighths = (f32::from(used.unwrap_or(0)) / 12.5).round();
    ring(canvas, THICK, 0.0, eighths / 8.0, ink);
    let (centre, size) = (canvas.centre(), canvas.size());
    let gap = canvas.centred(2.0);
    canvas.rect(centre - gap / 2.0, 0.0, gap, size, Tone::Cut);
    canvas.rect(0.0, centre - gap / 2.0, size, gap, Tone::Cut);
    hands(canvas, ink);
}

fn hands(canvas: &mut Canvas, ink: Tone) {
    let centre = canvas.centre();
    let wide = canvas.centred(1.8);
    let long = canvas.px(4.0);
    canvas.rect(centre - wide / 2.0, centre - long, wide, long + wide / 2.0, ink);
    canvas.rect(centre - wide / 2.0, centre - wide / 2.0, long, wide, ink);
}

fn ring(canvas: &mut Canvas, thick: f32, from: f32, to: f32, tone: Tone) {
    let centre = canvas.centre();
    let ring = Ring { x: centre, y: centre, outer: centre, thick: canvas.px(thick) };
    canvas.ring(ring, from, to, tone);
}

/// An exclamation mark in the middle, `margin` sixteenths from top and bottom.
fn exclamation(canvas: &mut Canvas, wide: f32, margin: f32, tone: Tone) {
    let wide = canvas.centred(wide);
    let gap = canvas.px(1.0);
    let left = canvas.centre() - wide / 2.0;
    let top = canvas.px(margin);
    let bottom = canvas.size() - top;
    canvas.rect(left, top, wide, bottom - top - wide - gap, tone);
    canvas.rect(left, bottom - wide, wide, wide, tone);
}
