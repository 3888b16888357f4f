//! The styles beside the ring.

use super::*;

fn number(text: &str, ink: PanelTheme) -> Icon {
    icon(Some(42), Glyph::Level, ink).with_style(Style::Number(Number::new(text)))
}

fn bars(first: u8, second: Option<u8>, ink: PanelTheme) -> Icon {
    icon(Some(first), Glyph::Level, ink).with_style(Style::Bars { second })
}

/// Every pair must differ in at least `least` pixels of `size`, in gray, on every panel.
fn check_all_apart(size: u32, least: usize, all: impl Fn(PanelTheme) -> Vec<Icon>) {
    for (ink, panel) in PANELS {
        let all = all(ink);
        let drawn: Vec<Vec<f32>> =
            all.iter().map(|icon| on_panel(&icon.draw(size), panel).into_iter().map(gray).collect()).collect();
        for (index, one) in drawn.iter().enumerate() {
            for (other, second) in drawn.iter().enumerate().skip(index + 1) {
                let count = one.iter().zip(second).filter(|(a, b)| (*a - *b).abs() >= 48.0).count();
                assert!(count >= least, "{count} pixels: {:?}, {:?} at {size} on {panel:x?}", all[index], all[other]);
            }
        }
    }
}

#[test]
fn digits_are_distinguishable_at_every_size() {
    for size in SIZES {
        check_all_apart(size, size as usize / 4, |ink| {
            (0..10).map(|digit| number(&format!("{digit}{digit}"), ink)).collect()
        });
    }
    check_all_apart(22, 3, |ink| ["3h", "3d", "30", "30'", "100"].map(|text| number(text, ink)).into());
    check_all_apart(24, 3, |ink| (10..100).map(|value| number(&value.to_string(), ink)).collect());
}

/// A stroke of digits is as sharp as the grid allows: no pixel is partly covered.
#[test]
fn numbers_and_bars_align_to_the_pixel_grid() {
    for ink in [PanelTheme::OnDark, PanelTheme::OnLight, PanelTheme::Template] {
        for size in SIZES {
            for text in ["0", "42", "100", "17h", "50'"] {
                assert_eq!(partial(&number(text, ink).draw(size)), 0, "{text} at {size}");
            }
            assert_eq!(partial(&bars(42, Some(81), ink).draw(size)), 0, "bars at {size}");
            assert_eq!(partial(&bars(42, None, ink).draw(size)), 0, "one bar at {size}");
        }
    }
}

#[test]
fn bars_show_each_level_without_colour() {
    check_all_apart(16, 4, |ink| {
        let levels = [0, 25, 50, 75, 100];
        let pairs = levels.into_iter().flat_map(|first| levels.map(|second| bars(first, Some(second), ink)));
        pairs.chain(levels.map(|only| bars(only, None, ink))).collect()
    });
}

/// A bar that is not empty does not look empty, and one that is not full not full.
#[test]
fn bars_round_neither_to_empty_nor_to_full() {
    for size in SIZES {
        let draw = |used| bars(used, Some(50), PanelTheme::OnDark).draw(size);
        assert_ne!(draw(0), draw(1), "{size}");
        let shape = |used| draw(used).rgba.chunks_exact(4).map(|pixel| pixel[3]).collect::<Vec<_>>();
        assert_ne!(shape(99), shape(100), "{size}");
    }
}

#[test]
fn states_look_the_same_in_every_style_and_unlike_any_level() {
    for style in [Style::Bars { second: Some(50) }, Style::Number(Number::new("42"))] {
        for glyph in &GLYPHS[1..] {
            let plain = icon(Some(42), *glyph, PanelTheme::Either);
            assert_eq!(plain.with_style(style).draw(22), plain.draw(22), "{glyph:?}");
        }
    }
    for size in [16, 22, 24] {
        check_all_apart(size, 20, |ink| {
            let levels = [number("42", ink), number("11", ink), bars(42, Some(81), ink), bars(100, Some(100), ink)];
            levels.into_iter().chain(GLYPHS[1..].iter().map(|glyph| icon(Some(42), *glyph, ink))).collect()
        });
    }
}

#[test]
fn styles_contrast_with_their_panel() {
    for (ink, panel) in PANELS {
        for size in SIZES {
            for icon in [number("42", ink), number("11", ink), number("100", ink), bars(42, Some(81), ink)] {
                let seen = on_panel(&icon.draw(size), panel);
                let clear = seen.iter().filter(|&&c| contrast(c, panel) >= 3.0).count() as f32;
                assert!(clear / seen.len() as f32 >= 0.1, "{icon:?} at {size} on {panel:x?}");
            }
        }
    }
}

/// macOS takes only the opacity of a template.
#[test]
fn template_is_black_and_differs_by_shape() {
    for glyph in GLYPHS {
        let picture = icon(Some(42), glyph, PanelTheme::Template).draw(32);
        let inked = picture.rgba.chunks_exact(4).filter(|pixel| pixel[3] > 0);
        assert!(inked.clone().count() > 60 && inked.clone().all(|pixel| pixel[..3] == [0; 3]), "{glyph:?}");
    }
}

#[test]
fn styles_at_any_size_are_drawn() {
    for size in (0..=17).chain([33, 512]) {
        for icon in [number("100", PanelTheme::Either), bars(3, Some(97), PanelTheme::Either)] {
            assert_eq!(icon.draw(size).rgba.len(), (size * size * 4) as usize, "{size}");
        }
    }
}
