//! What a change of the settings would do, line by line, fit to be shown.

use super::text::Text;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

/// Unchanged lines around a changed one.
const AROUND: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Same,
    Removed,
    Added,
    /// Lines that are the same and not shown.
    Gap,
}

/// The lines that differ, with some around them. Other programs' keys, which can stand in the settings, are not
/// shown.
pub fn lines(before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<Line> {
    let (before, after) = (shown(before), shown(after));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let mut lines = Vec::new();
    for (n, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if n > 0 {
            lines.push(Line { kind: Kind::Gap, text: "…".to_owned() });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => Kind::Same,
                ChangeTag::Delete => Kind::Removed,
                ChangeTag::Insert => Kind::Added,
            };
            lines.push(Line { kind, text: change.value().trim_end_matches(['\r', '\n']).to_owned() });
        }
    }
    lines
}

fn shown(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return String::new();
    };
    match Text::parse(bytes) {
        Ok(text) => text.without_secrets(),
        Err(_) => String::new(),
    }
}
