//! Numbers of up to three characters, from straight strokes on whole pixels: a font would be blurred at these sizes.

use super::canvas::{Canvas, Tone};
use super::palette::Palette;

/// The strokes of a character: top, upper and lower right, bottom, lower and upper left, middle.
type Strokes = [bool; 7];

fn strokes(character: u8) -> Strokes {
    let bits: u8 = match character {
        b'0' => 0b111_1110,
        b'1' => 0b011_0000,
        b'2' => 0b110_1101,
        b'3' => 0b111_1001,
        b'4' => 0b011_0011,
        b'5' => 0b101_1011,
        b'6' => 0b101_1111,
        b'7' => 0b111_0000,
        b'8' => 0b111_1111,
        b'9' => 0b111_1011,
        b'h' => 0b001_0111,
        b'd' => 0b011_1101,
        b'\'' => 0b000_0010,
        _ => 0,
    };
    [6, 5, 4, 3, 2, 1, 0].map(|bit| bits >> bit & 1 == 1)
}

/// Draws the characters as large as they fit. The colour is that of the level.
pub(super) fn number(canvas: &mut Canvas, palette: &Palette, used: u8, characters: impl Iterator<Item = u8>) {
    let characters: Vec<u8> = characters.collect();
    let count = characters.len().max(2) as f32;
    let ink = Tone::Ink(palette.of_level(used));
    let gap = canvas.px(if count > 2.0 { 1.0 } else { 2.0 });
    let wide = ((canvas.size() - gap * (count - 1.0)) / count).floor();
    let thick = canvas.px(if count > 2.0 { 1.2 } else { 2.0 });
    let high = canvas.centred(14.0);
    let all = characters.len() as f32 * (wide + gap) - gap;
    let (mut left, top) = (((canvas.size() - all) / 2.0).floor(), canvas.centre() - high / 2.0);
    for character in characters {
        let cell = Cell { left, top, wide, high, thick };
        draw(canvas, &cell, strokes(character), ink);
        left += wide + gap;
    }
}

/// Where a character is, in pixels.
struct Cell {
    left: f32,
    top: f32,
    wide: f32,
    high: f32,
    thick: f32,
}

fn draw(canvas: &mut Canvas, cell: &Cell, strokes: Strokes, ink: Tone) {
    let Cell { left, top, wide, high, thick } = *cell;
    let (right, bottom) = (left + wide - thick, top + high - thick);
    let middle = top + ((high - thick) / 2.0).round();
    let (upper, lower) = (middle + thick - top, bottom + thick - middle);
    let places = [
        (left, top, wide, thick),
        (right, top, thick, upper),
        (right, middle, thick, lower),
        (left, bottom, wide, thick),
        (left, middle, thick, lower),
        (left, top, thick, upper),
        (left, middle, wide, thick),
    ];
    for (stroke, (x, y, wide, high)) in strokes.into_iter().zip(places) {
        if stroke {
            canvas.rect(x, y, wide, high, ink);
        }
    }
}
