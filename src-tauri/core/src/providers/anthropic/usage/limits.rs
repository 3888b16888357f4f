//! Parses `limits[]` in every form observed. Only it has the limits of single models and surfaces, and the mark of the
//! binding limit.

use super::{FIVE_HOURS, MODELS, SEVEN_DAYS, clean, percent, spend, time, window_kind};
use crate::quota::QuotaWindow;
use serde_json::{Map, Value};

/// Beyond this index, only active limits are read.
const LIMITS_MAX: usize = 1000;
/// Maximum length of a model and surface name together, and of the suffix that tells namesakes apart.
const NAME_MAX: usize = 64;
const OWN_MAX: usize = 24;

/// Adds the limits in the lists of `body` to the windows under its own keys.
pub(super) fn add(windows: &mut Vec<QuotaWindow>, body: &Map<String, Value>) {
    let list = |key: &str| body.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let limits = list("limits").iter().enumerate();
    let limits = limits.filter(|(at, limit)| *at < LIMITS_MAX || is_active(limit)).take(2 * LIMITS_MAX);
    let mut found: Vec<_> = limits.filter_map(|(_, limit)| limit_window(limit)).chain(models(list(MODELS))).collect();
    // Namesakes are numbered by their usage, since their order in the list may change.
    found.sort_by(|a, b| b.used_percent.unwrap_or(-1.0).total_cmp(&a.used_percent.unwrap_or(-1.0)));
    let mut listed: Vec<QuotaWindow> = Vec::new();
    for window in found {
        push(&mut listed, window);
    }
    for window in listed.clone() {
        merge(windows, window, &listed);
    }
    tell_apart(windows);
}

/// The limits of single models, which are weekly, from their own list.
pub(in super::super) fn models(list: &[Value]) -> impl Iterator<Item = QuotaWindow> {
    list.iter().take(LIMITS_MAX).filter_map(|limit| {
        let (name, model) = scope(limit)?;
        window(limit, "weekly_scoped", Some((name, model)), Some(SEVEN_DAYS))
    })
}

fn is_active(limit: &Value) -> bool {
    limit.get("is_active").and_then(Value::as_bool) == Some(true)
}

fn limit_window(limit: &Value) -> Option<QuotaWindow> {
    let text = |key: &str| limit.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let named = |part: &Value| scope(part).or_else(|| Some((any_name(part)?, None)));
    let scope = limit.get("scope").and_then(named).or_else(|| scope(limit));
    let group = text("group");
    let kind = text("kind").or(group).or_else(|| scope.as_ref().map(|_| "limit"))?;
    let duration = match (group, kind.split('_').next()) {
        (Some("session"), _) | (None, Some("session")) => Some(FIVE_HOURS),
        (Some("weekly"), _) | (None, Some("weekly")) => Some(SEVEN_DAYS),
        _ => None,
    };
    window(limit, kind, scope, duration)
}

/// `scope` is the display name of the model or surface, and the model's id, if it has one.
fn window(
    limit: &Value,
    kind: &str,
    scope: Option<(String, Option<String>)>,
    duration_s: Option<u64>,
) -> Option<QuotaWindow> {
    let percents =
        ["percent", "utilization", "used_percentage"].map(|key| limit.get(key).filter(|said| !said.is_null()));
    let used_percent = percents.iter().find_map(|said| percent((*said)?));
    let resets_at = limit.get("resets_at").and_then(time);
    let binding = is_active(limit);
    let locked = limit.get("locked_reason").and_then(spend::locked);
    let is_said = used_percent.is_some_and(|used| used > 0.0) || resets_at.is_some() || binding || locked.is_some();
    let (id, label, duration_s) = match (kind, scope) {
        ("session", None) => ("five_hour".to_owned(), "5-hour".to_owned(), Some(FIVE_HOURS)),
        ("weekly_all" | "weekly", None) => ("seven_day".to_owned(), "weekly".to_owned(), Some(SEVEN_DAYS)),
        (_, Some((name, model))) => {
            let id = format!("{}:{}", clean(kind), model.unwrap_or_else(|| name.clone()).to_lowercase());
            let label = if duration_s == Some(FIVE_HOURS) { format!("{name} (5-hour)") } else { name };
            (id, label, duration_s)
        }
        // A code name without data.
        (_, None) if !is_said => return None,
        (_, None) => (clean(kind), clean(kind), duration_s.filter(|_| kind.ends_with("_scoped"))),
    };
    let is_told = is_said || percents.iter().any(Option::is_some);
    let kind = window_kind(&id, duration_s);
    is_told.then_some(QuotaWindow {
        id,
        kind,
        label,
        used_percent,
        resets_at,
        duration_s,
        binding,
        origin: None,
        locked,
    })
}

/// The name of the model or surface that a limit applies to, and the model's id. Each may be an object or a plain string.
fn scope(scope: &Value) -> Option<(String, Option<String>)> {
    let part = |key: &str| scope.get(key).filter(|part| !part.is_null());
    let (model, surface) = (part("model"), part("surface").and_then(name));
    let id = model.and_then(|model| said(model, "id"));
    Some(match (model.and_then(name), surface) {
        (Some(model), Some(surface)) => {
            let id = id.map(|id| format!("{id} ({surface})"));
            (clipped(&format!("{model} ({surface})"), NAME_MAX), id)
        }
        (Some(model), None) => (model, id),
        (None, Some(surface)) => (surface, None),
        (None, None) => (name(scope)?, None),
    })
}

fn clipped(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The first name that is not blank.
fn name(part: &Value) -> Option<String> {
    let bare = part.as_str().map(clean).filter(|text| !text.is_empty());
    bare.or_else(|| ["display_name", "label", "name", "id"].iter().find_map(|key| said(part, key)))
}

/// The name in a scope of unknown form. Several are one name.
fn any_name(part: &Value) -> Option<String> {
    name(part).or_else(|| match part {
        Value::Array(parts) => {
            let names: Vec<String> = parts.iter().filter_map(any_name).collect();
            (!names.is_empty()).then(|| clipped(&names.join(", "), NAME_MAX))
        }
        Value::Object(members) => {
            let mut told = members.iter().filter(|(key, _)| !matches!(key.as_str(), "type" | "kind"));
            told.find_map(|(_, part)| any_name(part))
        }
        _ => None,
    })
}

fn said(part: &Value, key: &str) -> Option<String> {
    part.get(key).and_then(Value::as_str).map(clean).filter(|text| !text.is_empty())
}

/// Skips exact duplicates. A different limit under the same id gets a numbered id.
fn push(listed: &mut Vec<QuotaWindow>, mut window: QuotaWindow) {
    let alike = |old: &QuotaWindow| old.used_percent == window.used_percent && old.resets_at == window.resets_at;
    let is_numbered = |id: &str| {
        let number = id.strip_prefix(&window.id).and_then(|rest| rest.strip_prefix(':'));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let same = |old: &QuotaWindow| old.id == window.id || is_numbered(&old.id);
    if let Some(old) = listed.iter_mut().find(|old| same(old) && (alike(old) || old.kind.is_main())) {
        old.binding |= window.binding;
        old.used_percent = old.used_percent.or(window.used_percent);
        return;
    }
    let namesakes = listed.iter().filter(|old| same(old)).count();
    if namesakes > 0 {
        window.id = format!("{}:{}", window.id, namesakes + 1);
    }
    listed.push(window);
}

/// Merges a limit with its older form. The older figures take precedence; the newer form adds the mark and missing values. If
/// several listed limits share the name, none of them is merged by it.
fn merge(windows: &mut Vec<QuotaWindow>, new: QuotaWindow, listed: &[QuotaWindow]) {
    let is_only = listed.iter().filter(|other| other.is_same(&new)).count() == 1;
    match windows.iter_mut().find(|old| old.id == new.id || (is_only && old.is_same(&new))) {
        Some(old) => {
            old.binding |= new.binding;
            old.used_percent = old.used_percent.or(new.used_percent);
            old.resets_at = old.resets_at.or(new.resets_at);
            old.locked = old.locked.take().or(new.locked);
        }
        None => windows.push(new),
    }
}

/// Makes labels unique and limits their length.
fn tell_apart(windows: &mut [QuotaWindow]) {
    let labels: Vec<String> = windows.iter().map(|window| window.label.to_lowercase()).collect();
    for (at, window) in windows.iter_mut().enumerate() {
        let label = window.label.to_lowercase();
        if labels.iter().filter(|other| **other == label).count() < 2 {
            continue;
        }
        let (kind, own) = window.id.split_once(':').unwrap_or((window.id.as_str(), &window.id));
        let own = if own == label { kind } else { own };
        let is_first = labels.iter().position(|other| *other == label) == Some(at);
        if *own != label || !is_first {
            window.label = format!("{} ({})", window.label, clipped(own, OWN_MAX));
        }
    }
}
