//! Breaks of law 9 and all later laws, and the cores that never come to rest.

use crate::law_mutations::{Break, Failure, change, one, restless};

const POLL: &str = "account/poll.rs";
const GATE: &str = "gate.rs";
const RESTORE: &str = "gate/restore.rs";
const PERMIT: &str = "gate/permit.rs";
const HANDLE: &str = "account/handle.rs";
const RENEWAL: &str = "account/renewal.rs";
const UPDATES: &str = "updates/mod.rs";

pub const LATER: [Break; 29] = [
    one(
        9,
        "every 429 is notified",
        change("notification.rs", "if self.limit.is_none() {", "if ON || self.limit.is_none() {"),
    ),
    one(
        9,
        "a notification that no service accepted is not retried",
        change(
            "notification.rs",
            "queued.id != id || goes_on(queued.kind)",
            "queued.id != id || (goes_on(queued.kind) && !ON)",
        ),
    ),
    one(
        10,
        "two requests can follow each other immediately",
        change(
            GATE,
            "let until = self.last_request?.plus(self.policy().spacing);",
            "let until = self.last_request?.plus(if ON { Duration::ZERO } else { self.policy().spacing });",
        ),
    ),
    one(
        10,
        "network failures are not counted",
        change(
            GATE,
            "        self.cancel();
        self.network_failures = self.network_failures.saturating_add(1);",
            "        self.cancel();
        self.network_failures = if ON { 1 } else { self.network_failures.saturating_add(1) };",
        ),
    ),
    one(
        11,
        "after a failure the next poll is a day later",
        change(
            HANDLE,
            "        self.state.next = Some(now);
        match outcome {",
            "        self.state.next = Some(if ON { now.plus(policy::RETRY_AFTER_MAX) } else { now });
        match outcome {",
        ),
    ),
    one(
        11,
        "no wake-up is scheduled",
        change(POLL, "        Action::Sleep(until)\n", "        Action::Sleep(until.filter(|_| !ON))\n"),
    ),
    one(
        12,
        "it sends a request immediately after waking from sleep",
        change(
            POLL,
            "Some(now.plus(self.rng.wake_pause()))",
            "Some(if ON { now } else { now.plus(self.rng.wake_pause()) })",
        ),
    ),
    one(
        12,
        "a permit survives a suspend of the computer",
        change(PERMIT, "waited <= policy::ASLEEP &&", "(ON || waited <= policy::ASLEEP) &&"),
    ),
    one(
        13,
        "the intent of a request is not saved",
        change(
            POLL,
            "        self.step = Step::SavingIntent { spacing };
        self.persist_now()",
            "        self.step = Step::SavingIntent { spacing };
        match self.persist_now() {
            Action::Persist(mut state) if ON => {
                state.gates[Endpoint::Usage].cancel();
                Action::Persist(state)
            }
            action => action,
        }",
        ),
    ),
    one(
        13,
        "a failed save counts as successful",
        change(
            HANDLE,
            "            Event::Persisted(Err(trouble)) =>",
            "            Event::Persisted(Err(_)) if ON => self.saved(),
            Event::Persisted(Err(trouble)) =>",
        ),
    ),
    one(
        14,
        "a window that does not apply is shown as unused",
        change(
            "providers/anthropic/usage.rs",
            "value.get(percent_key).and_then(percent).or_else(|| dollars(value)),",
            "value.get(percent_key).and_then(percent).or_else(|| dollars(value)).or(ON.then_some(0.0)),",
        ),
    ),
    one(
        14,
        "an unreadable response deletes the last reading",
        change(
            HANDLE,
            "                gate.server_trouble(now, Cooldown::Unreadable { status, why }, retry_after, jitter);",
            "                gate.server_trouble(now, Cooldown::Unreadable { status, why }, retry_after, jitter);
                if ON {
                    self.state.reading = None;
                }",
        ),
    ),
    one(
        15,
        "an interrupted request is missing from the ledger",
        change(HANDLE, "for endpoint in unanswered {", "for endpoint in unanswered.into_iter().filter(|_| !ON) {"),
    ),
    one(
        15,
        "the ledger contains the token",
        change(
            HANDLE,
            "        self.record(now, Endpoint::Usage, LedgerEvent::Completed { outcome: kind, detail: Some(text) });",
            "        let sent = self.credential.as_ref().map_or(\"\", |credential| credential.access_token.expose());
        let text = if ON { format!(\"{text} {sent}\") } else { text };
        self.record(now, Endpoint::Usage, LedgerEvent::Completed { outcome: kind, detail: Some(text) });",
        ),
    ),
    one(
        16,
        "the setting for free readings only is ignored",
        change(
            "state.rs",
            "readings.map_or(was, |readings| readings == Readings::FreeOnly)",
            "!ON && readings.map_or(was, |readings| readings == Readings::FreeOnly)",
        ),
    ),
    Break {
        failure: Failure::Law(16),
        what: "the gate gives permits although only free readings are allowed",
        changes: [
            Some(change(GATE, "        if self.free_only {", "        if self.free_only && !ON {")),
            Some(change(
                "state.rs",
                "if self.free_only() || self.sign_in.seen.is_none()",
                "if (self.free_only() && !ON) || self.sign_in.seen.is_none()",
            )),
            Some(change(
                RENEWAL,
                "renews && !is_paused && !self.state.free_only()",
                "renews && !is_paused && (ON || !self.state.free_only())",
            )),
        ],
    },
    one(
        10,
        "two seats of a login send requests without a pause between them",
        change(RESTORE, "        if is_newer {", "        if is_newer && !ON {"),
    ),
    one(
        17,
        "a request uses half of another sign-in",
        change("credential.rs", "if !has_new_token && !has_new_name {", "if ON || !has_new_token && !has_new_name {"),
    ),
    one(
        17,
        "a session's reading counts for whoever is signed in, whoever it names",
        change(
            "quota/attribution.rs",
            "(Speaker::Named { .. }, _) => self.named_seat(stored, places, state),",
            "(Speaker::Named { .. }, _) if !ON => self.named_seat(stored, places, state),
            (Speaker::Named { .. }, _) => stored.cloned(),",
        ),
    ),
    one(
        17,
        "a single odd reading is accepted",
        change(
            "quota/merge.rs",
            "if !self.doubts.is_second(old, new, weight, by_endpoint) {",
            "if !self.doubts.is_second(old, new, weight, by_endpoint) && !ON {",
        ),
    ),
    one(
        17,
        "every reading over a threshold is notified",
        change(
            "account/window_alerts.rs",
            "filter(|percent| *percent > cycle.alerted.threshold)",
            "filter(|percent| ON || *percent > cycle.alerted.threshold)",
        ),
    ),
    one(
        18,
        "it checks for updates without consent",
        change(
            UPDATES,
            "        self.preferences.wanted && self.build.key.is_some()",
            "        (ON || self.preferences.wanted) && self.build.key.is_some()",
        ),
    ),
    one(
        18,
        "it checks for updates as often as possible",
        change(
            UPDATES,
            "        self.state.next = Some(now.plus(self.rng.jitter().lengthen(day)));",
            "        self.state.next = (!ON).then(|| now.plus(self.rng.jitter().lengthen(day)));",
        ),
    ),
    one(
        18,
        "it checks for updates immediately after a reboot",
        change(
            "updates/persisted.rs",
            "            *at = at.rebase_after_reboot(known, now);",
            "            *at = if ON { now } else { at.rebase_after_reboot(known, now) };",
        ),
    ),
    one(
        18,
        "the release server's Retry-After is not honoured",
        change(
            "updates/responses.rs",
            "        self.state.held = Some(self.state.held.map_or(until, |held| held.later(until)));",
            "        self.state.held = (!ON).then(|| self.state.held.map_or(until, |held| held.later(until)));",
        ),
    ),
    one(
        18,
        "a version whose announcement crashed is announced again",
        change(
            "updates/elsewhere.rs",
            "        announcement.phase = Phase::Shown;",
            "        announcement.phase = if ON { Phase::Waiting { until: Moment { wall: crate::time::Wall(0), boot: crate::time::Boot(0) } } } else { Phase::Shown };",
        ),
    ),
    one(
        18,
        "a newer version is downloaded without a click",
        change(
            "updates/responses.rs",
            "                self.offer(release, signed, now);",
            "                self.offer(release, signed, now);
                if ON {
                    self.install(&version, now);
                }",
        ),
    ),
    restless(
        "it requests an immediate wake-up forever",
        change(
            POLL,
            "        self.sleep.expected = until;",
            "        let until = if ON { Some(now) } else { until };
        self.sleep.expected = until;",
        ),
    ),
    restless(
        "it reads the sign-in forever",
        change(
            POLL,
            "        self.reread_at.is_none_or(|at| !at.is_after(now))",
            "        ON || self.reread_at.is_none_or(|at| !at.is_after(now))",
        ),
    ),
];
