//! The observations in words, for people who read how a law broke.

use crate::observation::{
    DAY, Found, GateStatus, HOUR, Line, MINUTE, Meaning, Millis, Observation, Recorded, SECOND, SavedAccount,
    SavedGate, SentRequest, SignIn,
};

/// One observation as a line.
pub fn line(seen: &Observation) -> String {
    match seen {
        Observation::Tick => "an hour passes".to_owned(),
        Observation::Settings(user_settings) => format!("settings: {user_settings:?}"),
        Observation::SignIn(None) => "the owner's store holds no sign-in".to_owned(),
        Observation::SignIn(Some(sign_in)) => format!("the owner's store holds {}", tokens(*sign_in)),
        Observation::Account(who) => format!("Holdoff goes on as account {}", who.0),
        Observation::Renamed { from, into } => format!("account {} is account {} by its own name", from.0, into.0),
        Observation::Ended => "the owner knows that the sign-in is over".to_owned(),
        Observation::Beside { from, into } => format!("account {} is of the same login as account {}", from.0, into.0),
        Observation::SessionReading { who, said, .. } => format!("  -> a session of account {} tells {said:?}", who.0),
        Observation::CredentialRead { account: None, .. } => "Holdoff reads the sign-in: there is none".to_owned(),
        Observation::CredentialRead { account: Some(who), settled: true } => {
            format!("Holdoff reads the sign-in: account {}", who.0)
        }
        Observation::CredentialRead { account: Some(who), settled: false } => {
            format!("Holdoff reads the sign-in: account {}, or half of another", who.0)
        }
        Observation::Locked(true) => "Holdoff takes the locks".to_owned(),
        Observation::Locked(false) => "Holdoff gives the locks back".to_owned(),
        Observation::Wrote(wrote) => format!("Holdoff writes new tokens: {wrote:?}"),
        Observation::Sent(sent) => self::sent(sent),
        Observation::Answered { request, meaning } => format!("  <- answer to request {request}: {}", means(meaning)),
        Observation::Saved(kept) => self::kept(kept),
        Observation::NotKept => "the state cannot be saved".to_owned(),
        Observation::Recorded(recorded) => self::recorded(recorded),
        Observation::LinesWait(true) => "the ledger cannot be written, its lines wait".to_owned(),
        Observation::LinesWait(false) => "the lines that waited are in the ledger".to_owned(),
        Observation::Leaked(place) => format!("part of a token is found in {place}"),
        Observation::Service(there) => format!("notification service: {}", if *there { "there" } else { "away" }),
        Observation::Worded(kind, words) => format!("  ** about to be shown: {kind:?}: {words:?}"),
        Observation::Shown(kind) => format!("  ** notice: {kind:?}"),
        Observation::ShownOf(window, told) => format!("  ** of {window}: {told:?}"),
        Observation::Viewed(view) => format!("somebody looks: {view:?}"),
        Observation::Died => "Holdoff ends".to_owned(),
        Observation::Started(Found::State { save }) => format!("Holdoff starts from state {save}"),
        Observation::Started(Found::Nothing) => "Holdoff starts from nothing".to_owned(),
        Observation::Started(Found::Unreadable) => "Holdoff starts, and cannot read either state file".to_owned(),
        Observation::Rebooted { ahead } => format!("the machine was off; its wall clock is {ahead} ms ahead"),
        Observation::ClockSet(by) => format!("the wall clock is set by {by} ms"),
        Observation::Woke { late } => format!("the machine wakes{}", if *late { ", late for a timer" } else { "" }),
        Observation::Asleep => "the machine falls asleep".to_owned(),
        Observation::Well(true) => "(all is well: a request would bring a reading)".to_owned(),
        Observation::Well(false) => "(a request would bring no reading)".to_owned(),
        Observation::Renewable(true) => "(a renewal would bring new tokens)".to_owned(),
        Observation::Renewable(false) => "(a renewal would bring nothing, or is not due)".to_owned(),
    }
}

fn tokens(sign_in: SignIn) -> String {
    let access =
        format!("access token {}{}", sign_in.access.0, if sign_in.has_scope { "" } else { " without the scope" });
    match sign_in.refresh {
        Some(refresh) => format!("{access}, refresh token {}", refresh.0),
        None => format!("{access}, no refresh token"),
    }
}

fn sent(sent: &SentRequest) -> String {
    let life = sent.life.map_or("of unknown length".to_owned(), |life| format!("of {} s", life / SECOND));
    format!(
        "  -> request {} to {:?} with token {} (access token: life {life})",
        sent.request, sent.endpoint, sent.token.0
    )
}

fn means(meaning: &Meaning) -> String {
    let asks = |retry_after: &Option<Millis>| match retry_after {
        Some(wait) => format!(", Retry-After {} s", wait / SECOND),
        None => ", no usable Retry-After".to_owned(),
    };
    match meaning {
        Meaning::Reading { said } => format!("a reading: {said:?}"),
        Meaning::Limited { retry_after } => format!("429{}", asks(retry_after)),
        Meaning::AtEdge => "429 of the edge".to_owned(),
        Meaning::NotAllowed => "not allowed for the organization".to_owned(),
        Meaning::Unauthorized => "401".to_owned(),
        Meaning::MissingScope => "403, a scope is missing".to_owned(),
        Meaning::Forbidden => "403".to_owned(),
        Meaning::Trouble { retry_after } => format!("trouble{}", asks(retry_after)),
        Meaning::Unreadable => "nothing that can be read".to_owned(),
        Meaning::NotSent => "it did not leave".to_owned(),
        Meaning::Lost => "none came".to_owned(),
        Meaning::Renewed { access, rotated, other } => {
            let whose = if *other { " of another account" } else { "" };
            let rest = if *rotated { "and a new refresh token" } else { "and no new refresh token" };
            format!("new access token {}{whose} {rest}", access.0)
        }
        Meaning::Refused => "the refresh token is refused".to_owned(),
        Meaning::Denied => "the request is not wanted".to_owned(),
        Meaning::UnusableTokens => "accepted, but cut".to_owned(),
    }
}

fn kept(kept: &SavedAccount) -> String {
    let gate = |gate: &SavedGate| {
        let status = match gate.status {
            GateStatus::Open => "open".to_owned(),
            GateStatus::Until(until) => format!("shut until {}", clock(until)),
            GateStatus::Paused => "paused".to_owned(),
        };
        let intent = gate.intent.map_or(String::new(), |at| format!(", intent of {}", clock(at)));
        let spending = gate.intent_token.map_or(String::new(), |token| format!(", spending token {}", token.0));
        format!("{status}{intent}{spending}")
    };
    let showing = if kept.showing == Default::default() { String::new() } else { format!("; {:?}", kept.showing) };
    format!("state {} is durable: usage {}; token {}{showing}", kept.save, gate(&kept.usage), gate(&kept.token))
}

fn recorded(recorded: &Recorded) -> String {
    let line = match recorded.line {
        Line::Completed(kind) => format!("{kind:?}"),
        Line::Sent | Line::Unanswered | Line::Withheld => format!("{:?}", recorded.line),
    };
    let next = recorded.next.map_or("not before another sign-in".to_owned(), |at| format!("next at {}", clock(at)));
    format!("ledger: {:?}: {line}; {next}", recorded.endpoint)
}

/// Days and time of day since the world began.
pub fn clock(at: Millis) -> String {
    let (days, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (hours, minutes) = (rest / HOUR, rest % HOUR / MINUTE);
    format!("{days}d {hours:02}:{minutes:02}:{:02}.{:03}", rest % MINUTE / SECOND, rest % SECOND)
}
