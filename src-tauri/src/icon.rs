//! The tray icon: shows the most binding quota window and what Holdoff may do.
//!
//! A ring means that the level is known: the thick part is used, the thin part is left. Bars and numbers are other styles of the
//! same. Without a level, a glyph says why.
//! States differ first by shape and then by colour. Each size is drawn on its own pixel grid and never scaled.

mod app_icon;
mod bars;
mod canvas;
mod digits;
mod gauge;
mod glyphs;
mod outline;
mod palette;
#[cfg(test)]
mod tests;

pub use app_icon::app_icon;

use canvas::Canvas;
use palette::Palette;

/// The sizes in pixels that panels request, smallest first.
pub const SIZES: [u32; 6] = [16, 22, 24, 32, 48, 64];

/// The largest size in pixels that is drawn.
pub const MAX_SIZE: u32 = 512;

/// The panel background that the icon is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PanelTheme {
    /// A dark panel: light ink.
    OnDark,
    /// A light panel: dark ink.
    OnLight,
    /// Unknown: light ink on a dark backing, which is readable on both.
    Either,
    /// A system that colours the icon itself and uses only its opacity, as macOS does.
    Template,
}

/// How a [`Glyph::Level`] is drawn. The other glyphs look the same in every style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    Ring,
    /// Two bars, one above the other; one bar without a second percentage.
    Bars {
        second: Option<u8>,
    },
    Number(Number),
}

/// At most three characters: digits, `h`, `d` and `'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number([u8; 3]);

impl Number {
    pub fn new(text: &str) -> Self {
        let mut characters = [b' '; 3];
        characters.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
        Self(characters)
    }

    fn characters(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().filter(|character| *character != b' ')
    }
}

/// The icon's states, one shape each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glyph {
    /// A fresh reading: the gauge.
    Level,
    /// No request is sent until a known time: an hourglass, with the last level as a faint ring.
    CoolingDown,
    /// No request is sent until the user acts: two bars.
    Paused,
    /// The sign-in has expired: a padlock.
    Expired,
    /// No sign-in was found: an empty circle with a line through it.
    Absent,
    /// The last reading is old: a clock whose broken ring shows the last level.
    Stale,
    /// Nothing is known yet: a question mark.
    Unknown,
}

/// All inputs of the drawing. Equal icons have equal pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Icon {
    /// How much of the most binding window is used, 0 to 100; more is drawn as 100.
    pub used_percent: Option<u8>,
    /// A [`Glyph::Level`] without a percentage is drawn as [`Glyph::Unknown`].
    pub glyph: Glyph,
    pub ink: PanelTheme,
    pub style: Style,
}

/// NaN is unknown.
pub fn rounded_down(percent: f64) -> Option<u8> {
    (!percent.is_nan()).then(|| percent.clamp(0.0, 100.0) as u8)
}

/// A square image in straight (not premultiplied) RGBA, rows from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixmap {
    /// Width and height in pixels.
    pub size: u32,
    /// Four bytes a pixel.
    pub rgba: Vec<u8>,
}

impl Icon {
    /// Takes the percentage as the provider reports it.
    ///
    /// It is rounded down, so that a window is drawn as high or full only once it is. NaN counts as unknown.
    pub fn from_percent(used_percent: Option<f64>, glyph: Glyph, ink: PanelTheme) -> Self {
        Self { used_percent: used_percent.and_then(rounded_down), glyph, ink, style: Style::Ring }
    }

    pub fn with_style(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// Draws the icon `size` pixels wide and high.
    ///
    /// Empty, with size 0, if `size` is 0 or above [`MAX_SIZE`].
    pub fn draw(self, size: u32) -> Pixmap {
        if size > MAX_SIZE {
            return Pixmap::empty();
        }
        let palette = Palette::of(self.ink);
        let Some(color) = palette.rim else {
            return self.draw_bare(&palette, size);
        };
        let width = outline::width(size);
        outline::around(&self.draw_bare(&palette, size - 2 * width), width, color, self.is_open())
    }

    /// Draws the icon in each of [`SIZES`].
    pub fn draw_all(self) -> Vec<Pixmap> {
        SIZES.iter().map(|&size| self.draw(size)).collect()
    }

    /// Whether the glyph consists of thin lines with the panel visible between them.
    fn is_open(self) -> bool {
        match self.glyph {
            Glyph::Level => self.style == Style::Ring || self.used_percent.is_none(),
            Glyph::Stale | Glyph::Absent | Glyph::Unknown => true,
            Glyph::CoolingDown => self.used_percent.is_some(),
            Glyph::Paused | Glyph::Expired => false,
        }
    }

    fn draw_bare(self, palette: &Palette, size: u32) -> Pixmap {
        let Some(mut canvas) = Canvas::new(size) else {
            return Pixmap::empty();
        };
        let used = self.used_percent.map(|percent| percent.min(100));
        match (self.glyph, used) {
            (Glyph::Level, Some(used)) => match self.style {
                Style::Ring => gauge::level(&mut canvas, palette, used),
                Style::Bars { second } => bars::bars(&mut canvas, palette, used, second),
                Style::Number(number) => digits::number(&mut canvas, palette, used, number.characters()),
            },
            (Glyph::Level, None) => glyphs::question(&mut canvas, palette),
            (Glyph::CoolingDown, used) => {
                if let Some(used) = used {
                    gauge::faint_level(&mut canvas, palette, used);
                }
                glyphs::hourglass(&mut canvas, palette);
            }
            (Glyph::Paused, _) => glyphs::bars(&mut canvas, palette),
            (Glyph::Expired, _) => glyphs::padlock(&mut canvas, palette),
            (Glyph::Absent, _) => glyphs::struck_out(&mut canvas, palette),
            (Glyph::Stale, used) => gauge::stale(&mut canvas, palette, used),
            (Glyph::Unknown, _) => glyphs::question(&mut canvas, palette),
        }
        canvas.into_pixmap()
    }
}

impl Pixmap {
    fn empty() -> Self {
        Self { size: 0, rgba: Vec::new() }
    }

    /// The pixels in the format of a StatusNotifierItem's `IconPixmap`: ARGB32 in network byte order.
    pub fn to_argb32_be(&self) -> Vec<u8> {
        self.rgba.chunks_exact(4).flat_map(|pixel| [pixel[3], pixel[0], pixel[1], pixel[2]]).collect()
    }

    /// The picture as a PNG file, 8-bit RGBA. Empty for an empty picture.
    pub fn to_png(&self) -> Vec<u8> {
        let Some(mut canvas) = tiny_skia::Pixmap::new(self.size, self.size) else {
            return Vec::new();
        };
        for (target, source) in canvas.pixels_mut().iter_mut().zip(self.rgba.chunks_exact(4)) {
            *target = tiny_skia::ColorU8::from_rgba(source[0], source[1], source[2], source[3]).premultiply();
        }
        canvas.encode_png().unwrap_or_default()
    }
}
