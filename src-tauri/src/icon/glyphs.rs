//! The glyphs shown when there is no level to show.

use super::canvas::{Canvas, Ring, Tone};
use super::palette::Palette;
use std::f32::consts::SQRT_2;

/// The dimensions of an hourglass in pixels: its height, its widths and the height of a cap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glass {
    pub high: f32,
    pub wide: f32,
    pub bulb: f32,
    pub neck: f32,
    pub cap: f32,
}

/// An hourglass with a transparent rim, drawn in front of the faint gauge.
pub(super) fn hourglass(canvas: &mut Canvas, palette: &Palette) {
    let shape = Glass {
        high: canvas.size(),
        wide: canvas.centred(12.0),
        bulb: canvas.centred(9.0),
        neck: canvas.centred(2.0),
        cap: canvas.px(2.0),
    };
    let gap = canvas.px(1.0);
    let clear = Glass {
        wide: shape.wide + 2.0 * gap,
        bulb: shape.bulb + 2.0 * gap,
        neck: shape.neck + 2.0 * gap,
        cap: shape.cap + gap,
        ..shape
    };
    glass(canvas, clear, Tone::Cut);
    glass(canvas, shape, Tone::Ink(palette.wait));
}

/// An hourglass in the middle.
pub(super) fn glass(canvas: &mut Canvas, shape: Glass, tone: Tone) {
    let Glass { high, wide, bulb, neck, cap } = shape;
    let centre = canvas.centre();
    let (left, top, bottom) = (centre - wide / 2.0, centre - high / 2.0, centre + high / 2.0);
    canvas.rect(left, top, wide, cap, tone);
    canvas.rect(left, bottom - cap, wide, cap, tone);
    let at = |width: f32, y: f32| [(centre - width / 2.0, y), (centre + width / 2.0, y)];
    let [a, b] = at(bulb, top + cap);
    let [d, c] = at(neck, centre - neck / 2.0);
    let [e, f] = at(neck, centre + neck / 2.0);
    let [h, g] = at(bulb, bottom - cap);
    canvas.polygon(&[a, b, c, f, g, h, e, d], tone);
}

/// Two bars.
pub(super) fn bars(canvas: &mut Canvas, palette: &Palette) {
    let ink = Tone::Ink(palette.full);
    let gap = canvas.centred(4.0);
    let wide = canvas.px(4.0);
    let margin = canvas.px(1.0);
    let high = canvas.size() - 2.0 * margin;
    let centre = canvas.centre();
    canvas.rect(centre - gap / 2.0 - wide, margin, wide, high, ink);
    canvas.rect(centre + gap / 2.0, margin, wide, high, ink);
}

/// A closed padlock.
pub(super) fn padlock(canvas: &mut Canvas, palette: &Palette) {
    let ink = Tone::Ink(palette.high);
    let centre = canvas.centre();
    let wide = canvas.centred(14.0);
    let body = canvas.px(9.0);
    let bow = canvas.centred(10.0);
    let thick = canvas.px(2.0);
    let top = canvas.size() - body;
    let ring = Ring { x: centre, y: bow / 2.0, outer: bow / 2.0, thick };
    canvas.ring(ring, -0.25, 0.25, ink);
    let leg = top - bow / 2.0;
    canvas.rect(centre - bow / 2.0, bow / 2.0, thick, leg, ink);
    canvas.rect(centre + bow / 2.0 - thick, bow / 2.0, thick, leg, ink);
    canvas.rounded([centre - wide / 2.0, top, wide, body], canvas.px(1.0), ink);
    let hole = canvas.centred(1.6);
    let deep = canvas.px(4.0);
    canvas.rect(centre - hole / 2.0, top + ((body - deep) / 2.0).round(), hole, deep, Tone::Cut);
}

/// An empty circle with a line through it.
pub(super) fn struck_out(canvas: &mut Canvas, palette: &Palette) {
    let ink = Tone::Ink(palette.plain);
    let centre = canvas.centre();
    let ring = Ring { x: centre, y: centre, outer: centre, thick: canvas.px(1.4) };
    canvas.ring(ring, 0.0, 1.0, ink);
    let thick = canvas.px(2.0);
    stroke(canvas, thick + 2.0 * canvas.px(1.0), Tone::Cut);
    stroke(canvas, thick, ink);
}

/// A diagonal line from corner to corner.
fn stroke(canvas: &mut Canvas, thick: f32, tone: Tone) {
    let size = canvas.size();
    let side = thick * SQRT_2 / 2.0;
    let far = size - side;
    canvas.polygon(&[(0.0, far), (far, 0.0), (size, 0.0), (size, side), (side, size), (0.0, size)], tone);
}

/// A question mark.
pub(super) fn question(canvas: &mut Canvas, palette: &Palette) {
    let ink = Tone::Ink(palette.plain);
    let thick = canvas.px(2.6);
    // The stem is aligned to whole pixels, so an odd thickness shifts the glyph by half a pixel.
    let centre = (canvas.centre() - thick / 2.0).round() + thick / 2.0;
    let outer = thick / 2.0 + canvas.px(3.3);
    let top = canvas.px(1.0);
    let bottom = canvas.size() - top;
    let ring = Ring { x: centre, y: top + outer, outer, thick };
    canvas.ring(ring, -0.25, 0.5, ink);
    let left = centre - thick / 2.0;
    let stem = top + 2.0 * outer - thick;
    canvas.rect(left, stem, thick, bottom - thick - canvas.px(1.2) - stem, ink);
    canvas.rect(left, bottom - thick, thick, thick, ink);
}
