//! A square canvas. Lengths are given in sixteenths of its width and rounded to whole pixels.

use super::{MAX_SIZE, Pixmap};
use std::f32::consts::TAU;
use tiny_skia::{
    BlendMode, Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Point, Shader, SpreadMode,
    Transform,
};

/// How the pixels of a shape are changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tone {
    /// Painted with the colour.
    Ink(Color),
    /// Made transparent, so that shapes stay separate on any panel.
    Cut,
}

pub(super) struct Canvas {
    pixels: tiny_skia::Pixmap,
    size: u32,
}

impl Canvas {
    /// `None` if `size` is 0 or above [`MAX_SIZE`].
    pub(super) fn new(size: u32) -> Option<Self> {
        if size > MAX_SIZE {
            return None;
        }
        let pixels = tiny_skia::Pixmap::new(size, size)?;
        Some(Self { pixels, size })
    }

    /// A length of `sixteenths` in whole pixels, at least one.
    pub(super) fn px(&self, sixteenths: f32) -> f32 {
        (sixteenths * self.unit()).round().max(1.0)
    }

    /// A length near `sixteenths` that ends on whole pixels at both ends when it is centred.
    pub(super) fn centred(&self, sixteenths: f32) -> f32 {
        let odd = (self.size % 2) as f32;
        let halves = ((sixteenths * self.unit() - odd) / 2.0).round();
        (2.0 * halves + odd).max(1.0)
    }

    /// The middle, both across and down.
    pub(super) fn centre(&self) -> f32 {
        self.size as f32 / 2.0
    }

    pub(super) fn size(&self) -> f32 {
        self.size as f32
    }

    fn unit(&self) -> f32 {
        self.size as f32 / 16.0
    }

    pub(super) fn rect(&mut self, left: f32, top: f32, width: f32, height: f32, tone: Tone) {
        let (right, bottom) = (left + width, top + height);
        self.polygon(&[(left, top), (right, top), (right, bottom), (left, bottom)], tone);
    }

    pub(super) fn polygon(&mut self, points: &[(f32, f32)], tone: Tone) {
        let mut path = PathBuilder::new();
        add_polygon(&mut path, points);
        self.fill(path.finish(), tone);
    }

    pub(super) fn disc(&mut self, x: f32, y: f32, radius: f32, tone: Tone) {
        self.fill(PathBuilder::from_circle(x, y, radius), tone);
    }

    /// A rectangle (left, top, width, height) whose corners are rounded by `radius` pixels.
    pub(super) fn rounded(&mut self, rect: [f32; 4], radius: f32, tone: Tone) {
        self.polygon(&rounded(rect, radius), tone);
    }

    /// A rounded square, `margin` pixels from the edges, with a vertical gradient.
    pub(super) fn tile(&mut self, margin: f32, radius: f32, [top, bottom]: [Color; 2]) {
        let side = self.size() - 2.0 * margin;
        let points = rounded([margin, margin, side, side], radius);
        let stops = vec![GradientStop::new(0.0, top), GradientStop::new(1.0, bottom)];
        let (start, end) = (Point::from_xy(0.0, margin), Point::from_xy(0.0, margin + side));
        let shader = LinearGradient::new(start, end, stops, SpreadMode::Pad, Transform::identity());
        let mut path = PathBuilder::new();
        add_polygon(&mut path, &points);
        self.paint(path.finish(), shader.unwrap_or(Shader::SolidColor(top)), BlendMode::SourceOver);
    }

    /// An arc of `ring` between two turns, clockwise from twelve o'clock; 1 is a full circle.
    pub(super) fn ring(&mut self, ring: Ring, from: f32, to: f32, tone: Tone) {
        let Ring { x, y, outer, thick } = ring;
        let inner = outer - thick;
        let mut path = PathBuilder::new();
        if to - from >= 1.0 {
            path.push_circle(x, y, outer);
            path.push_circle(x, y, inner);
        } else if to > from {
            let mut points = arc(x, y, outer, from, to);
            points.extend(arc(x, y, inner, from, to).into_iter().rev());
            add_polygon(&mut path, &points);
        }
        self.fill(path.finish(), tone);
    }

    fn fill(&mut self, path: Option<Path>, tone: Tone) {
        let (color, blend_mode) = match tone {
            Tone::Ink(color) => (color, BlendMode::SourceOver),
            Tone::Cut => (Color::BLACK, BlendMode::DestinationOut),
        };
        self.paint(path, Shader::SolidColor(color), blend_mode);
    }

    fn paint(&mut self, path: Option<Path>, shader: Shader<'_>, blend_mode: BlendMode) {
        let Some(path) = path else {
            return;
        };
        let paint = Paint { shader, blend_mode, ..Paint::default() };
        self.pixels.fill_path(&path, &paint, FillRule::EvenOdd, Transform::identity(), None);
    }

    pub(super) fn into_pixmap(self) -> Pixmap {
        let rgba = self
            .pixels
            .pixels()
            .iter()
            .map(|pixel| pixel.demultiply())
            .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()])
            .collect();
        Pixmap { size: self.size, rgba }
    }
}

/// A stroked circle: its centre, its outer radius and its inward thickness, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    pub x: f32,
    pub y: f32,
    pub outer: f32,
    pub thick: f32,
}

/// The point at `turn` on the circle, clockwise from twelve o'clock.
fn on_circle(x: f32, y: f32, radius: f32, turn: f32) -> (f32, f32) {
    let (sin, cos) = (turn * TAU).sin_cos();
    (x + radius * sin, y - radius * cos)
}

fn arc(x: f32, y: f32, radius: f32, from: f32, to: f32) -> Vec<(f32, f32)> {
    // Steps of two degrees stay within a tenth of a pixel of the circle at every size drawn.
    let steps = ((to - from) * 180.0).ceil().max(1.0);
    (0..=steps as u32).map(|step| on_circle(x, y, radius, from + (to - from) * step as f32 / steps)).collect()
}

fn rounded([left, top, width, height]: [f32; 4], radius: f32) -> Vec<(f32, f32)> {
    let (right, bottom) = (left + width, top + height);
    let corners = [
        (right - radius, top + radius, 0.0),
        (right - radius, bottom - radius, 0.25),
        (left + radius, bottom - radius, 0.5),
        (left + radius, top + radius, 0.75),
    ];
    corners.into_iter().flat_map(|(x, y, turn)| arc(x, y, radius, turn, turn + 0.25)).collect()
}

fn add_polygon(path: &mut PathBuilder, points: &[(f32, f32)]) {
    let [(x, y), rest @ ..] = points else {
        return;
    };
    path.move_to(*x, *y);
    for (x, y) in rest {
        path.line_to(*x, *y);
    }
    path.close();
}
