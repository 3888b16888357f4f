/** Accounts whose sign-in is what there is to see. */

import type { AccountView } from "../bindings/AccountView";
import {
  ACCOUNT,
  HOUR,
  MINUTE,
  NOW,
  OPEN,
  SECOND,
  SIGNED_IN,
  SPACING,
  checking,
  nextRequest,
  reading,
  shut,
  noTimeHelps,
  toDo,
  underWay,
} from "./parts";

/** Nothing is asked before something is done about the sign-in, and a wish for a reading is told just that. */
function waiting(status: string): Partial<AccountView> {
  return { status, refresh: noTimeHelps(status) };
}

export const PAUSED_REJECTED: AccountView = {
  ...ACCOUNT,
  ...waiting(
    "Paused: Anthropic rejected the sign-in three times (401). Nothing is asked until you sign in again.",
  ),
  condition: "paused",
  reading: reading(26 * MINUTE, { stale: true }),
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

const NOT_HERE =
  "Anthropic does not allow this kind of sign-in for the organization Acme (403). Its administrator can change that; signing in again cannot. Free readings (in the settings) need no request.";

export const NOT_ALLOWED: AccountView = {
  ...PAUSED_REJECTED,
  ...waiting(`Paused: ${NOT_HERE} Nothing is asked until the sign-in changes.`),
  offers_free: true,
  sign_in: {
    ...PAUSED_REJECTED.sign_in,
    title: "Not allowed for the organization",
    text: `${NOT_HERE} Holdoff has stopped asking, and goes on by itself when the sign-in changes.`,
    steps: [],
    offer: null,
  },
};

export const PAUSED_SCOPE: AccountView = {
  ...PAUSED_REJECTED,
  ...waiting(
    "Paused: Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). Nothing is asked until you sign in again.",
  ),
  windows: [],
  money: [],
  reading: null,
  sign_in: {
    ...PAUSED_REJECTED.sign_in,
    title: "Sign-in lacks a permission",
    text: "Anthropic does not let this sign-in read usage: it lacks the scope user:profile (403). A token from claude setup-token never has it; a sign-in in the browser does. Holdoff has stopped asking, and goes on by itself as soon as there is a new sign-in.",
  },
};

export const EXPIRED: AccountView = {
  ...ACCOUNT,
  ...waiting(
    "The sign-in has expired. Claude Code renews it when it is used next; nothing is asked until then.",
  ),
  condition: "expired",
  reading: reading(41 * MINUTE, { stale: true }),
  ...nextRequest(null),
  sign_in: {
    ...SIGNED_IN,
    ...toDo("Use Claude Code once, which renews the sign-in, or sign in again.", { urgent: false }),
    state: "expired",
    title: "Sign-in expired",
    text: "The sign-in has run out, which is nothing unusual: Claude Code renews it when you use it next. Holdoff sends no expired token, and goes on by itself as soon as it is renewed.",
    expires_at_ms: NOW - 37 * MINUTE,
    expires_clock: "12:40",
  },
};

export const ABSENT: AccountView = {
  ...ACCOUNT,
  ...waiting("No sign-in of Claude Code to use. Nothing is asked until there is one."),
  label: "Claude Code sign-in",
  plan: null,
  condition: "absent",
  windows: [],
  money: [],
  reading: null,
  ...nextRequest(null),
  sign_in: {
    ...SIGNED_IN,
    ...toDo("Sign in with Claude Code."),
    state: "absent",
    title: "No sign-in found",
    text: "There is no sign-in of Claude Code on this computer, or it is kept in another folder. Holdoff asks nothing meanwhile, and goes on by itself.",
    plan: null,
    expires_at_ms: null,
    expires_clock: null,
  },
};

export const RECOVERED: AccountView = {
  ...ACCOUNT,
  status: "Next request at 13:22.",
  reading: reading(0),
  ...nextRequest(5 * MINUTE),
  refresh: shut(3 * MINUTE, SPACING),
  sign_in: { ...SIGNED_IN, mended: "Signed in as ann@example.com. Readings are back." },
};

export const OTHER_ACCOUNT: AccountView = {
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
export const CHECKING: AccountView = {
  ...PAUSED_REJECTED,
  condition: "stale",
  status: "Asking Anthropic.",
  ...nextRequest(-SECOND),
  refresh: OPEN,
  sign_in: { ...SIGNED_IN, ...checking("Checking it with one request…") },
};

export const CHECKING_LATER: AccountView = {
  ...CHECKING,
  status: "Next request at 13:19.",
  ...nextRequest(2 * MINUTE),
  refresh: shut(2 * MINUTE, SPACING),
  sign_in: {
    ...SIGNED_IN,
    ...checking(
      "It is checked at 13:19, not before: the last request was less than 3 minutes ago.",
    ),
  },
};

export const NO_CLAUDE: AccountView = {
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

export const NO_TERMINAL: AccountView = {
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

export const RENEWAL_LIMITED: AccountView = {
  ...ACCOUNT,
  status: `Next request at 13:19. ${LIMIT}; the current sign-in still works until 15:30.`,
  sign_in: {
    ...SIGNED_IN,
    text: `Holdoff reads the sign-in Claude Code keeps, and renews it before it expires, as you chose. ${LIMIT}; the current sign-in still works until 15:30.`,
    expires_at_ms: NOW + 2 * HOUR + 13 * MINUTE,
    expires_clock: "15:30",
  },
};

export const EXPIRED_LIMITED: AccountView = {
  ...EXPIRED,
  ...waiting(`The sign-in has expired, and ${LIMIT}. Nothing is asked until it is renewed.`),
  sign_in: {
    ...EXPIRED.sign_in,
    ...toDo(
      "Wait until 16:10, when Holdoff tries to renew it, or sign in again with Claude Code.",
      { urgent: false },
    ),
    text: `The sign-in has expired, and ${LIMIT}. Nothing is asked until it is renewed.`,
  },
};

export const RENEWAL_STOPPED: AccountView = {
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

export const WAITING: AccountView = {
  ...PAUSED_REJECTED,
  sign_in: { ...PAUSED_REJECTED.sign_in, ...underWay("Sign in again with Claude Code.") },
};
