//! The backing behind the shapes on a panel of unknown colour.

use super::Pixmap;
use tiny_skia::{Color, ColorU8};

/// The width of the rim in pixels, on an icon of `size` pixels.
pub(super) fn width(size: u32) -> u32 {
    match size {
        ..8 => 0,
        _ => ((size + 12) / 24).clamp(1, 4),
    }
}

/// The image with an opaque rim of `width` pixels in `color` around its shapes. It grows by that width on each side.
///
/// With `disc`, the whole inscribed circle is filled: a rim around thin lines would blur them.
pub(super) fn around(inner: &Pixmap, width: u32, color: Color, disc: bool) -> Pixmap {
    let size = inner.size + 2 * width;
    let mut rgba = Vec::with_capacity((size * size * 4) as usize);
    let rim = color.to_color_u8();
    for y in 0..size {
        for x in 0..size {
            let at = (i64::from(x) - i64::from(width), i64::from(y) - i64::from(width));
            let behind = if disc { within_disc(size, x, y) } else { 0.0 };
            let cover = reach(inner, at, i64::from(width)).max(behind);
            rgba.extend(over(pixel(inner, at), rim, cover));
        }
    }
    Pixmap { size, rgba }
}

/// The fraction of a pixel, 0 to 1, within `width` of a shape.
fn reach(inner: &Pixmap, (x, y): (i64, i64), width: i64) -> f32 {
    if pixel(inner, (x, y))[3] == u8::MAX {
        return 1.0;
    }
    let mut most = 0.0_f32;
    for dy in -width..=width {
        for dx in -width..=width {
            let alpha = f32::from(pixel(inner, (x + dx, y + dy))[3]) / 255.0;
            let distance = ((dx * dx + dy * dy) as f32).sqrt();
            most = most.max(alpha * (width as f32 + 1.0 - distance).clamp(0.0, 1.0));
        }
    }
    most
}

/// The fraction of a pixel, 0 to 1, within the inscribed circle.
fn within_disc(size: u32, x: u32, y: u32) -> f32 {
    let radius = size as f32 / 2.0;
    let distance = (x as f32 + 0.5 - radius).hypot(y as f32 + 0.5 - radius);
    (radius + 0.5 - distance).clamp(0.0, 1.0)
}

/// Pixels outside of the image are transparent.
fn pixel(picture: &Pixmap, (x, y): (i64, i64)) -> [u8; 4] {
    let size = i64::from(picture.size);
    if x < 0 || y < 0 || x >= size || y >= size {
        return [0; 4];
    }
    let start = ((y * size + x) * 4) as usize;
    match picture.rgba.get(start..start + 4) {
        Some(&[red, green, blue, alpha]) => [red, green, blue, alpha],
        _ => [0; 4],
    }
}

/// Blends `top` over a layer of `below` that covers the fraction `cover` of the pixel.
fn over(top: [u8; 4], below: ColorU8, cover: f32) -> [u8; 4] {
    let alpha = f32::from(top[3]) / 255.0;
    let rest = cover * (1.0 - alpha);
    let sum = alpha + rest;
    if sum <= 0.0 {
        return [0; 4];
    }
    let mix = |top: u8, below: u8| ((f32::from(top) * alpha + f32::from(below) * rest) / sum).round() as u8;
    [mix(top[0], below.red()), mix(top[1], below.green()), mix(top[2], below.blue()), (sum * 255.0).round() as u8]
}
