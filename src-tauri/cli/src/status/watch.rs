//! `holdoff status --watch`: prints again after every change.

use super::{Form, Lines, read, render};
use crate::saved_state::SavedState;
use crate::style;
use holdoff_core::Report;
use holdoff_engine::platform::environment::Environment;
use holdoff_engine::storage::state_file;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

/// How often files are checked for changes, which takes a few microseconds.
const LOOK: Duration = Duration::from_millis(500);
/// How often ages and remaining times are updated.
const AGES: Duration = Duration::from_secs(10);

pub fn run(environment: &Environment, form: Form<'_>) -> ExitCode {
    let in_place = style::can_move() && !form.json && form.format.is_none();
    let mut screen = Screen { in_place, height: 0 };
    let mut before: Option<Report> = None;
    loop {
        let seen = stamps(&environment.data_dir);
        let saved = match read(environment, form.account) {
            Ok(saved) => saved,
            Err(code) => return code,
        };
        let news = report(&saved);
        if in_place || before.as_ref() != Some(&news) {
            if before.is_none() {
                saved.print_problems();
            }
            let text = match render(environment, &saved, form, Lines::One) {
                Ok(text) => text,
                Err(code) => return code,
            };
            if !screen.show(&text) {
                return ExitCode::SUCCESS;
            }
        }
        before = Some(news);
        let shown = Instant::now();
        while stamps(&environment.data_dir) == seen && (!in_place || shown.elapsed() < AGES) {
            std::thread::sleep(LOOK);
        }
    }
}

/// The report without its time, for comparison.
fn report(saved: &SavedState) -> Report {
    Report { at: String::new(), ..Report::of(&saved.state, saved.now, &saved.settings) }
}

struct Screen {
    in_place: bool,
    height: usize,
}

/// Disables line wrapping: long lines are cut, so that the row count is the line count.
const CUT: &str = "\u{1b}[?7l";
const CONTINUE: &str = "\u{1b}[?7h";

impl Screen {
    /// Returns `false` if the reader has closed the pipe.
    fn show(&mut self, text: &str) -> bool {
        if !self.in_place {
            return style::try_print(text).is_ok();
        }
        let up = if self.height > 0 { format!("\u{1b}[{}A\u{1b}[J", self.height) } else { String::new() };
        self.height = text.lines().count();
        let shown = style::move_cursor(&(up + CUT)).and_then(|()| style::try_print(text));
        shown.and_then(|()| style::move_cursor(CONTINUE)).is_ok()
    }
}

/// The modification times of the app's files and of the status line's readings.
fn stamps(data_dir: &Path) -> Vec<Option<SystemTime>> {
    let files = state_file::NAMES.iter().map(|name| data_dir.join(name));
    let others = [data_dir.join("settings.json"), data_dir.join("pushed")];
    files.chain(others).map(|path: PathBuf| std::fs::metadata(path).ok()?.modified().ok()).collect()
}
