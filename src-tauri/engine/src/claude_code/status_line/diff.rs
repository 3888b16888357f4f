//! A line diff of a settings change that is safe to show: only the changed lines of the one key. The lines around it may
//! contain other programs' keys and tokens.

use crate::claude_code::status_line::settings_editor::Text;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Removed,
    Added,
}

pub fn lines(before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<Line> {
    let (before, after) = (shown(before), shown(after));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let changed = diff.iter_all_changes().filter_map(|change| {
        let kind = match change.tag() {
            ChangeTag::Equal => return None,
            ChangeTag::Delete => Kind::Removed,
            ChangeTag::Insert => Kind::Added,
        };
        Some(Line { kind, text: change.value().trim_end_matches(['\r', '\n']).to_owned() })
    });
    changed.collect()
}

fn shown(bytes: Option<&[u8]>) -> String {
    bytes.and_then(|bytes| Text::parse(bytes).ok()).map(|text| text.shown()).unwrap_or_default()
}
