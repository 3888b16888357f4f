//! What is shown, as pure functions of the known state: the windows' view. The tray's model is in [`crate::tray::model`].

mod updates;

use crate::account_settings_view;
use crate::view::{
    AccountView, ClockView, CooldownView, CycleView, MoneyView, OfferView, ProviderView, ReadingView, RefreshView,
    SettingsView, SignInState, SignInView, StepProgress, StepView, TroubleView, TurnedTo, View, WindowView,
};
use crate::view_context::ViewContext;
use holdoff_core::credential::sign_in_flow::SignInFlow;
use holdoff_core::gate::GateState;
use holdoff_core::providers::Provider;
use holdoff_core::quota::Level;
use holdoff_core::quota::forecast::{Forecast, Point};
use holdoff_core::quota::pace::EvenPace;
use holdoff_core::state::SignInTrouble;
use holdoff_core::{
    AccountId, AccountState, AccountStatus, Endpoint, LocalTime, Moment, QuotaWindow, Reading, Settings, messages,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// The view of both windows.
pub fn view(context: &ViewContext<'_>) -> View {
    View {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock: ClockView { now_ms: context.now.wall.0, speed: context.speed },
        troubles: troubles(context),
        accounts: context.accounts().map(|(id, account)| account_view(id, account, context)).collect(),
        settings: settings_view(context),
        providers: Provider::ALL.map(ProviderView::from).into(),
        updates: updates::view(context),
        turned_to: context.signing_in.turned_to().map(|(account, time)| TurnedTo { account: account.0.clone(), time }),
    }
}

fn troubles(context: &ViewContext<'_>) -> Vec<TroubleView> {
    let trouble = |title: &str, text: String| TroubleView { title: title.to_owned(), text };
    let mut troubles = Vec::new();
    if let Some(why) = &context.snapshot.trouble {
        troubles.push(trouble(
            "State cannot be saved",
            format!(
                "Saving failed: {why}. Without a record Holdoff could send a request too early, so it sends none until it can save again. Free some space or fix the folder's permissions; Holdoff resumes by itself."
            ),
        ));
    }
    // This copy has no name for an account that it never polled.
    let names: Vec<String> =
        context.elsewhere.iter().filter_map(|id| account_settings_view::label(id, context)).collect();
    if !names.is_empty() {
        troubles.push(trouble(
            "Another copy of Holdoff is running",
            format!(
                "Another copy checks {}, so this one does not. It takes over by itself when the other copy quits.",
                names.join(" and ")
            ),
        ));
    }
    for (place, why) in context.unwatched {
        let (title, text) = messages::unwatched(place, why);
        troubles.push(trouble(title, text));
    }
    if let Some(why) = &context.history.trouble {
        troubles.push(trouble("History not saved", why.clone()));
    }
    let findings = context.findings.iter().chain(&context.history.findings);
    troubles.extend(findings.map(|text| trouble("Startup warning", text.clone())));
    troubles
}

fn account_view(id: &AccountId, account: &AccountState, context: &ViewContext<'_>) -> AccountView {
    let now = context.now;
    let status = context.status(account);
    let next = status.next_request;
    AccountView {
        provider: account.provider.key().to_owned(),
        id: id.0.clone(),
        label: context.label(id),
        plan: account.sign_in.plan.as_deref().map(messages::capitalised),
        condition: status.condition,
        status: messages::status_beside_countdown(&status, context.zone).join(" "),
        cooldown: cooldown(account, context),
        windows: windows(account, context),
        leading: leading(account, context).map(|window| window.id.clone()),
        cycle: leading(account, context).and_then(|window| cycle_view(window, account, context)),
        money: money(account),
        reading: account.reading.as_ref().map(|reading| ReadingView {
            at_ms: reading.at.0,
            source: messages::source(reading.source, account.provider),
            stale: status.is_stale,
        }),
        refresh: refresh(&status, context.zone),
        next_request_ms: next.map(|next| next.wall_as_of(now).0),
        next_request_clock: next.map(|next| messages::not_before(next.wall_as_of(now), now.wall, context.zone)),
        sign_in: sign_in(id, &status, context),
        free_only: account.free_only(),
        offers_free: account.is_refused_as_a_program(),
    }
}

/// The accounts that need a new sign-in.
pub fn needing_sign_in(context: &ViewContext<'_>) -> BTreeSet<AccountId> {
    let needing = |(id, account): (&AccountId, &AccountState)| {
        matches!(context.status(account).sign_in_flow, SignInFlow::SignIn(_)).then(|| id.clone())
    };
    context.accounts().filter_map(needing).collect()
}

/// The location of an account's sign-in.
pub fn place(context: &ViewContext<'_>, account: &AccountId) -> Option<String> {
    context.snapshot.state.accounts.get(account).map(|account| account.sign_in.place.clone())
}

fn windows(account: &AccountState, context: &ViewContext<'_>) -> Vec<WindowView> {
    let Some(reading) = &account.reading else {
        return Vec::new();
    };
    reading.windows.iter().map(|window| window_view(window, reading, account, context)).collect()
}

fn cooldown(account: &AccountState, context: &ViewContext<'_>) -> Option<CooldownView> {
    let now = context.now;
    match &account.gates[Endpoint::Usage].state {
        GateState::CoolingDown { since, until, .. } if until.is_after(now) => Some(CooldownView {
            since_ms: since.wall.0,
            since_clock: context.format_time(since.wall),
            until_ms: until.wall_as_of(now).0,
        }),
        _ => None,
    }
}

fn leading<'a>(account: &'a AccountState, context: &ViewContext<'_>) -> Option<&'a QuotaWindow> {
    account.reading.as_ref()?.leading(context.now.wall)
}

fn even_pace(window: &QuotaWindow, context: &ViewContext<'_>) -> Option<EvenPace> {
    EvenPace::of(window, context.settings.pace_days, context.now.wall, context.zone)
}

/// `None` until two readings of the cycle can be joined by a line.
fn cycle_view(window: &QuotaWindow, account: &AccountState, context: &ViewContext<'_>) -> Option<CycleView> {
    let now = context.now.wall;
    let (even, cycle) = (even_pace(window, context)?, account.cycles.get(&window.id)?);
    let begins = even.line.first()?.at;
    let drawn = |points: &[Point]| points.iter().map(|point| (point.at.0, point.used)).collect::<Vec<_>>();
    let used: Vec<Point> = cycle.points.iter().filter(|point| point.at >= begins).copied().collect();
    let last = used.last().filter(|_| used.len() > 1)?;
    let end = match cycle.forecast(now) {
        Some(Forecast::RunsOut { at, .. }) => Some(Point { at, used: 100.0 }),
        _ => cycle.at_reset(now).zip(window.resets_at).map(|(used, at)| Point { at, used }),
    };
    let forecast = end.map(|end| drawn(&[*last, end])).unwrap_or_default();
    Some(CycleView { used: drawn(&used), even: drawn(&even.line), forecast })
}

fn window_view(
    window: &QuotaWindow,
    reading: &Reading,
    account: &AccountState,
    context: &ViewContext<'_>,
) -> WindowView {
    let now = context.now.wall;
    let level = window.level(now);
    let used = match level {
        Level::Used(percent) => Some(percent),
        Level::Reset | Level::Unknown => None,
    };
    let even = even_pace(window, context).map(|even| even.at(now));
    let forecast = account.forecast(window, now);
    let apart = messages::own_age(reading, window, account.provider, now).is_some();
    let origin = apart.then(|| reading.origin(window));
    WindowView {
        id: window.id.clone(),
        label: messages::capitalised(&messages::window_name(window)),
        used_percent: used,
        resets_at_ms: window.resets_at.map(|at| at.0),
        resets_clock: window.resets_at.map(|at| messages::resets(at, context.now.wall, context.zone)),
        was_reset: level == Level::Reset,
        binding: window.binding,
        forecast: forecast.map(|forecast| messages::forecast(forecast, now, context.zone)),
        runs_out: matches!(forecast, Some(Forecast::RunsOut { .. })),
        expected_percent: account.cycles.get(&window.id).and_then(|cycle| cycle.at_reset(now)),
        even_percent: even,
        pace: used.zip(even).and_then(|(used, even)| messages::pace(used, even)),
        read_at_ms: origin.map(|origin| origin.at.0),
        read_source: origin.map(|origin| messages::source(origin.source, account.provider)),
    }
}

fn money(account: &AccountState) -> Vec<MoneyView> {
    let money = account.reading.as_ref().map(|reading| reading.money.as_slice()).unwrap_or_default();
    money
        .iter()
        .map(|money| MoneyView {
            id: money.id.clone(),
            label: money.label.clone(),
            used: money.used.as_ref().map_or_else(|| "—".to_owned(), ToString::to_string),
            limit: money.limit.as_ref().map(ToString::to_string),
            used_percent: money.percent(),
            note: money.note.clone(),
        })
        .collect()
}

fn refresh(status: &AccountStatus<'_>, zone: &LocalTime) -> RefreshView {
    match &status.refresh {
        Ok(()) => RefreshView { allowed: true, reason: None, button: None },
        Err(refusal) => RefreshView {
            allowed: false,
            reason: Some(messages::refusal(refusal, status.account, status.now, zone)),
            button: messages::refusal_short(refusal, status.now, zone),
        },
    }
}

fn sign_in(id: &AccountId, status: &AccountStatus<'_>, context: &ViewContext<'_>) -> SignInView {
    let account = status.account;
    let said = messages::sign_in(status, context.zone);
    let steps = steps(id, status, context);
    let state = match status.trouble {
        Some(SignInTrouble::Absent(_)) => SignInState::Absent,
        Some(SignInTrouble::Expired) => SignInState::Expired,
        Some(SignInTrouble::Paused(_)) => SignInState::Paused,
        None if account.sign_in.seen.is_none() => SignInState::Unknown,
        None => SignInState::Ok,
    };
    let place = Some(account.sign_in.place.clone()).filter(|place| !place.is_empty());
    SignInView {
        state,
        title: said.title,
        text: said.text,
        found_at: place,
        plan: account.sign_in.plan.as_deref().map(messages::capitalised),
        expires_at_ms: account.sign_in.expires_at().map(|at| at.0),
        expires_clock: account.sign_in.expires_at().map(|at| context.format_time(at)),
        steps: steps.steps.into_iter().map(step).collect(),
        offer: steps.offer.map(|words| offer(account.provider, words)),
        recovered: steps.recovered,
        other_account: steps.other_account,
    }
}

fn steps(id: &AccountId, status: &AccountStatus<'_>, context: &ViewContext<'_>) -> messages::SignInSteps {
    let state = &context.snapshot.state;
    let before = status.account.previous_account.as_ref().filter(|before| state.accounts.contains_key(before));
    let before = before.map(|before| context.label(before));
    let around = messages::SignInContext {
        label: &context.label(id),
        before: before.as_deref(),
        means: context.signing_in.means,
        older: context.signing_in.older,
        opened: context.signing_in.is_opened(id),
    };
    messages::sign_in_steps(status, &around, context.zone)
}

fn step(step: messages::StepWords) -> StepView {
    let progress = match step.progress {
        messages::Progress::Done => StepProgress::Done,
        messages::Progress::Now => StepProgress::Now,
        messages::Progress::UnderWay => StepProgress::UnderWay,
        messages::Progress::Next => StepProgress::Next,
    };
    StepView { progress, text: step.text }
}

fn offer(provider: Provider, offer: messages::Offer) -> OfferView {
    let (problem, address) = match offer.problem {
        Some(problem) => (Some(problem.text), problem.address.map(str::to_owned)),
        None => (None, None),
    };
    OfferView {
        button: offer.button.to_owned(),
        urgent: offer.urgent,
        owner: provider.owner().to_owned(),
        command: offer.command,
        problem,
        address,
    }
}

fn settings_view(context: &ViewContext<'_>) -> SettingsView {
    SettingsView {
        chosen: Settings { start_at_login: context.starts_at_login, ..context.settings.clone() },
        offers_readings: !context.settings.has_readings_choice(),
        problems: context.setting_problems.to_vec(),
        accounts: account_settings_view::accounts(context),
        folders: account_settings_view::folders(context),
    }
}

/// When the view next changes without any event: a window resets, a cooldown ends, a reading gets old, a sign-in expires, or
/// midnight passes.
pub fn next_change(context: &ViewContext<'_>) -> Moment {
    let now = context.now;
    let mut changes = vec![context.zone.midnight(now.wall)];
    changes.extend(crate::tray::model::icon_changes(context));
    changes.extend(context.updates.next.map(|next| next.wall_as_of(now)));
    for (_, account) in context.accounts() {
        changes.extend(context.status(account).next_changes(context.settings.polling_interval));
    }
    let soonest = changes.into_iter().filter(|at| *at > now.wall).min();
    now.plus(soonest.map_or(Duration::from_secs(3600), |at| at.since(now.wall)))
}
