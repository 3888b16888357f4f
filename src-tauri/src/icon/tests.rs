use super::palette::Palette;
use super::*;
use tiny_skia::Color;

const DARK: [u8; 3] = [0x2b; 3];
const LIGHT: [u8; 3] = [0xf0; 3];

/// Every ink with each panel that it is meant for.
const PANELS: [(PanelTheme, [u8; 3]); 4] =
    [(PanelTheme::OnDark, DARK), (PanelTheme::OnLight, LIGHT), (PanelTheme::Either, DARK), (PanelTheme::Either, LIGHT)];

const INKS: [PanelTheme; 3] = [PanelTheme::OnDark, PanelTheme::OnLight, PanelTheme::Either];

const GLYPHS: [Glyph; 7] =
    [Glyph::Level, Glyph::CoolingDown, Glyph::Paused, Glyph::Expired, Glyph::Absent, Glyph::Stale, Glyph::Unknown];

fn icon(used_percent: Option<u8>, glyph: Glyph, ink: PanelTheme) -> Icon {
    Icon { used_percent, glyph, ink, style: Style::Ring }
}

/// The pixels as they look on a panel.
fn on_panel(picture: &Pixmap, panel: [u8; 3]) -> Vec<[u8; 3]> {
    let blend = |ink: u8, panel: u8, alpha: u8| {
        let alpha = f32::from(alpha) / 255.0;
        (f32::from(ink) * alpha + f32::from(panel) * (1.0 - alpha)).round() as u8
    };
    picture.rgba.chunks_exact(4).map(|p| [0, 1, 2].map(|i| blend(p[i], panel[i], p[3]))).collect()
}

fn gray([red, green, blue]: [u8; 3]) -> f32 {
    0.2126 * f32::from(red) + 0.7152 * f32::from(green) + 0.0722 * f32::from(blue)
}

/// How many pixels differ by at least `step` of 255 shades of gray.
fn differing(a: &Pixmap, b: &Pixmap, panel: [u8; 3], step: f32) -> usize {
    let (a, b) = (on_panel(a, panel), on_panel(b, panel));
    a.into_iter().zip(b).filter(|&(a, b)| (gray(a) - gray(b)).abs() >= step).count()
}

/// Relative luminance as WCAG 2 defines it.
fn luminance(color: [u8; 3]) -> f32 {
    let [red, green, blue] = color.map(|channel| {
        let channel = f32::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn bytes(color: Color) -> [u8; 3] {
    let color = color.to_color_u8();
    [color.red(), color.green(), color.blue()]
}

fn alpha(picture: &Pixmap, x: u32, y: u32) -> u8 {
    picture.rgba[((y * picture.size + x) * 4 + 3) as usize]
}

fn partial(picture: &Pixmap) -> usize {
    picture.rgba.chunks_exact(4).filter(|p| !matches!(p[3], 0 | 255)).count()
}

/// Every pair must differ in at least `least` pixels at 16 px, in gray, on every panel.
fn check_apart(what: &[(Option<u8>, Glyph)], least: usize) {
    for (ink, panel) in PANELS {
        for (index, &(used_a, a)) in what.iter().enumerate() {
            for &(used_b, b) in &what[index + 1..] {
                let (one, other) = (icon(used_a, a, ink), icon(used_b, b, ink));
                let count = differing(&one.draw(16), &other.draw(16), panel, 48.0);
                assert!(count >= least, "{count} pixels: {one:?}, {other:?} on {panel:x?}");
            }
        }
    }
}

#[test]
fn glyphs_are_distinguishable_without_colour() {
    for used in [0, 25, 42, 75, 85, 95, 100] {
        check_apart(&GLYPHS.map(|glyph| (Some(used), glyph)), 20);
    }
    let signs: Vec<_> = GLYPHS[1..].iter().map(|&glyph| (None, glyph)).collect();
    check_apart(&signs, 20);
}

#[test]
fn levels_are_distinguishable_without_colour() {
    check_apart(&[0, 25, 50, 75, 95, 100].map(|used| (Some(used), Glyph::Level)), 20);
}

/// How many separate pieces of ink lie on the column right of the middle.
fn pieces(picture: &Pixmap) -> usize {
    let column: Vec<bool> = (0..picture.size).map(|y| alpha(picture, picture.size / 2, y) >= 128).collect();
    column.split(|inked| !inked).filter(|piece| !piece.is_empty()).count()
}

#[test]
fn levels_high_and_full_have_distinct_shapes() {
    for ink in [PanelTheme::OnDark, PanelTheme::OnLight] {
        for size in SIZES {
            let count = |used| pieces(&icon(Some(used), Glyph::Level, ink).draw(size));
            assert_eq!(count(79), 2, "the ring twice: {size} px");
            assert_eq!([count(80), count(94)], [3, 3], "and a dot: {size} px");
            assert_eq!([count(95), count(99)], [4, 4], "and an exclamation mark: {size} px");
        }
    }
}

#[test]
fn level_stays_visible_when_cooling_down_or_stale() {
    for (ink, panel) in PANELS {
        for glyph in [Glyph::CoolingDown, Glyph::Stale] {
            let [low, middle, top] = [0, 50, 100].map(|used| icon(Some(used), glyph, ink).draw(16));
            for (a, b) in [(&low, &middle), (&middle, &top)] {
                let count = differing(a, b, panel, 24.0);
                assert!(count >= 8, "{count} pixels: {glyph:?}, {ink:?} on {panel:x?}");
            }
        }
    }
}

#[test]
fn level_ink_increases_with_usage() {
    for ink in [PanelTheme::OnDark, PanelTheme::OnLight] {
        for size in SIZES {
            let amounts: Vec<u64> = (0..80)
                .step_by(4)
                .map(|used| {
                    let picture = icon(Some(used), Glyph::Level, ink).draw(size);
                    picture.rgba.chunks_exact(4).map(|p| u64::from(p[3])).sum()
                })
                .collect();
            assert!(amounts.is_sorted_by(|a, b| a < b), "{size} px, {ink:?}: {amounts:?}");
        }
    }
}

#[test]
fn icon_contrasts_with_its_panel() {
    for (ink, panel) in PANELS {
        for glyph in GLYPHS {
            for used in [Some(0), Some(50), Some(85), Some(95), Some(100), None] {
                for size in SIZES {
                    let picture = icon(used, glyph, ink).draw(size);
                    let seen = on_panel(&picture, panel);
                    let clear = seen.iter().filter(|&&c| contrast(c, panel) >= 3.0).count();
                    let share = clear as f32 / seen.len() as f32;
                    assert!(share >= 0.13, "{share}: {glyph:?} {used:?} {size} px, {ink:?} on {panel:x?}");
                }
            }
        }
    }
}

#[test]
fn palette_colours_have_enough_contrast() {
    for (ink, panel) in [(PanelTheme::OnDark, DARK), (PanelTheme::OnLight, LIGHT), (PanelTheme::Either, DARK)] {
        let palette = Palette::of(ink);
        let behind = palette.rim.map_or(panel, bytes);
        for color in [palette.calm, palette.high, palette.full, palette.wait, palette.plain] {
            let ratio = contrast(bytes(color), panel).min(contrast(bytes(color), behind));
            assert!(ratio >= 4.5, "{ratio}: {:x?} for {ink:?}", bytes(color));
        }
    }
    let rim = Palette::of(PanelTheme::Either).rim.map(bytes);
    assert!(rim.is_some_and(|rim| contrast(rim, LIGHT) >= 4.5));
}

/// No pixel in these rows may be partly transparent.
fn check_crisp(picture: &Pixmap, rows: std::ops::Range<u32>, what: &str) {
    for y in rows {
        for x in 0..picture.size {
            let alpha = alpha(picture, x, y);
            assert!(matches!(alpha, 0 | 255), "{what}, {} px: {alpha} at {x}, {y}", picture.size);
        }
    }
}

#[test]
fn glyph_straight_edges_align_to_the_pixel_grid() {
    for ink in [PanelTheme::OnDark, PanelTheme::OnLight] {
        for size in SIZES {
            let draw = |glyph| icon(None, glyph, ink).draw(size);
            check_crisp(&draw(Glyph::Paused), 0..size, "bars");
            check_crisp(&draw(Glyph::CoolingDown), 0..size / 8, "upper cap");
            check_crisp(&draw(Glyph::CoolingDown), size - size / 8..size, "lower cap");
            check_crisp(&draw(Glyph::Expired), size * 5 / 8..size * 7 / 8, "padlock");
            check_crisp(&draw(Glyph::Unknown), size * 3 / 4..size, "dot of the question mark");
        }
    }
}

#[test]
fn level_arc_ends_align_to_the_pixel_grid() {
    for ink in [PanelTheme::OnDark, PanelTheme::OnLight] {
        for size in SIZES {
            let picture = icon(Some(50), Glyph::Level, ink).draw(size);
            let middle = size / 2;
            let row = size * 3 / 16;
            for y in [row, size - 1 - row] {
                let (left, right) = (alpha(&picture, middle - 1, y), alpha(&picture, middle, y));
                assert_eq!((left, right), (0, 255), "{size} px, row {y}");
            }
        }
    }
}

#[test]
fn antialiased_pixels_are_few() {
    // Round and slanted lines have such pixels only along their edges: a few for each pixel of
    // the size. A picture scaled from another size has them everywhere.
    for ink in INKS {
        for glyph in GLYPHS {
            for size in SIZES {
                let count = partial(&icon(None, glyph, ink).draw(size));
                let most = 9 * size as usize;
                assert!(count <= most, "{count} of at most {most}: {glyph:?}, {ink:?}, {size} px");
            }
        }
    }
}

#[test]
fn glyphs_upright_are_mirror_symmetric() {
    for ink in INKS {
        for glyph in [Glyph::CoolingDown, Glyph::Paused, Glyph::Expired] {
            for size in SIZES {
                let picture = icon(None, glyph, ink).draw(size);
                for y in 0..size {
                    for x in 0..size {
                        let (here, there) = (alpha(&picture, x, y), alpha(&picture, size - 1 - x, y));
                        assert!(here.abs_diff(there) <= 32, "{glyph:?}, {size} px at {x}, {y}");
                    }
                }
            }
        }
    }
}

#[test]
fn icon_at_any_size_is_drawn_or_empty() {
    for ink in INKS {
        for glyph in GLYPHS {
            for used in [Some(255), None] {
                for size in (0..=17).chain([33, 513, 65_536, u32::MAX]) {
                    let picture = icon(used, glyph, ink).draw(size);
                    let drawn = if size <= MAX_SIZE { size } else { 0 };
                    assert_eq!(picture.size, drawn);
                    assert_eq!(picture.rgba.len(), (drawn * drawn * 4) as usize);
                }
            }
        }
    }
    assert_eq!(icon(Some(42), Glyph::CoolingDown, PanelTheme::Either).draw(MAX_SIZE).size, MAX_SIZE);
    assert_eq!(app_icon(0), Pixmap::empty());
    assert_eq!(app_icon(u32::MAX), Pixmap::empty());
    assert_eq!(app_icon(48).rgba.len(), 48 * 48 * 4);
}

#[test]
fn draw_all_covers_every_size() {
    let pictures = icon(Some(42), Glyph::Level, PanelTheme::Either).draw_all();
    let sizes: Vec<u32> = pictures.iter().map(|picture| picture.size).collect();
    assert_eq!(sizes, SIZES);
}

#[test]
fn percentages_are_rounded_down_and_clamped() {
    let used = |percent| Icon::from_percent(Some(percent), Glyph::Level, PanelTheme::Either).used_percent;
    assert_eq!(used(94.99), Some(94));
    assert_eq!(used(99.9), Some(99));
    assert_eq!(used(-3.0), Some(0));
    assert_eq!(used(250.0), Some(100));
    assert_eq!(used(f64::INFINITY), Some(100));
    assert_eq!(used(f64::NAN), None);
    assert_eq!(
        Icon::from_percent(None, Glyph::Stale, PanelTheme::OnDark),
        icon(None, Glyph::Stale, PanelTheme::OnDark)
    );
    let draw = |used| icon(Some(used), Glyph::Level, PanelTheme::Either).draw(16);
    assert_eq!(draw(255), draw(100));
}

#[test]
fn level_without_a_percentage_draws_the_unknown_glyph() {
    for ink in INKS {
        assert_eq!(icon(None, Glyph::Level, ink).draw(22), icon(None, Glyph::Unknown, ink).draw(22));
    }
}

#[test]
fn argb_is_in_network_byte_order() {
    let picture = Pixmap { size: 1, rgba: vec![0x11, 0x22, 0x33, 0x44] };
    assert_eq!(picture.to_argb32_be(), [0x44, 0x11, 0x22, 0x33]);
    assert_eq!(icon(None, Glyph::Paused, PanelTheme::OnDark).draw(22).to_argb32_be().len(), 22 * 22 * 4);
}

#[test]
fn png_encoding_preserves_the_pixels() {
    let picture = icon(Some(42), Glyph::CoolingDown, PanelTheme::Either).draw(22);
    let png = picture.to_png();
    assert_eq!(png[24..26], [8, 6], "8-bit RGBA");
    let Ok(decoded) = tiny_skia::Pixmap::decode_png(&png) else {
        panic!("not a PNG");
    };
    let pixels = decoded.pixels().iter().map(|pixel| pixel.demultiply());
    let rgba = pixels.flat_map(|p| [p.red(), p.green(), p.blue(), p.alpha()]).collect();
    let decoded = Pixmap { size: decoded.width(), rgba };
    assert_eq!(differing(&picture, &decoded, DARK, 2.0), 0);
    assert_eq!(differing(&picture, &decoded, LIGHT, 2.0), 0);
    assert!(Pixmap::empty().to_png().is_empty());
}

/// The icons of the packages, as files. One that differs is written anew, and is then to be looked at and committed.
#[test]
fn package_icon_files_match_the_drawn_app_icon() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("icons/hicolor");
    std::fs::create_dir_all(&folder).unwrap();
    let mut anew = Vec::new();
    for size in [16, 22, 24, 32, 48, 64, 96, 128, 256, 512] {
        let (file, drawn) = (folder.join(format!("{size}x{size}.png")), app_icon(size).to_png());
        if std::fs::read(&file).ok().as_ref() != Some(&drawn) {
            std::fs::write(&file, drawn).unwrap();
            anew.push(size);
        }
    }
    assert_eq!(anew, Vec::<u32>::new(), "written anew");
}

mod styles;
