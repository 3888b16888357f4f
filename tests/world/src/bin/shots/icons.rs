//! Every state of the tray icon in every size, as the panel receives it over the bus.

use std::path::Path;

use holdoff_world::tray::Icon;
use holdoff_world::{Answer, Shade};
use tempfile::TempDir;

use super::compose::Composer;
use super::stage::Stage;

const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
/// Left edge of each size's column, and the sheet's width.
const COLUMNS: [(i32, u32); 5] = [(16, 216), (22, 264), (24, 318), (32, 374), (48, 438)];
const WIDTH: u32 = 510;
const HEAD: u32 = 40;
const ROW: u32 = 64;

/// Typical panels: background colour and text colour.
const SHEETS: [(&str, &str, &str); 2] = [("icons-light", "#f4f4f5", "#1f2328"), ("icons-dark", "#25282c", "#e6e8ea")];

/// What produces an icon.
enum Cause {
    /// This response to usage requests, then this tooltip.
    Answer(Answer, &'static str),
    /// A reading, then this response after some minutes.
    Later(u64, Answer, &'static str),
    Expired,
    SignedOut,
}

pub async fn take(out: &Path) {
    let mut stage = Stage::new(Shade::Light, (640, 400)).await;
    let files = tempfile::tempdir().expect("a temporary folder");
    let mut rows = Vec::new();
    for (label, cause) in causes() {
        stage.move_in();
        rows.push((label, icons(&stage, cause).await));
    }
    let composer = Composer::new(out);
    for (name, panel, ink) in SHEETS {
        composer.draw(name, &sheet(&rows, &files, panel, ink)).await;
    }
}

fn causes() -> [(&'static str, Cause); 10] {
    let hour = || Answer::rate_limited(Some("3600"));
    [
        ("26 % used", Cause::Answer(Answer::ok_at(26.0, 9.0, 4), "26 %")),
        ("82 % used", Cause::Answer(Answer::ok(), "82 %")),
        ("100 % used", Cause::Answer(Answer::ok_at(100.0, 71.0, 82), "100 %")),
        ("cooling down", Cause::Later(6, hour(), "is rate limiting")),
        ("cooling down, no reading", Cause::Answer(hour(), "is rate limiting")),
        ("reading is old", Cause::Later(40, Answer::hang(), "(read ")),
        ("nothing known yet", Cause::Answer(Answer::hang(), "Checking usage")),
        ("paused", Cause::Answer(Answer::missing_scope("user:profile"), "Paused")),
        ("sign-in expired", Cause::Expired),
        ("no sign-in", Cause::SignedOut),
    ]
}

/// The icons of the tray item in this state.
async fn icons(stage: &Stage, cause: Cause) -> Vec<Icon> {
    let (minute, text) = match cause {
        Cause::Answer(answer, text) => {
            stage.fake.always(answer);
            (0, text)
        }
        Cause::Later(minute, answer, text) => {
            stage.first_reading().await;
            stage.fake.always(answer);
            (minute, text)
        }
        Cause::Expired => {
            stage.expire();
            (0, "expired")
        }
        Cause::SignedOut => {
            stage.sign_out();
            (0, "sign-in found")
        }
    };
    let app = stage.start_at(minute, &[]);
    stage.tooltip(&app, text).await.properties().await.icons
}

/// The arguments of `convert` for the sheet.
fn sheet(rows: &[(&str, Vec<Icon>)], files: &TempDir, panel: &str, ink: &str) -> Vec<String> {
    let height = HEAD + rows.len() as u32 * ROW;
    let mut drawing = Drawing(vec!["-size".to_owned(), format!("{WIDTH}x{height}"), format!("xc:{panel}")]);
    drawing.say(&["-gravity", "NorthWest", "-font", FONT, "-fill", ink, "-pointsize", "12"]);
    for (size, left) in COLUMNS {
        drawing.text(left, 16, &size.to_string());
    }
    drawing.say(&["-pointsize", "13"]);
    for ((label, icons), top) in rows.iter().zip((HEAD..).step_by(ROW as usize)) {
        drawing.text(20, top + ROW / 2 - 8, label);
        for (size, left) in COLUMNS {
            let icon = icons.iter().find(|icon| icon.width == size && icon.height == size);
            let icon = icon.unwrap_or_else(|| panic!("the tray item hands out no icon of {size} px for {label:?}"));
            drawing.icon(icon, left, top + (ROW - size.unsigned_abs()) / 2, files);
        }
    }
    drawing.0
}

struct Drawing(Vec<String>);

impl Drawing {
    fn say(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(|word| (*word).to_owned()));
    }

    fn text(&mut self, x: u32, y: u32, text: &str) {
        // A percent sign starts an escape sequence.
        self.say(&["-annotate", &format!("+{x}+{y}"), &text.replace('%', "%%")]);
    }

    fn icon(&mut self, icon: &Icon, x: u32, y: u32, files: &TempDir) {
        let path = files.path().join(format!("{x}-{y}.rgba"));
        let rgba: Vec<u8> = icon.argb.chunks_exact(4).flat_map(|p| [p[1], p[2], p[3], p[0]]).collect();
        std::fs::write(&path, rgba).expect("a file in the temporary folder");
        let size = format!("{}x{}", icon.width, icon.height);
        self.say(&["(", "-size", &size, "-depth", "8", &format!("rgba:{}", path.display()), ")"]);
        self.say(&["-geometry", &format!("+{x}+{y}"), "-composite"]);
    }
}
