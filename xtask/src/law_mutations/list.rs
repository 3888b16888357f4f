//! The list: at least two deliberate breaks of different kinds for each law, and two cores that never come to rest. Each
//! change finds a line of the real core by its text and alters it while its break is on. A text that does not occur exactly
//! once fails a test of this program. In `to`, ON is whether the break is on.

mod later;

use super::{Break, Failure, change, one};

const POLL: &str = "account/poll.rs";
const GATE: &str = "gate.rs";
const RESTORE: &str = "gate/restore.rs";
const PERMIT: &str = "gate/permit.rs";
const RENEWAL: &str = "account/renewal.rs";

/// All breaks, by number.
pub fn breaks() -> impl Iterator<Item = &'static Break> {
    EARLIER.iter().chain(&later::LATER)
}

/// Breaks of laws 1 to 8.
const EARLIER: [Break; 20] = [
    one(
        1,
        "the permit for usage names the token endpoint",
        change(
            GATE,
            "Permit::new(account.clone(), self.provider, self.endpoint, now)",
            "Permit::new(account.clone(), self.provider, if ON { Endpoint::Token } else { self.endpoint }, now)",
        ),
    ),
    one(
        1,
        "a request for usage goes to the token endpoint",
        change(
            GATE,
            "PermittedRequest::new(permit, request)",
            "PermittedRequest::new(permit, if ON { Request { endpoint: Endpoint::Token, ..request } } else { request })",
        ),
    ),
    one(
        2,
        "reading the sign-in ends a cooldown",
        change(
            GATE,
            "            GateState::Paused { .. } | GateState::CoolingDown { .. } | GateState::Open => false,",
            "            GateState::CoolingDown { .. } if ON => {
                self.state = GateState::Open;
                true
            }
            GateState::Paused { .. } | GateState::CoolingDown { .. } | GateState::Open => false,",
        ),
    ),
    one(
        2,
        "a reboot ends the wait after a 429",
        change(
            RESTORE,
            "            GateState::CoolingDown { since, until, .. } => cooldown(since, until),",
            "            GateState::CoolingDown { cause: Cooldown::RateLimited { .. }, until, .. } if ON => *until = now,
            GateState::CoolingDown { since, until, .. } => cooldown(since, until),",
        ),
    ),
    one(
        2,
        "after refusals at the edge, requests are as frequent as after a rate limit",
        change(
            GATE,
            "if edge_refusals >= policy::TURNED_AWAY_AFTER {",
            "if edge_refusals >= policy::TURNED_AWAY_AFTER && !ON {",
        ),
    ),
    one(
        2,
        "another seat of a login sends a request during its cooldown",
        change(RESTORE, "cause.is_of_login() && until.is_after(now)", "!ON && cause.is_of_login() && until.is_after(now)"),
    ),
    one(
        3,
        "the usage endpoint uses the token endpoint's cap",
        change(
            GATE,
            "        self.policy().limit\n",
            "        Backoff { cap: self.provider.policy(if ON { Endpoint::Token } else { self.endpoint }).limit.cap, ..self.policy().limit }\n",
        ),
    ),
    one(
        3,
        "a Retry-After of more than a day is honoured in full",
        change(
            "gate/retry_after.rs",
            "parse_up_to(RETRY_AFTER_MAX, header, date, now)",
            "parse_up_to(if ON { Duration::MAX } else { RETRY_AFTER_MAX }, header, date, now)",
        ),
    ),
    one(
        4,
        "a renewal does not wait for the usage gate to open",
        change(
            RENEWAL,
            "            GateState::CoolingDown { until, .. } => *until,",
            "            GateState::CoolingDown { .. } if ON => now,
            GateState::CoolingDown { until, .. } => *until,",
        ),
    ),
    one(
        4,
        "after a 429 the sign-in counts as expired",
        change(
            RENEWAL,
            "        let left = credential.expires_at?",
            "        let ended = ON && self.state.gates[Endpoint::Usage].strikes > 0;
        let left = if ended { Some(now.wall) } else { credential.expires_at }?",
        ),
    ),
    Break {
        failure: Failure::Law(5),
        what: "an expired access token is sent",
        changes: [
            Some(change(
                POLL,
                "filter(|credential| !credential.expired(now.wall))",
                "filter(|credential| ON || !credential.expired(now.wall))",
            )),
            Some(change("state/renewal_status.rs", "if !self.sign_in.expired(now) {", "if ON || !self.sign_in.expired(now) {")),
            Some(change(PERMIT, "|life| waited < life", "|life| ON || waited < life")),
        ],
    },
    one(
        5,
        "usage waits for the token endpoint's cooldown too",
        change(
            "state.rs",
            "        Some(self.next.map_or(opens, |next| next.later(opens)))",
            "        let opens = if ON { self.gates[Endpoint::Token].opens(now)?.later(opens) } else { opens };
        Some(self.next.map_or(opens, |next| next.later(opens)))",
        ),
    ),
    one(
        6,
        "the fifth 401 pauses instead of the third",
        change(
            GATE,
            "self.unauthorized >= policy::UNAUTHORIZED_STRIKES",
            "self.unauthorized >= (if ON { 5 } else { policy::UNAUTHORIZED_STRIKES })",
        ),
    ),
    one(
        6,
        "a pause is lost on restart",
        change(
            RESTORE,
            "        let Some(intent) = self.intent.take() else {",
            "        if ON && matches!(self.state, GateState::Paused { cause: super::Pause::Rejected, .. }) {
            self.state = GateState::Open;
        }
        let Some(intent) = self.intent.take() else {",
        ),
    ),
    one(
        6,
        "a stored sign-in without the scope is used",
        change(
            "providers/mod.rs",
            "        self.spec().missing_scope(credential)\n",
            "        self.spec().missing_scope(credential).filter(|_| !ON)\n",
        ),
    ),
    one(
        6,
        "the missing scope of a stored sign-in is not named",
        change(
            "messages/reasons.rs",
            "        Pause::ScopeNotGranted { scope } => format!(",
            "        Pause::ScopeNotGranted { .. } if ON => pause(state, &Pause::Rejected),
        Pause::ScopeNotGranted { scope } => format!(",
        ),
    ),
    Break {
        failure: Failure::Law(7),
        what: "it renews although renewal is off",
        changes: [
            Some(change(RENEWAL, "filter(|_| self.preferences.renewal)?", "filter(|_| ON || self.preferences.renewal)?")),
            Some(change(
                RENEWAL,
                "endpoint == Endpoint::Usage || self.preferences.renewal",
                "ON || endpoint == Endpoint::Usage || self.preferences.renewal",
            )),
            None,
        ],
    },
    one(
        7,
        "the user is notified of an expired sign-in",
        change(
            "account/sign_in_seen.rs",
            "            self.state.sign_in_failed = true;
            self.saving.dirty = true;
        }
        match step {",
            "            self.state.sign_in_failed = true;
            self.saving.dirty = true;
            if ON {
                self.state.notices.begin_sign_in(now, self.preferences.wanted);
            }
        }
        match step {",
        ),
    ),
    Break {
        failure: Failure::Law(8),
        what: "the sign-in is not read again inside the locks",
        changes: [
            Some(change(
                RENEWAL,
                "                self.step = Step::Renewing(Stage::ReadingCredential);",
                "                let stage = if ON { self.decide(now) } else { Stage::ReadingCredential };
                self.step = Step::Renewing(stage);",
            )),
            // The renewal needs a refresh token.
            Some(change(
                "account/sign_in_seen.rs",
                "                    credential.forget_refresh_token();",
                "                    if !ON {
                        credential.forget_refresh_token();
                    }",
            )),
            None,
        ],
    },
    one(
        8,
        "the new tokens are discarded",
        change(
            RENEWAL,
            "            GrantOutcome::Renewed(tokens) => return",
            "            GrantOutcome::Renewed(_) if ON => {}
            GrantOutcome::Renewed(tokens) => return",
        ),
    ),
];
