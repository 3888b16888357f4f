//! The line of `holdoff status --format`, for bars: a template with placeholders in braces, or the JSON of Waybar.
//!
//! It shows one window: the leading one of the most urgent account, or the one asked for. Programs that compute read
//! `holdoff status --json` instead.

use super::account::{AccountStatus, Condition, StatusContext};
use super::template::{Field, Format, Kind, Part};
use crate::account::label;
use crate::gate::policy;
use crate::local_time::LocalTime;
use crate::messages;
use crate::quota::headroom::is_called;
use crate::quota::pace::EvenPace;
use crate::quota::{Level, QuotaWindow, Reading};
use crate::settings::{Percent, Settings};
use crate::state::{AccountId, State};
use crate::text;
use crate::time::Moment;
use serde_json::json;

/// What a value shows that is not known.
const NONE: &str = "—";

/// From this percentage on, a window counts as nearly used up, as in the icon.
const FULL: f64 = 95.0;

/// No limit has the name asked for; the known ones are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchWindow {
    pub known: Vec<String>,
}

/// What is known when the line is printed.
#[derive(Debug, Clone, Copy)]
pub struct FormatInput<'a> {
    /// Its active accounts are the ones to choose from.
    pub state: &'a State,
    pub settings: &'a Settings,
    pub now: Moment,
    pub zone: &'a LocalTime,
    /// The id, label or common name of the window to show.
    pub window: Option<&'a str>,
}

impl Format {
    /// The line, without a line break at its end.
    ///
    /// # Errors
    /// Fails if there is a reading, and no window in it has the name asked for.
    pub fn line(&self, input: &FormatInput<'_>) -> Result<String, NoSuchWindow> {
        let shown = Shown::choose(input)?;
        Ok(match &self.0 {
            Kind::Waybar => waybar(&shown, input),
            Kind::Template(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Value(field) => shown.value(*field, input),
                })
                .collect(),
        })
    }
}

/// The one window that the line is about, as far as there is one.
struct Shown<'a> {
    account: Option<(&'a AccountId, AccountStatus<'a>)>,
    window: Option<QuotaWindow>,
}

impl<'a> Shown<'a> {
    fn choose(input: &FormatInput<'a>) -> Result<Self, NoSuchWindow> {
        let mut all = statuses(input);
        all.sort_by_key(|(_, status)| status.urgency());
        let now = input.now.wall;
        let Some(name) = input.window else {
            let account = all.into_iter().next();
            let reading = account.as_ref().and_then(|(_, status)| status.account.reading.as_ref());
            let window = reading.and_then(|reading| {
                reading.leading(now).cloned().or_else(|| reading.money_limits().into_iter().next())
            });
            return Ok(Self { account, window });
        };
        let mut known = Vec::new();
        for (id, status) in &all {
            for window in status.account.reading.iter().flat_map(limits) {
                if is_called(&window, name) {
                    return Ok(Self { account: Some((id, status.clone())), window: Some(window) });
                }
                if !known.contains(&window.label) {
                    known.push(window.label);
                }
            }
        }
        let account = all.into_iter().next();
        if known.is_empty() { Ok(Self { account, window: None }) } else { Err(NoSuchWindow { known }) }
    }

    fn condition(&self) -> Condition {
        self.account.as_ref().map_or(Condition::Unknown, |(_, status)| status.condition)
    }

    fn used(&self, input: &FormatInput<'_>) -> Option<f64> {
        match self.window.as_ref()?.level(input.now.wall) {
            Level::Used(used) => Some(used),
            Level::Reset | Level::Unknown => None,
        }
    }

    fn value(&self, field: Field, input: &FormatInput<'_>) -> String {
        let known = match field {
            Field::Symbol => Some(symbol(self.condition(), self.used(input)).to_owned()),
            Field::Condition => Some(messages::condition(self.condition()).to_owned()),
            Field::Used => self.used(input).map(messages::percent),
            Field::Left => self.used(input).map(messages::percent_left),
            Field::Account | Field::Plan => self.of_account(field, input).map(|name| harmless(&name)),
            Field::Window | Field::Reset | Field::ResetIn | Field::Pace | Field::Forecast | Field::Age => {
                self.of_window(field, input)
            }
        };
        known.unwrap_or_else(|| NONE.to_owned())
    }

    fn of_account(&self, field: Field, input: &FormatInput<'_>) -> Option<String> {
        let (id, status) = self.account.as_ref()?;
        match field {
            Field::Plan => status.account.sign_in.plan.as_deref().map(messages::capitalised),
            _ => Some(label::label(id, input.state, input.settings)),
        }
    }

    fn of_window(&self, field: Field, input: &FormatInput<'_>) -> Option<String> {
        let (window, (_, status)) = (self.window.as_ref()?, self.account.as_ref()?);
        let (now, zone) = (input.now.wall, input.zone);
        let resets_at = window.resets_at.filter(|at| *at > now);
        match field {
            Field::Window => Some(harmless(&window.label)),
            Field::Reset => Some(messages::resets(resets_at?, now, zone)),
            Field::ResetIn => Some(messages::format_duration(resets_at?.since(now))),
            Field::Pace => {
                let even = EvenPace::of(window, input.settings.pace_days, now, zone)?;
                messages::pace(self.used(input)?, even.at(now))
            }
            Field::Forecast => Some(messages::forecast(status.account.forecast(window, now)?, now, zone)),
            _ => {
                let at = status.account.reading.as_ref()?.origin(window).at;
                Some(messages::format_duration(now.since(at)))
            }
        }
    }
}

fn statuses<'a>(input: &FormatInput<'a>) -> Vec<(&'a AccountId, AccountStatus<'a>)> {
    let context = StatusContext::new(input.now, input.settings.polling_interval);
    let accounts = input.state.active.iter().filter_map(|id| input.state.accounts.get_key_value(id));
    accounts.map(|(id, account)| (id, AccountStatus::of(account, &context))).collect()
}

/// The windows, then the spend that has a limit.
fn limits(reading: &Reading) -> Vec<QuotaWindow> {
    reading.windows.iter().cloned().chain(reading.money_limits()).collect()
}

/// The state as one sign: a circle that fills up with a level, otherwise why there is none. All are in DejaVu Sans.
fn symbol(condition: Condition, used: Option<f64>) -> &'static str {
    match (condition, used) {
        (Condition::Ok, Some(used)) => match used {
            FULL.. => "●",
            62.5.. => "◕",
            37.5.. => "◑",
            12.5.. => "◔",
            _ => "○",
        },
        (Condition::Ok | Condition::Unknown, _) => "?",
        (Condition::Stale, _) => "◷",
        (Condition::CoolingDown, _) => "⋈",
        (Condition::Paused, _) => "‖",
        (Condition::Expired, _) => "⚷",
        (Condition::Absent, _) => "⊘",
    }
}

/// A name from outside without the characters that a bar could take for markup or for a command: `%{A1:…}` of Polybar,
/// `#(…)` of tmux, `| bash=…` of Argos, `<…>` and `&` of Pango.
fn harmless(name: &str) -> String {
    let replaced = |c| match c {
        '{' | '[' => '(',
        '}' | ']' => ')',
        '#' => '♯',
        '<' => '‹',
        '>' => '›',
        '&' => '+',
        '|' => '¦',
        other => other,
    };
    name.chars().map(replaced).collect()
}

/// One line of JSON for Waybar's `"return-type": "json"`. Text and tooltip are Pango markup.
fn waybar(shown: &Shown<'_>, input: &FormatInput<'_>) -> String {
    let used = shown.used(input);
    let level = match used {
        Some(FULL..) => Some("full"),
        Some(used) if used >= f64::from(policy::RUNS_SHORT) => Some("high"),
        _ => None,
    };
    let symbol = symbol(shown.condition(), used);
    let said = match (used, input.settings.percent) {
        (None, _) => symbol.to_owned(),
        (Some(used), Percent::Used) => format!("{symbol} {}", messages::percent(used)),
        (Some(used), Percent::Left) => format!("{symbol} {} left", messages::percent_left(used)),
    };
    let tooltip: Vec<String> = statuses(input).iter().map(|(id, status)| about(id, status, input)).collect();
    let tooltip = if tooltip.is_empty() { messages::NO_READINGS.to_owned() } else { tooltip.join("\n\n") };
    let class: Vec<&str> = [Some(shown.condition().key()), level].into_iter().flatten().collect();
    let said = json!({
        "text": text::markup(&said),
        "tooltip": text::markup(&tooltip),
        "class": class,
        "percentage": used.map_or(0, |used| used.clamp(0.0, 100.0) as u8),
    });
    text::json(&said.to_string())
}

/// Everything about one account, in lines.
fn about(id: &AccountId, status: &AccountStatus<'_>, input: &FormatInput<'_>) -> String {
    let (account, now, zone) = (status.account, input.now.wall, input.zone);
    let mut lines = vec![label::label(id, input.state, input.settings)];
    if let Some(reading) = &account.reading {
        for window in &reading.windows {
            lines.push(messages::window_line(window, input.settings.percent, now, zone));
            let outlook = messages::outlook(account, window, input.settings.pace_days, now, zone);
            lines.extend(outlook.as_deref().map(messages::capitalised));
        }
        lines.extend(reading.money.iter().map(messages::money_line));
    }
    lines.extend(messages::status(status, zone));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
