import type { AccountView } from "../bindings/AccountView";
import type { SettingsView } from "../bindings/SettingsView";
import type { View } from "../bindings/View";
import {
  ACCOUNT,
  CHOICE,
  DAY,
  EXTRA_USAGE,
  FABLE,
  FIVE_HOUR,
  HOUR,
  MINUTE,
  NOW,
  OPEN,
  SECOND,
  SETTINGS,
  SIGNED_IN,
  WEEKLY,
  checking,
  nextRequest,
  quota,
  reading,
  shut,
  signInOnly,
  toDo,
  underWay,
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
    ...toDo("Sign in again with Claude Code."),
    state: "paused",
    title: "Sign-in not accepted",
    text: "Anthropic rejected the sign-in three times (401). Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in.",
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
    title: "Sign-in lacks a permission",
    text: "Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). A token from claude setup-token never has it; a sign-in in the browser does. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in.",
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
    ...toDo("Use Claude Code once, which renews the sign-in, or sign in again.", { urgent: false }),
    state: "expired",
    title: "Sign-in expired",
    text: "Holdoff does not send an expired token. Claude Code renews it the next time you use it, and readings go on by themselves.",
    expires_at_ms: NOW - 37 * MINUTE,
    expires_clock: "12:40",
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
    ...toDo("Sign in with Claude Code."),
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
  sign_in: { ...SIGNED_IN, mended: "Signed in as ann@example.com. Readings are back." },
};

const OTHER_ACCOUNT: AccountView = {
  ...RECOVERED,
  id: "anthropic:bob",
  label: "bob@example.com",
  sign_in: {
    ...SIGNED_IN,
    mended: "Signed in as bob@example.com. Readings are back.",
    other_account:
      "This is another account than before: bob@example.com instead of ann@example.com. Holdoff goes on with it.",
  },
};

/** A sign-in after a pause, as long as no request has proved it. */
const CHECKING: AccountView = {
  ...PAUSED_REJECTED,
  condition: "stale",
  status: "Asking Anthropic.",
  refresh: OPEN,
  sign_in: { ...SIGNED_IN, ...checking("Checking it with one request…") },
};

const CHECKING_LATER: AccountView = {
  ...CHECKING,
  status: "Next request at 13:19.",
  ...nextRequest(2 * MINUTE),
  sign_in: {
    ...SIGNED_IN,
    ...checking(
      "It is checked at 13:19, not before: the last request was less than 3 minutes ago.",
    ),
  },
};

const NO_CLAUDE: AccountView = {
  ...ABSENT,
  sign_in: {
    ...ABSENT.sign_in,
    ...toDo("Sign in with Claude Code.", {
      button: "Look again",
      problem:
        "Claude Code was not found on this computer, neither on Holdoff's PATH nor where it is usually installed. If you have it, run the command below yourself. How to install it stands at the address below.",
      address: "https://code.claude.com/docs/en/setup",
    }),
  },
};

const NO_TERMINAL: AccountView = {
  ...PAUSED_REJECTED,
  sign_in: {
    ...PAUSED_REJECTED.sign_in,
    ...toDo("Sign in again with Claude Code.", {
      button: "Look again",
      command: "CLAUDE_CONFIG_DIR=~/.claude-work claude auth login",
      problem:
        "Holdoff found no terminal that it could open. Open one yourself and run the command below.",
    }),
  },
};

const LIMIT = "Anthropic limits sign-in renewal until 16:10";

const RENEWAL_LIMITED: AccountView = {
  ...ACCOUNT,
  status: `Next request at 13:19. ${LIMIT}; the current sign-in still works until 15:30.`,
  sign_in: {
    ...SIGNED_IN,
    text: `Holdoff reads the sign-in Claude Code keeps, and renews it before it expires, as you chose. ${LIMIT}; the current sign-in still works until 15:30.`,
    expires_at_ms: NOW + 2 * HOUR + 13 * MINUTE,
    expires_clock: "15:30",
  },
};

const EXPIRED_LIMITED: AccountView = {
  ...EXPIRED,
  status: `The sign-in has expired, and ${LIMIT}. Nothing is asked until it is renewed.`,
  sign_in: {
    ...EXPIRED.sign_in,
    ...toDo(
      "Wait until 16:10, when Holdoff tries to renew it, or sign in again with Claude Code.",
      { urgent: false },
    ),
    text: `The sign-in has expired, and ${LIMIT}. Nothing is asked until it is renewed.`,
  },
};

const RENEWAL_STOPPED: AccountView = {
  ...ACCOUNT,
  status:
    "Next request at 13:19. The sign-in cannot be renewed; the current sign-in still works until 15:30.",
  sign_in: {
    ...RENEWAL_LIMITED.sign_in,
    ...toDo("Sign in again with Claude Code before 15:30."),
    title: "Sign-in not renewed",
    text: "Anthropic does not renew this sign-in any more: its refresh token was refused. The sign-in still works until 15:30; after that Holdoff asks nothing.",
  },
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
  label: "Work",
  plan: "Team",
  windows: [FIVE_HOUR],
  money: [],
};

const LONG = "Everything that the department of comparative linguistics asks in a busy term";

const SEVERAL: SettingsView = {
  ...SETTINGS,
  accounts: [
    CHOICE,
    {
      id: "anthropic:work",
      label: "Work",
      name: "ann@work.example.com",
      plan: "Team",
      places: [
        {
          place: "~/.claude-work/.credentials.json",
          state: "in use",
          listed: "~/.claude-work",
        },
        {
          place: "/srv/shared/projects/linguistics/claude-config/.credentials.json",
          state: "signed in, not needed while the other one works",
          listed: "/srv/shared/projects/linguistics/claude-config",
        },
      ],
      enabled: true,
      renewal: true,
    },
    {
      id: "anthropic:old",
      label: LONG,
      name: "a.rather.long.address.of.somebody@department.university.example.com",
      plan: null,
      places: [
        { place: "~/.claude-old/.credentials.json", state: "signed out", listed: "~/.claude-old" },
      ],
      enabled: false,
      renewal: false,
    },
  ],
  folders: [
    {
      place: "~/.claude-new/.credentials.json",
      state: "no sign-in there",
      listed: "~/.claude-new",
    },
  ],
};

const WAITING: AccountView = {
  ...PAUSED_REJECTED,
  sign_in: { ...PAUSED_REJECTED.sign_in, ...underWay("Sign in again with Claude Code.") },
};

/** The status line tells two windows as they are used up; the third is as old as the last request. */
const AT_WORK: AccountView = {
  ...ACCOUNT,
  reading: reading(20 * SECOND, { source: "Claude Code's status line" }),
  windows: [
    { ...FIVE_HOUR, forecast: "runs out 14:20 (13:50–15:30)", runs_out: true },
    { ...WEEKLY, forecast: "lasts until reset" },
    { ...FABLE, read_at_ms: NOW - 52 * MINUTE, read_source: "Anthropic's usage endpoint" },
  ],
};

export const SCENARIOS = {
  ok: viewOf([ACCOUNT]),
  status_line: viewOf([AT_WORK]),
  cooling_down: viewOf([COOLING_DOWN]),
  paused_scope: viewOf([PAUSED_SCOPE]),
  paused_rejected: viewOf([PAUSED_REJECTED]),
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
  checking: viewOf([CHECKING]),
  checking_later: viewOf([CHECKING_LATER]),
  other_account: viewOf([OTHER_ACCOUNT]),
  no_claude: viewOf([NO_CLAUDE]),
  no_terminal: viewOf([NO_TERMINAL]),
  renewal_limited: viewOf([RENEWAL_LIMITED]),
  expired_limited: viewOf([EXPIRED_LIMITED]),
  renewal_stopped: viewOf([RENEWAL_STOPPED]),
  two_accounts: viewOf([ACCOUNT, SECOND_ACCOUNT], { settings: SEVERAL }),
  no_accounts: viewOf([], { settings: { ...SETTINGS, accounts: [] } }),
  switched_off: viewOf([], {
    settings: { ...SETTINGS, accounts: [{ ...CHOICE, enabled: false }] },
  }),
  refused: viewOf([PAUSED_REJECTED]),
  failing: viewOf([ACCOUNT]),
  loading: viewOf([ACCOUNT]),
} satisfies Record<string, View>;

export type Scenario = keyof typeof SCENARIOS;

/** What pressing the button leads to. */
export const OPENED: View = viewOf([WAITING]);

/** What `mending` turns into. */
export const MENDED: View = viewOf([RECOVERED]);
