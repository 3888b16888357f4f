//! Two levels as bars, one above the other. They lie, because two upright bars mean a pause.

use super::canvas::{Canvas, Tone};
use super::palette::Palette;

/// One bar for each percentage, 0 to 100. A single one is as thick as both.
pub(super) fn bars(canvas: &mut Canvas, palette: &Palette, first: u8, second: Option<u8>) {
    let margin = canvas.px(1.0);
    let gap = canvas.centred(2.0);
    let (top, size) = (margin, canvas.size());
    let Some(second) = second else {
        let high = canvas.centred(8.0);
        bar(canvas, palette, (canvas.centre() - high / 2.0, high), first);
        return;
    };
    let high = canvas.centre() - gap / 2.0 - margin;
    bar(canvas, palette, (top, high), first);
    bar(canvas, palette, (size - margin - high, high), second);
}

/// A frame, filled from the left. Something used and something left can both be seen.
fn bar(canvas: &mut Canvas, palette: &Palette, (top, high): (f32, f32), used: u8) {
    let used = used.min(100);
    let ink = Tone::Ink(palette.of_level(used));
    let line = canvas.px(1.2);
    let wide = canvas.size();
    canvas.rect(0.0, top, wide, high, ink);
    let room = wide - 2.0 * line;
    let filled = match used {
        0 => 0.0,
        100.. => room,
        _ => (room * f32::from(used) / 100.0).round().min(room - 1.0).max(1.0),
    };
    if filled < room {
        canvas.rect(line + filled, top + line, room - filled, high - 2.0 * line, Tone::Cut);
    }
}
