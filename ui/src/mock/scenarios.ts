import type { AccountView } from "../bindings/AccountView";
import type { View } from "../bindings/View";
import {
  ACCOUNT,
  DAY,
  EXTRA_USAGE,
  FABLE,
  FIVE_HOUR,
  HOUR,
  HOW_TO_SIGN_IN,
  MINUTE,
  NOW,
  SETTINGS,
  SIGNED_IN,
  WEEKLY,
  nextRequest,
  quota,
  reading,
  shut,
  signInOnly,
  viewOf,
} from "./parts";

const COOLING_DOWN: AccountView = {
  ...ACCOUNT,
  condition: "cooling_down",
  status: "Anthropic asked Holdoff to wait (429). Nothing is asked before 14:32.",
  reading: reading(18 * MINUTE),
  refresh: shut(HOUR + 15 * MINUTE, "Anthropic asked Holdoff to wait."),
  ...nextRequest(HOUR + 15 * MINUTE),
};

const PAUSED_REJECTED: AccountView = {
  ...ACCOUNT,
  condition: "paused",
  status: "Anthropic rejected the sign-in three times. Nothing is asked until you sign in again.",
  reading: reading(26 * MINUTE, { stale: true }),
  refresh: signInOnly("Only a new sign-in helps: Anthropic rejects this one."),
  ...nextRequest(null),
  sign_in: {
    ...SIGNED_IN,
    ...HOW_TO_SIGN_IN,
    state: "paused",
    title: "Signed out",
    text: "Anthropic no longer accepts the sign-in that Claude Code keeps (401, three times). Holdoff has stopped asking.",
    expires_at_ms: null,
    expires_clock: null,
  },
};

const PAUSED_SCOPE: AccountView = {
  ...PAUSED_REJECTED,
  status: "The sign-in lacks the scope user:profile. Nothing is asked until you sign in again.",
  windows: [],
  money: [],
  reading: null,
  sign_in: {
    ...PAUSED_REJECTED.sign_in,
    title: "Scope missing",
    text: "Anthropic says that this sign-in may not read the quota: it lacks the scope user:profile. A token from “claude setup-token” never has it; a sign-in in the browser does.",
  },
};

const EXPIRED: AccountView = {
  ...ACCOUNT,
  condition: "expired",
  status: "The sign-in expired at 12:40. Claude Code renews it when you next use it.",
  reading: reading(41 * MINUTE, { stale: true }),
  refresh: signInOnly("An expired sign-in is not sent. Start Claude Code, and it renews it."),
  ...nextRequest(null),
  sign_in: {
    ...SIGNED_IN,
    state: "expired",
    title: "Sign-in expired",
    text: "Holdoff does not send an expired token. Claude Code renews it the next time you use it, and readings go on by themselves.",
    expires_at_ms: NOW - 37 * MINUTE,
    expires_clock: "12:40",
    steps: ["Use Claude Code once, or sign in again with the command below."],
    command: "claude auth login",
  },
};

const ABSENT: AccountView = {
  ...ACCOUNT,
  label: "Claude Code",
  plan: null,
  condition: "absent",
  status: "No sign-in of Claude Code was found on this computer. Holdoff goes on looking.",
  windows: [],
  money: [],
  reading: null,
  refresh: signInOnly("There is no sign-in to ask with."),
  ...nextRequest(null),
  sign_in: {
    ...SIGNED_IN,
    ...HOW_TO_SIGN_IN,
    state: "absent",
    title: "No sign-in found",
    text: "Claude Code keeps its sign-in in a file, and there is none. Sign in with Claude Code, and Holdoff begins by itself.",
    plan: null,
    expires_at_ms: null,
    expires_clock: null,
  },
};

const STALE: AccountView = {
  ...ACCOUNT,
  condition: "stale",
  status: "Anthropic could not be reached. Holdoff tries again at 13:32.",
  windows: [quota("five_hour", "5-hour", 71, -40 * MINUTE, { was_reset: true }), WEEKLY, FABLE],
  reading: reading(5 * HOUR + 2 * MINUTE, { stale: true, source: "Claude Code's cache" }),
  refresh: shut(15 * MINUTE, "the network was just tried."),
  ...nextRequest(15 * MINUTE),
};

const UNKNOWN: AccountView = {
  ...ACCOUNT,
  plan: null,
  condition: "unknown",
  status: "Holdoff has just started and asks in a moment.",
  windows: [],
  money: [],
  reading: null,
  ...nextRequest(4000),
};

const RECOVERED: AccountView = {
  ...ACCOUNT,
  status: "Readings are back since 13:17. Holdoff asks again at 13:22.",
  reading: reading(0),
  ...nextRequest(5 * MINUTE),
  refresh: shut(3 * MINUTE, "two requests are never closer than 3 min."),
  sign_in: { ...SIGNED_IN, mended: true },
};

const OVER_LIMIT: AccountView = {
  ...ACCOUNT,
  status: "Holdoff asks again at 13:19.",
  windows: [
    { ...FIVE_HOUR, used_percent: 112.4, binding: true },
    { ...WEEKLY, used_percent: 96.6 },
    { ...FABLE, used_percent: 100, binding: false },
  ],
  money: [
    { ...EXTRA_USAGE, used: "$100.00", used_percent: 100, note: "The monthly limit is reached." },
  ],
};

const MANY_WINDOWS: AccountView = {
  ...ACCOUNT,
  label: "a.rather.long.address.of.somebody@department.university.example.com",
  windows: [
    FIVE_HOUR,
    WEEKLY,
    FABLE,
    quota("seven_day_opus", "Weekly · Opus", 0, 3 * DAY),
    quota("seven_day_sonnet", "Weekly · Sonnet", 79.6, 3 * DAY + HOUR),
    quota("seven_day_oauth_apps", "Weekly · OAuth apps", null, null),
    quota("nimbus_quill", "nimbus_quill", 0, null),
    quota("iguana_necktie", "iguana_necktie_with_a_name_that_goes_on", 99.7, 59_000),
    quota("tangelo", "tangelo", 1234, 2 * HOUR),
  ],
  money: [
    EXTRA_USAGE,
    {
      id: "spend",
      label: "Spend",
      used: "$0.00",
      limit: null,
      used_percent: null,
      note: "Switched off by the organization.",
    },
  ],
};

const SECOND_ACCOUNT: AccountView = {
  ...COOLING_DOWN,
  id: "anthropic:work",
  label: "ann@work.example.com",
  plan: "Team",
  windows: [FIVE_HOUR],
  money: [],
};

const WAITING = PAUSED_REJECTED;

export const SCENARIOS = {
  ok: viewOf([ACCOUNT]),
  cooling_down: viewOf([COOLING_DOWN]),
  paused_scope: viewOf([PAUSED_SCOPE]),
  paused_rejected: viewOf([
    { ...PAUSED_REJECTED, sign_in: { ...PAUSED_REJECTED.sign_in, waiting: false } },
  ]),
  expired: viewOf([EXPIRED]),
  absent: viewOf([ABSENT]),
  stale: viewOf([STALE]),
  unknown: viewOf([UNKNOWN]),
  recovered: viewOf([RECOVERED]),
  over_limit: viewOf([OVER_LIMIT]),
  many_windows: viewOf([MANY_WINDOWS]),
  trouble: viewOf([ACCOUNT], {
    troubles: [
      {
        title: "The disk is full",
        text: "Holdoff cannot keep its state and therefore asks nothing. Free some space; it goes on by itself.",
      },
    ],
  }),
  bad_settings: viewOf([ACCOUNT], {
    settings: {
      ...SETTINGS,
      polling_interval_s: 200,
      problems: [
        "polling_interval_s is 20 in settings.json; it must be 180 to 3600, so 200 is used.",
        "theme is 7 in settings.json; it must be “system”, “light” or “dark”, so “system” is used.",
      ],
    },
  }),
  waiting: viewOf([WAITING]),
  mending: viewOf([WAITING]),
  two_accounts: viewOf([ACCOUNT, SECOND_ACCOUNT]),
  no_accounts: viewOf([]),
  refused: viewOf([ACCOUNT]),
  failing: viewOf([ACCOUNT]),
  loading: viewOf([ACCOUNT]),
} satisfies Record<string, View>;

export type Scenario = keyof typeof SCENARIOS;

/** What `mending` turns into. */
export const MENDED: View = viewOf([RECOVERED]);
