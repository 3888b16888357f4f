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
  SECOND,
  SETTINGS,
  SIGNED_IN,
  WEEKLY,
  nextRequest,
  quota,
  reading,
  shut,
  noTimeHelps,
  viewOf,
} from "./parts";
import {
  PAUSED_REJECTED,
  PAUSED_SCOPE,
  NOT_ALLOWED,
  EXPIRED,
  ABSENT,
  RECOVERED,
  OTHER_ACCOUNT,
  CHECKING,
  CHECKING_LATER,
  NO_CLAUDE,
  NO_TERMINAL,
  RENEWAL_LIMITED,
  EXPIRED_LIMITED,
  RENEWAL_STOPPED,
  WAITING,
} from "./signIns";
import { OFFERED, ONLY_ANNOUNCED, QUESTION, TO_PASTE, UPDATE_FAILED } from "./updates";

const COOLING_DOWN: AccountView = {
  ...ACCOUNT,
  condition: "cooling_down",
  status: "Anthropic limits requests (429, asked for 1 h 20 min). Nothing is asked before 14:32.",
  reading: reading(18 * MINUTE, { stale: true }),
  refresh: shut(HOUR + 15 * MINUTE, "Anthropic limits requests (429)."),
  ...nextRequest(HOUR + 15 * MINUTE),
};

const UNREACHABLE: AccountView = {
  ...ACCOUNT,
  condition: "cooling_down",
  status: "Anthropic could not be reached: no connection. Next try at 13:32.",
  reading: reading(41 * MINUTE, { stale: true }),
  refresh: shut(15 * MINUTE, "Anthropic could not be reached (no connection)."),
  ...nextRequest(15 * MINUTE),
};

/** After a night: nothing stands in the way, and the first request is still to come. */
const STALE: AccountView = {
  ...ACCOUNT,
  condition: "stale",
  status: "Next request at 13:18.",
  windows: [quota("five_hour", "5-hour", null, -40 * MINUTE, { was_reset: true }), WEEKLY, FABLE],
  reading: reading(5 * HOUR + 2 * MINUTE, { stale: true, source: "Claude Code's own cache" }),
  ...nextRequest(20 * SECOND),
};

const UNKNOWN: AccountView = {
  ...ACCOUNT,
  plan: null,
  condition: "unknown",
  status: "Next request at 13:18.",
  windows: [],
  money: [],
  reading: null,
  ...nextRequest(4 * SECOND),
};

const CANNOT_SAVE =
  "Holdoff cannot save its state (the disk is full), so it asks nothing: without a record it could ask too early. Free some space or mend the folder; it goes on by itself.";

const UNSAVED: AccountView = {
  ...ACCOUNT,
  status: CANNOT_SAVE,
  refresh: noTimeHelps(CANNOT_SAVE),
  ...nextRequest(null),
};

const OVER_LIMIT: AccountView = {
  ...ACCOUNT,
  windows: [
    { ...FIVE_HOUR, used_percent: 112.4, binding: true },
    { ...WEEKLY, used_percent: 96.6 },
    { ...FABLE, used_percent: 100, binding: false },
  ],
  money: [{ ...EXTRA_USAGE, used: "$100.00", used_percent: 100, note: "spend limit reached" }],
};

const MANY_WINDOWS: AccountView = {
  ...ACCOUNT,
  label: "a.rather.long.address.of.somebody@department.university.example.com",
  windows: [
    FIVE_HOUR,
    WEEKLY,
    FABLE,
    quota("seven_day_opus", "Opus", 0, 3 * DAY),
    quota("seven_day_sonnet", "Sonnet", 79.6, 3 * DAY + HOUR),
    quota("seven_day_oauth_apps", "OAuth apps", null, null),
    quota("nimbus_quill", "nimbus_quill", 0, null),
    quota("iguana_necktie", "iguana_necktie_with_a_name_that_goes_on", 99.7, 59_000),
    quota("tangelo", "tangelo", 1234, 2 * HOUR),
  ],
  money: [
    EXTRA_USAGE,
    {
      id: "balance",
      label: "Balance",
      used: "$5.00",
      limit: null,
      used_percent: null,
      note: null,
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
      readings: "ask",
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
      readings: "ask",
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

const FREE_STATUS =
  "Free readings only: Holdoff sends no request. For a fresh reading, run a prompt in Claude Code.";

const FREE_ONLY: AccountView = {
  ...ACCOUNT,
  condition: "stale",
  status: FREE_STATUS,
  windows: [FIVE_HOUR, WEEKLY],
  money: [],
  reading: reading(2 * HOUR, { stale: true, source: "Claude Code's status line" }),
  refresh: { allowed: false, reason: FREE_STATUS, button: "Free readings only" },
  ...nextRequest(null),
  sign_in: {
    ...SIGNED_IN,
    text: "Holdoff reads whose sign-in Claude Code keeps. Nothing is sent with it: this account is set to free readings only.",
  },
  free_only: true,
};

const TURNED_AWAY: AccountView = {
  ...ACCOUNT,
  condition: "cooling_down",
  status:
    "Anthropic turns Holdoff itself away: its edge has refused 6 requests or more in a row (429). This is not your limit. Next try at 19:10. Free readings (in the settings) need no request.",
  windows: [],
  money: [],
  reading: null,
  refresh: shut(
    5 * HOUR + 53 * MINUTE,
    "Anthropic turns Holdoff itself away (429), which is not your limit.",
  ),
  ...nextRequest(5 * HOUR + 53 * MINUTE),
  offers_free: true,
};

const RENEWING = { settings: { ...SETTINGS, accounts: [{ ...CHOICE, renewal: true }] } };

export const SCENARIOS = {
  ok: viewOf([ACCOUNT]),
  status_line: viewOf([AT_WORK]),
  cooling_down: viewOf([COOLING_DOWN]),
  paused_scope: viewOf([PAUSED_SCOPE]),
  paused_rejected: viewOf([PAUSED_REJECTED]),
  expired: viewOf([EXPIRED]),
  absent: viewOf([ABSENT]),
  unreachable: viewOf([UNREACHABLE]),
  stale: viewOf([STALE]),
  unknown: viewOf([UNKNOWN]),
  recovered: viewOf([RECOVERED]),
  over_limit: viewOf([OVER_LIMIT]),
  many_windows: viewOf([MANY_WINDOWS]),
  trouble: viewOf([UNSAVED], {
    troubles: [
      {
        title: "State cannot be saved",
        text: "Saving failed: the disk is full. Without a record Holdoff could ask too early, so it asks nothing until it can save again. Free some space or mend its folder; it goes on by itself.",
      },
    ],
  }),
  bad_settings: viewOf([ACCOUNT], {
    settings: {
      ...SETTINGS,
      polling_interval_s: 200,
      problems: [
        'settings.json: "history_days" is 0; it must be a whole number from 1 to 3650. Holdoff uses 365.',
        'settings.json: "theme" is 7; it must be "system", "light" or "dark". Holdoff uses its default.',
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
  renewal_limited: viewOf([RENEWAL_LIMITED], RENEWING),
  expired_limited: viewOf([EXPIRED_LIMITED], RENEWING),
  renewal_stopped: viewOf([RENEWAL_STOPPED], RENEWING),
  two_accounts: viewOf([ACCOUNT, SECOND_ACCOUNT], { settings: SEVERAL }),
  free_only: viewOf([FREE_ONLY], {
    settings: {
      ...SETTINGS,
      readings: "free_only",
      accounts: [{ ...CHOICE, readings: "free_only" }],
    },
  }),
  turned_away: viewOf([TURNED_AWAY]),
  not_allowed: viewOf([NOT_ALLOWED]),
  first_run: viewOf([ACCOUNT], { settings: { ...SETTINGS, offers_readings: true } }),
  no_accounts: viewOf([], { settings: { ...SETTINGS, accounts: [] } }),
  switched_off: viewOf([], {
    settings: { ...SETTINGS, accounts: [{ ...CHOICE, enabled: false }] },
  }),
  update_question: viewOf([ACCOUNT], { updates: QUESTION }),
  update_offered: viewOf([ACCOUNT], { updates: OFFERED }),
  update_failed: viewOf([ACCOUNT], { updates: UPDATE_FAILED }),
  update_to_paste: viewOf([ACCOUNT], { updates: TO_PASTE }),
  update_announced: viewOf([ACCOUNT], { updates: ONLY_ANNOUNCED }),
  refused: viewOf([PAUSED_REJECTED]),
  failing: viewOf([ACCOUNT]),
  loading: viewOf([ACCOUNT]),
} satisfies Record<string, View>;

export type Scenario = keyof typeof SCENARIOS;

/** What pressing the button leads to. */
export const OPENED: View = viewOf([WAITING]);

/** What `mending` turns into. */
export const MENDED: View = viewOf([RECOVERED]);
