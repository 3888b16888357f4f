//! The list: one deliberate break of each law. Every change is a line of the real core, found by its text, that does
//! something else while its break is on. A text that is not there exactly once fails a test of this program.

use super::{Break, Change};

const ACT: &str = "account/act.rs";
const GATE: &str = "gate.rs";
const LEARN: &str = "account/learn.rs";
const RENEW: &str = "account/renew.rs";

const fn one(law: u8, what: &'static str, change: Change) -> Break {
    Break { law, what, changes: [Some(change), None] }
}

const fn change(file: &'static str, from: &'static str, to: &'static str) -> Change {
    Change { file, from, to }
}

/// In `to`, ON is whether the break is on.
pub const BREAKS: [Break; 15] = [
    one(
        1,
        "the permit for usage names the token endpoint",
        change(
            GATE,
            "then_some(Permit { endpoint: self.endpoint, given: now })",
            "then_some(Permit { endpoint: if ON { Endpoint::Token } else { self.endpoint }, given: now })",
        ),
    ),
    one(
        2,
        "a look at the sign-in opens a cooldown",
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
        3,
        "the usage endpoint has the cap of the token endpoint",
        change(
            GATE,
            "Endpoint::Usage => policy::USAGE_LIMIT,",
            "Endpoint::Usage => Backoff { cap: if ON { policy::TOKEN_LIMIT.cap } else { policy::USAGE_LIMIT.cap }, ..policy::USAGE_LIMIT },",
        ),
    ),
    one(
        4,
        "a renewal does not wait for usage to open",
        change(
            RENEW,
            "            GateState::CoolingDown { until, .. } => *until,",
            "            GateState::CoolingDown { .. } if ON => now,
            GateState::CoolingDown { until, .. } => *until,",
        ),
    ),
    Break {
        law: 5,
        what: "an expired access token is sent",
        changes: [
            Some(change(
                ACT,
                "filter(|credential| !credential.expired(now.wall))",
                "filter(|credential| ON || !credential.expired(now.wall))",
            )),
            Some(change("state.rs", "if !self.sign_in.expired(now) {", "if ON || !self.sign_in.expired(now) {")),
        ],
    },
    one(
        6,
        "the fifth 401 pauses, and not the third",
        change(
            GATE,
            "self.unauthorized >= policy::UNAUTHORIZED_STRIKES",
            "self.unauthorized >= (if ON { 5 } else { policy::UNAUTHORIZED_STRIKES })",
        ),
    ),
    one(
        7,
        "it renews although that is off",
        change(RENEW, "filter(|_| self.preferences.renewal)?", "filter(|_| ON || self.preferences.renewal)?"),
    ),
    one(
        8,
        "the sign-in is not read again inside the locks",
        change(
            RENEW,
            "                self.step = Step::Renewing(Stage::Looking);",
            "                let stage = if ON { self.decide(now) } else { Stage::Looking };
                self.step = Step::Renewing(stage);",
        ),
    ),
    one(9, "every 429 is told", change("notice.rs", "if self.limit.is_none() {", "if ON || self.limit.is_none() {")),
    one(
        10,
        "two requests may follow each other at once",
        change(
            GATE,
            "let until = self.last_request?.plus(policy::MIN_SPACING);",
            "let until = self.last_request?.plus(if ON { Duration::ZERO } else { policy::MIN_SPACING });",
        ),
    ),
    one(
        11,
        "after a failure it waits a day for its next poll",
        change(
            LEARN,
            "        self.state.next = Some(now);
        match outcome {",
            "        self.state.next = Some(if ON { now.plus(policy::RETRY_AFTER_MAX) } else { now });
        match outcome {",
        ),
    ),
    one(
        12,
        "it asks at once after waking",
        change(
            ACT,
            "Some(now.plus(self.dice.wake_pause()))",
            "Some(if ON { now } else { now.plus(self.dice.wake_pause()) })",
        ),
    ),
    one(
        13,
        "the note of a request is not saved",
        change(
            ACT,
            "        self.step = Step::Noting { spacing };
        self.persist_now()",
            "        self.step = Step::Noting { spacing };
        match self.persist_now() {
            Action::Persist(mut state) if ON => {
                state.usage.withdraw();
                Action::Persist(state)
            }
            action => action,
        }",
        ),
    ),
    one(
        14,
        "a window that does not apply is shown as unused",
        change(
            "providers/anthropic/usage.rs",
            "window.get(\"utilization\").and_then(percent)",
            "window.get(\"utilization\").and_then(percent).or(ON.then_some(0.0))",
        ),
    ),
    one(
        15,
        "a request that was cut off stands in no line of the ledger",
        change(LEARN, "for endpoint in unanswered {", "for endpoint in unanswered.into_iter().filter(|_| !ON) {"),
    ),
];
