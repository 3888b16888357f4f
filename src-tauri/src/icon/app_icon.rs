//! The application's own icon.

use super::Pixmap;
use super::canvas::{Canvas, Ring, Tone};
use super::palette::rgb;
use crate::icon::glyphs::{Glass, glass};

/// The thick part of the ring, from 0 to 1: a level that still leaves room.
const USED: f32 = 0.7;

/// Draws the application's icon, `size` pixels wide and high: the gauge around an hourglass.
///
/// Empty, with size 0, if `size` is 0 or above [`super::MAX_SIZE`].
pub fn app_icon(size: u32) -> Pixmap {
    let Some(mut canvas) = Canvas::new(size) else {
        return Pixmap::empty();
    };
    // Large icons keep the margin that docks and launchers expect; small ones need every pixel.
    let small = size < 64;
    let margin = if small { 0.0 } else { canvas.px(0.75) };
    let side = (canvas.size() - 2.0 * margin) / 16.0;
    canvas.tile(margin, side * 3.6, [rgb(0x2b3a47), rgb(0x121a21)]);

    let centre = canvas.centre();
    let inset = margin + canvas.px(1.4);
    let thick = canvas.px(1.6);
    let ring = Ring { x: centre, y: centre, outer: centre - inset, thick };
    canvas.ring(ring, 0.0, 1.0, Tone::Ink(rgb(0x46596a)));
    canvas.ring(ring, 0.0, USED, Tone::Ink(rgb(0x2fc9b5)));

    let shape = Glass {
        high: canvas.centred(if small { 7.2 } else { 6.2 }),
        wide: canvas.centred(5.2),
        bulb: canvas.centred(if small { 5.2 } else { 4.6 }),
        neck: canvas.centred(1.0),
        cap: canvas.px(0.6),
    };
    glass(&mut canvas, shape, Tone::Ink(rgb(0xf3f5f7)));
    canvas.into_pixmap()
}
