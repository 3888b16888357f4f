//! Parses the quota part of the JSON that Claude Code sends to its status-line command on stdin.

use super::number;
use super::usage::{self, MODELS};
use crate::quota::attribution::Session;
use crate::quota::{QuotaWindow, Reading, Source};
use crate::time::Wall;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The content of one status-line call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatusLine {
    /// Empty if Claude Code reports no limits: before a session's first response, or with an API key.
    pub windows: Vec<QuotaWindow>,
    pub session: Session,
}

/// Upper limit for the length of a path or a version.
const TEXT_MAX: usize = 4096;

/// `None` if the input is not a JSON object.
pub fn read(bytes: &[u8]) -> Option<StatusLine> {
    /// Skips the other members, which may be long.
    #[derive(Deserialize)]
    struct Input {
        #[serde(default)]
        rate_limits: Value,
        #[serde(default)]
        transcript_path: Value,
        #[serde(default)]
        version: Value,
        #[serde(default)]
        cost: Value,
    }
    let bytes = bytes.trim_ascii_start();
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let input: Input = number::parse(bytes).ok()?;
    let windows = input.rate_limits.as_object().map(windows).unwrap_or_default();
    let text = |value: &Value| value.as_str().filter(|text| (1..=TEXT_MAX).contains(&text.len())).map(str::to_owned);
    let session = Session {
        transcript: text(&input.transcript_path),
        version: text(&input.version),
        api_ms: input.cost.get("total_api_duration_ms").and_then(Value::as_f64).map(|ms| ms as u64),
    };
    Some(StatusLine { windows, session })
}

impl StatusLine {
    /// Converts the limits to a reading that was true at `at`.
    pub fn reading(self, at: Wall) -> Option<Reading> {
        let said = !self.windows.is_empty();
        said.then_some(Reading::new(Source::StatusLine, at, self.windows, Vec::new()))
    }
}

fn windows(limits: &Map<String, Value>) -> Vec<QuotaWindow> {
    let keyed = limits.iter().filter_map(|(key, limit)| window(key, limit));
    let models = limits.get(MODELS).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    usage::bounded(keyed.chain(usage::models(models)).collect())
}

/// `None` if the limit has no usage.
fn window(key: &str, limit: &Value) -> Option<QuotaWindow> {
    let limit = limit.as_object().filter(|limit| limit.contains_key("used_percentage"))?;
    usage::keyed(key, limit, "used_percentage")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_of(text: &str) -> Vec<(String, Option<f64>, Option<i64>)> {
        let told = read(text.as_bytes()).expect("a status line's input");
        told.windows.into_iter().map(|w| (w.id, w.used_percent, w.resets_at.map(|at| at.0 / 1000))).collect()
    }

    #[test]
    fn status_line_limits_are_read_from_the_full_input() {
        let text = r#"{"hook_event_name":"Status","session_id":"s","transcript_path":"/home/ann/.claude/projects/p/s.jsonl",
            "cwd":"/p","model":{"id":"claude-opus","display_name":"Opus"},"workspace":{"added_dirs":["/a","/b"]},
            "cost":{"total_cost_usd":0.1},"context_window":{"used_percentage":8,"current_usage":null},
            "rate_limits":{"seven_day":{"used_percentage":41.2,"resets_at":1788857600},
                           "five_hour":{"used_percentage":23.5,"resets_at":1788425600}}}"#;
        let told = read(text.as_bytes()).unwrap();
        assert_eq!(told.session.transcript.as_deref(), Some("/home/ann/.claude/projects/p/s.jsonl"));
        let reading = told.reading(Wall(1_788_400_000_000)).unwrap();
        assert_eq!((reading.at, reading.source), (Wall(1_788_400_000_000), Source::StatusLine));
        let lines: Vec<_> =
            reading.windows.iter().map(|w| (w.label.as_str(), w.used_percent, w.resets_at, w.duration_s)).collect();
        assert_eq!(
            lines,
            [
                ("5-hour", Some(23.5), Some(Wall(1_788_425_600_000)), Some(18_000)),
                ("weekly", Some(41.2), Some(Wall(1_788_857_600_000)), Some(604_800)),
            ]
        );
    }

    #[test]
    fn status_line_without_limits_gives_no_reading() {
        for text in [
            "{}",
            r#"{"rate_limits":null}"#,
            r#"{"rate_limits":{}}"#,
            r#"{"rate_limits":[{"used_percentage":4}]}"#,
            r#"{"rate_limits":"soon"}"#,
            r#"{"rate_limits":{"five_hour":null,"seven_day":{},"x":{"resets_at":1}}}"#,
        ] {
            assert_eq!(windows_of(text), [], "{text}");
            assert_eq!(read(text.as_bytes()).unwrap().reading(Wall(1)), None);
        }
    }

    #[test]
    fn status_line_unknown_window_keeps_its_name_invalid_values_dropped() {
        let text = r#"{"rate_limits":{"five_hour":{"used_percentage":null,"resets_at":"never"},
            "tangelo":{"used_percentage":"12.5","resets_at":"2026-09-14T15:30:00Z","more":[]},
            "seven_day_opus":{"used_percentage":104,"resets_at":null},"seven_day":7}}"#;
        assert_eq!(
            windows_of(text),
            [
                ("five_hour".to_owned(), None, None),
                ("seven_day_opus".to_owned(), Some(104.0), None),
                ("tangelo".to_owned(), Some(12.5), Some(1_789_399_800)),
            ]
        );
    }

    #[test]
    fn status_line_input_that_is_not_a_json_object_is_ignored() {
        for text in ["", " ", "null", "[]", "7", "{", r#"{"rate_limits":{"#, "\u{feff}{}", "five_hour 42"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(&[0xff, b'{', b'}']), None);
    }

    #[test]
    fn status_line_hostile_input_stays_bounded() {
        let many: Vec<String> = (0..5000).map(|n| format!(r#""k{n}":{{"used_percentage":1}}"#)).collect();
        let text = format!(r#"{{"rate_limits":{{{}}}}}"#, many.join(","));
        assert_eq!(windows_of(&text).len(), usage::WINDOWS_MAX);
        let deep = |key: &str| format!(r#"{{"{key}":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(deep("else").as_bytes()), Some(StatusLine::default()));
        assert_eq!(read(deep("rate_limits").as_bytes()), None);
        let token = r#"{"rate_limits":{"sk-ant-oat01-secret":{"used_percentage":1}}}"#;
        assert_eq!(windows_of(token)[0].0, "(withheld)");
    }
}
