//! Where the panel opens: beside the icon that was clicked, else in the corner of the work area that is nearest to the
//! desktop's own panel. Pure, in physical pixels.

/// Distance to the edges of the work area and to the icon.
pub const MARGIN: i32 = 6;
/// Half the size of a tray icon, whose middle was clicked.
const ICON: i32 = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Area {
    fn right(self) -> i32 {
        self.x + self.width
    }

    fn bottom(self) -> i32 {
        self.y + self.height
    }

    fn contains(self, (x, y): (i32, i32)) -> bool {
        (self.x..self.right()).contains(&x) && (self.y..self.bottom()).contains(&y)
    }
}

/// A monitor, and the part of it that the desktop's panels leave free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    pub whole: Area,
    pub work: Area,
}

/// The screen of the icon, or of the pointer, or the first one.
pub fn screen_of(screens: &[Screen], icon: Option<(i32, i32)>, pointer: Option<(i32, i32)>) -> Option<Screen> {
    let at = |point: Option<(i32, i32)>| {
        screens.iter().find(|screen| point.is_some_and(|point| screen.whole.contains(point)))
    };
    at(icon).or_else(|| at(pointer)).or_else(|| screens.first()).copied()
}

/// The position of a window of this size, entirely on the screen's work area if it fits there.
pub fn position(screen: Screen, icon: Option<(i32, i32)>, (width, height): (i32, i32)) -> (i32, i32) {
    let (x, y) = match icon.filter(|icon| screen.whole.contains(*icon)) {
        Some(icon) => beside(screen, icon, (width, height)),
        None => corner(screen, (width, height)),
    };
    let Screen { work, .. } = screen;
    (within(x, work.x, work.right() - width), within(y, work.y, work.bottom() - height))
}

/// Not over the icon, and away from the edge that it is at.
fn beside(Screen { whole, work }: Screen, (x, y): (i32, i32), (width, height): (i32, i32)) -> (i32, i32) {
    let is_in_side_panel = x < work.x || x >= work.right();
    if is_in_side_panel {
        return (x - width / 2, y - height / 2);
    }
    let below = y + ICON + MARGIN;
    let above = y - ICON - MARGIN - height;
    (x - width / 2, if y < whole.y + whole.height / 2 { below } else { above })
}

/// The panel's strip is the part of the screen that is not free.
fn corner(Screen { whole, work }: Screen, (width, height): (i32, i32)) -> (i32, i32) {
    let strips = [work.y - whole.y, whole.bottom() - work.bottom(), work.x - whole.x];
    let [top, bottom, left] = strips;
    let is_widest = |strip: i32| strip > 0 && strips.iter().all(|other| strip >= *other);
    let x = if is_widest(left) { work.x } else { work.right() - width };
    let y = if is_widest(top) || bottom <= 0 && !is_widest(left) { work.y } else { work.bottom() - height };
    (x, y)
}

/// Between both edges with a margin; at the first edge if there is no room.
fn within(at: i32, first: i32, last: i32) -> i32 {
    if last - first < 2 * MARGIN { first } else { at.clamp(first + MARGIN, last - MARGIN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANEL: (i32, i32) = (360, 500);

    fn area(x: i32, y: i32, width: i32, height: i32) -> Area {
        Area { x, y, width, height }
    }

    /// A screen at `x` whose panels take this much at the top, the bottom, the left and the right.
    fn screen(x: i32, [top, bottom, left, right]: [i32; 4]) -> Screen {
        let work = area(x + left, top, 1280 - left - right, 800 - top - bottom);
        Screen { whole: area(x, 0, 1280, 800), work }
    }

    #[test]
    fn panel_opens_beside_the_icon_and_stays_on_the_screen() {
        let (top, bottom) = (screen(0, [30, 0, 0, 0]), screen(0, [0, 40, 0, 0]));
        assert_eq!(position(top, Some((700, 15)), PANEL), (520, 36), "below a panel at the top");
        assert_eq!(position(top, Some((1270, 15)), PANEL), (914, 36), "not beyond the right edge");
        assert_eq!(position(bottom, Some((700, 780)), PANEL), (520, 254), "above a panel at the bottom");
        assert_eq!(position(screen(0, [0, 0, 0, 0]), Some((5, 20)), PANEL), (6, 38), "a panel that hides itself");
        assert_eq!(position(screen(0, [0, 0, 48, 0]), Some((24, 400)), PANEL), (54, 150), "a panel at the left");
        assert_eq!(position(screen(0, [0, 0, 0, 48]), Some((1260, 790)), PANEL), (866, 294), "a panel at the right");
    }

    #[test]
    fn panel_of_an_unknown_icon_opens_in_the_corner_at_the_desktop_panel() {
        for (panels, place) in [
            ([30, 0, 0, 0], (914, 36)),
            ([0, 40, 0, 0], (914, 254)),
            ([30, 60, 0, 0], (914, 234)),
            ([0, 0, 48, 0], (54, 294)),
            ([0, 0, 0, 48], (866, 6)),
            ([0, 0, 0, 0], (914, 6)),
        ] {
            assert_eq!(position(screen(0, panels), None, PANEL), place, "{panels:?}");
        }
    }

    #[test]
    fn panel_opens_on_the_monitor_of_the_icon_else_of_the_pointer() {
        let (left, right) = (screen(0, [30, 0, 0, 0]), screen(1280, [0, 0, 0, 0]));
        let both = [left, right];
        assert_eq!(screen_of(&both, Some((1300, 5)), Some((5, 5))), Some(right));
        assert_eq!(screen_of(&both, None, Some((1300, 5))), Some(right));
        assert_eq!(screen_of(&both, Some((9000, 5)), None), Some(left), "an icon that is on no monitor");
        assert_eq!(screen_of(&[], None, None), None);
        assert_eq!(position(right, Some((1300, 5)), PANEL), (1286, 23));
        assert_eq!(position(left, Some((9000, 5)), PANEL), (914, 36));
    }

    #[test]
    fn panel_larger_than_the_screen_begins_at_its_corner() {
        assert_eq!(position(screen(0, [30, 0, 0, 0]), Some((700, 15)), (2000, 900)), (0, 30));
        assert_eq!(position(screen(0, [30, 0, 0, 0]), None, (1276, 770)), (0, 30));
    }
}
