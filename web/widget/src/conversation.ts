/**
 * The state of one conversation in the browser, as a pure function of what happened: no socket, no clock, no DOM.
 *
 * Every message of the borrower carries an id that the client made. It waits in the outbox until the server has acknowledged
 * it; sent again under the same id it happens once. Entries of the transcript are kept by their number, whatever order and
 * however often they arrive; the highest number is the cursor that a reconnect starts from.
 */

import type { Ack, Button, Entry, Hello, Refusal } from "./wire.ts";

export type Link = "connecting" | "online" | "offline" | "signed_out" | "locked";

export interface Outgoing {
  id: string;
  text: string;
  button: string | null;
  at: string;
  /** queued: not sent yet, or to be sent again; sending: no answer so far; failed: only the borrower sends it again */
  state: "queued" | "sending" | "failed";
  reason: Refusal | null;
  attempts: number;
}

export interface Conversation {
  link: Link;
  /** whose conversation this is (Hello.conversation); null before the first word of the server */
  id: string | null;
  entries: Entry[];
  outbox: Outgoing[];
  earlier: boolean;
  typing: boolean;
  holder: Hello["holder"];
  open: boolean;
  unread: number;
  /** what a screen reader is told next, and a count so that the same words twice are said twice */
  announcement: { text: string; count: number };
}

export type Happening =
  | { type: "connecting" | "disconnected" | "signed_out" | "locked" | "somebody_else" | "opened" | "closed" }
  | { type: "hello"; hello: Hello }
  | { type: "entries"; entries: Entry[] }
  | { type: "earlier"; entries: Entry[]; earlier: boolean }
  | { type: "typing"; on: boolean }
  | { type: "holder"; holder: Hello["holder"] }
  | { type: "said"; id: string; text: string; button: string | null; at: string }
  | { type: "sending"; id: string }
  | { type: "acknowledged"; id: string; ack: Ack }
  | { type: "no_answer"; id: string }
  | { type: "again"; id: string }
  | { type: "dropped"; id: string };

export const MOST_ATTEMPTS = 4;
const KEPT_TRYING: Refusal[] = ["too_fast", "unavailable", "expired"];

export function fresh(open = false): Conversation {
  return {
    link: "connecting",
    id: null,
    entries: [],
    outbox: [],
    earlier: false,
    typing: false,
    holder: "bot",
    open,
    unread: 0,
    announcement: { text: "", count: 0 },
  };
}

export function cursor(conversation: Conversation): number {
  return conversation.entries[conversation.entries.length - 1]?.number ?? 0;
}

/** The message to send now: one at a time and in order, so that "yes" never overtakes what it answers. */
export function next(conversation: Conversation): Outgoing | null {
  if (conversation.link !== "online") return null;
  const first = conversation.outbox.find((message) => message.state !== "failed");
  return first?.state === "queued" ? first : null;
}

/** Buttons that still make sense: those of everything said since the borrower's last word. */
export function choices(conversation: Conversation): Button[] {
  if (conversation.outbox.some((message) => message.state !== "failed")) return [];
  let last = conversation.entries.length;
  while (last > 0 && conversation.entries[last - 1]!.author !== "borrower") last -= 1;
  const open = conversation.entries.slice(last).flatMap((entry) => entry.buttons);
  return open.filter((button, index) => open.findIndex((other) => other.title === button.title) === index);
}

export function after(before: Conversation, happening: Happening): Conversation {
  switch (happening.type) {
    case "connecting":
      return { ...before, link: "connecting" };
    case "disconnected":
      return { ...before, link: before.link === "locked" ? "locked" : "offline", typing: false, outbox: before.outbox.map(unsent) };
    case "signed_out":
      return { ...before, link: "signed_out", typing: false, outbox: before.outbox.map(unsent) };
    case "locked":
      return { ...fresh(before.open), link: "locked" };
    case "somebody_else":
      return fresh(before.open);
    case "opened":
      return { ...before, open: true, unread: 0 };
    case "closed":
      return { ...before, open: false };
    case "hello": {
      const first = before.entries.length === 0;
      const known = received(before, happening.hello.entries, first);
      return {
        ...known,
        link: "online",
        id: happening.hello.conversation,
        holder: happening.hello.holder,
        earlier: first ? happening.hello.earlier : before.earlier,
      };
    }
    case "entries":
      return received(before, happening.entries, false);
    case "earlier":
      return { ...before, entries: merged(before.entries, happening.entries), earlier: happening.earlier };
    case "typing":
      return { ...before, typing: happening.on };
    case "holder":
      return { ...before, holder: happening.holder };
    case "said": {
      const { id, text, button, at } = happening;
      const message: Outgoing = { id, text, button, at, state: "queued", reason: null, attempts: 0 };
      return { ...before, outbox: [...before.outbox, message] };
    }
    case "sending":
      return changed(before, happening.id, (message) => ({ ...message, state: "sending", attempts: message.attempts + 1 }));
    case "no_answer":
      return changed(before, happening.id, tryAgain("unavailable"));
    case "again":
      return changed(before, happening.id, (message) => ({ ...message, state: "queued", reason: null, attempts: 0 }));
    case "dropped":
      return { ...before, outbox: before.outbox.filter((message) => message.id !== happening.id) };
    case "acknowledged": {
      const { id, ack } = happening;
      if (ack.ok) {
        const known = received(before, ack.entries, false);
        return { ...known, outbox: known.outbox.filter((message) => message.id !== id) };
      }
      if (KEPT_TRYING.includes(ack.error)) return changed(before, id, tryAgain(ack.error));
      return changed(before, id, (message) => ({ ...message, state: "failed", reason: ack.error }));
    }
  }
}

function received(before: Conversation, entries: Entry[], history: boolean): Conversation {
  const known = new Set(before.entries.map((entry) => entry.number));
  const added = entries.filter((entry) => !known.has(entry.number));
  if (added.length === 0) return before;
  const arrived = new Set(added.map((entry) => entry.message_id).filter(Boolean));
  const heard = added.filter((entry) => entry.author !== "borrower" && !history);
  return {
    ...before,
    entries: merged(before.entries, added),
    outbox: before.outbox.filter((message) => !arrived.has(message.id)),
    typing: heard.length > 0 ? false : before.typing,
    unread: before.open || history ? before.unread : before.unread + heard.length,
    announcement:
      heard.length === 0
        ? before.announcement
        : { text: heard.map(spoken).join(" "), count: before.announcement.count + 1 },
  };
}

/** What is read out for an entry; figures of a card are announced by its title and found by moving to it. */
function spoken(entry: Entry): string {
  return [entry.text, entry.card?.title].filter(Boolean).join(" ");
}

function merged(known: Entry[], added: Entry[]): Entry[] {
  const all = new Map([...known, ...added].map((entry) => [entry.number, entry]));
  return [...all.values()].sort((a, b) => a.number - b.number);
}

function unsent(message: Outgoing): Outgoing {
  return message.state === "sending" ? { ...message, state: "queued" } : message;
}

function tryAgain(reason: Refusal): (message: Outgoing) => Outgoing {
  return (message) => ({ ...message, state: message.attempts >= MOST_ATTEMPTS ? "failed" : "queued", reason });
}

function changed(before: Conversation, id: string, change: (message: Outgoing) => Outgoing): Conversation {
  return { ...before, outbox: before.outbox.map((message) => (message.id === id ? change(message) : message)) };
}
