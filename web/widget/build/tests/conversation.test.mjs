// test/conversation.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";

// src/conversation.ts
var MOST_ATTEMPTS = 4;
var KEPT_TRYING = ["too_fast", "unavailable", "expired"];
function fresh(open = false) {
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
    announcement: { text: "", count: 0 }
  };
}
function cursor(conversation) {
  return conversation.entries[conversation.entries.length - 1]?.number ?? 0;
}
function next(conversation) {
  if (conversation.link !== "online") return null;
  const first = conversation.outbox.find((message) => message.state !== "failed");
  return first?.state === "queued" ? first : null;
}
function choices(conversation) {
  if (conversation.outbox.some((message) => message.state !== "failed")) return [];
  let last = conversation.entries.length;
  while (last > 0 && conversation.entries[last - 1].author !== "borrower") last -= 1;
  const open = conversation.entries.slice(last).flatMap((entry2) => entry2.buttons);
  return open.filter((button, index) => open.findIndex((other) => other.title === button.title) === index);
}
function after(before, happening) {
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
        earlier: first ? happening.hello.earlier : before.earlier
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
      const message = { id, text, button, at, state: "queued", reason: null, attempts: 0 };
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
function received(before, entries, history) {
  const known = new Set(before.entries.map((entry2) => entry2.number));
  const added = entries.filter((entry2) => !known.has(entry2.number));
  if (added.length === 0) return before;
  const arrived = new Set(added.map((entry2) => entry2.message_id).filter(Boolean));
  const heard = added.filter((entry2) => entry2.author !== "borrower" && !history);
  return {
    ...before,
    entries: merged(before.entries, added),
    outbox: before.outbox.filter((message) => !arrived.has(message.id)),
    typing: heard.length > 0 ? false : before.typing,
    unread: before.open || history ? before.unread : before.unread + heard.length,
    announcement: heard.length === 0 ? before.announcement : { text: heard.map(spoken).join(" "), count: before.announcement.count + 1 }
  };
}
function spoken(entry2) {
  return [entry2.text, entry2.card?.title].filter(Boolean).join(" ");
}
function merged(known, added) {
  const all2 = new Map([...known, ...added].map((entry2) => [entry2.number, entry2]));
  return [...all2.values()].sort((a, b) => a.number - b.number);
}
function unsent(message) {
  return message.state === "sending" ? { ...message, state: "queued" } : message;
}
function tryAgain(reason) {
  return (message) => ({ ...message, state: message.attempts >= MOST_ATTEMPTS ? "failed" : "queued", reason });
}
function changed(before, id, change) {
  return { ...before, outbox: before.outbox.map((message) => message.id === id ? change(message) : message) };
}

// test/conversation.test.ts
var entry = (number, author = "assistant", more = {}) => ({
  number,
  at: "2026-11-23T10:00:00+08:00",
  author,
  text: `text ${number}`,
  card: null,
  buttons: [],
  ...more
});
var hello = (...entries) => ({
  type: "hello",
  hello: { conversation: "c1", entries, earlier: false, expires_in: 600, holder: "bot" }
});
var said = (id) => ({ type: "said", id, text: id, button: null, at: "2026-11-23T10:00:00+08:00" });
var all = (start, ...happenings) => happenings.reduce(after, start);
test("entries are kept once and in order, whatever order they arrive in", () => {
  const state = all(
    fresh(),
    hello(entry(3)),
    { type: "entries", entries: [entry(5), entry(4)] },
    { type: "entries", entries: [entry(4)] },
    { type: "earlier", entries: [entry(1), entry(2)], earlier: false }
  );
  assert.deepEqual(state.entries.map((e) => e.number), [1, 2, 3, 4, 5]);
  assert.equal(cursor(state), 5);
});
test("messages said offline wait visibly and go out one by one, in order", () => {
  let state = all(fresh(), { type: "disconnected" }, said("a"), said("b"));
  assert.equal(next(state), null);
  assert.deepEqual(state.outbox.map((m) => m.state), ["queued", "queued"]);
  state = after(state, hello());
  assert.equal(next(state)?.id, "a");
  state = after(state, { type: "sending", id: "a" });
  assert.equal(next(state), null, "the second waits for the first");
  state = after(state, { type: "acknowledged", id: "a", ack: { ok: true, entries: [entry(1, "borrower", { message_id: "a" })] } });
  assert.equal(next(state)?.id, "b");
});
test("a message in flight when the line breaks is sent again under the same id", () => {
  const state = all(fresh(), hello(), said("a"), { type: "sending", id: "a" }, { type: "disconnected" }, hello());
  assert.equal(next(state)?.id, "a");
});
test("a message that was processed while the line was down is not shown twice", () => {
  const state = all(
    fresh(),
    hello(),
    said("a"),
    { type: "sending", id: "a" },
    { type: "disconnected" },
    hello(entry(1, "borrower", { message_id: "a" }), entry(2))
  );
  assert.deepEqual(state.outbox, []);
  assert.equal(next(state), null);
});
test("no answer: some more attempts, then the borrower decides", () => {
  let state = all(fresh(), hello(), said("a"));
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    assert.equal(next(state)?.id, "a");
    state = all(state, { type: "sending", id: "a" }, { type: "no_answer", id: "a" });
  }
  assert.equal(state.outbox[0]?.state, "failed");
  assert.equal(next(state), null);
  assert.equal(next(after(state, { type: "again", id: "a" }))?.id, "a");
});
test("a refused message fails at once and holds nothing up", () => {
  const state = all(
    fresh(),
    hello(),
    said("a"),
    said("b"),
    { type: "sending", id: "a" },
    { type: "acknowledged", id: "a", ack: { ok: false, error: "too_long" } }
  );
  assert.deepEqual([state.outbox[0]?.state, state.outbox[0]?.reason], ["failed", "too_long"]);
  assert.equal(next(state)?.id, "b");
});
test("unread counts what others said while the chat was closed; history is not news", () => {
  let state = all(fresh(), hello(entry(1), entry(2)));
  assert.equal(state.unread, 0);
  assert.equal(state.announcement.count, 0);
  state = after(state, { type: "entries", entries: [entry(3), entry(4, "borrower"), entry(5, "staff")] });
  assert.equal(state.unread, 2);
  assert.equal(state.announcement.text, "text 3 text 5");
  assert.equal(after(state, { type: "opened" }).unread, 0);
});
test("what was missed is news, and ends the typing dots", () => {
  const state = all(fresh(), hello(entry(1)), { type: "typing", on: true }, { type: "disconnected" }, hello(entry(2)));
  assert.equal(state.unread, 1);
  assert.equal(state.typing, false);
});
test("choices belong to everything said since the borrower's last word", () => {
  const yes = { id: "1", title: "\u597D" };
  const no = { id: "2", title: "\u4E0D\u7528\u4E86" };
  let state = all(fresh(), hello(entry(1, "assistant", { buttons: [yes] }), entry(2, "assistant", { buttons: [no] })));
  assert.deepEqual(choices(state), [yes, no]);
  state = after(state, said("\u597D"));
  assert.deepEqual(choices(state), [], "one choice is made once");
  state = after(state, { type: "entries", entries: [entry(3, "borrower", { message_id: "\u597D" }), entry(4)] });
  assert.deepEqual(choices(state), []);
});
test("nothing of one borrower is left when another has signed in", () => {
  const state = all(fresh(true), hello(entry(1)), said("a"), { type: "somebody_else" });
  assert.deepEqual([state.entries, state.outbox, state.id, state.open], [[], [], null, true]);
});
test("a lock forgets everything", () => {
  const state = all(fresh(true), hello(entry(1)), said("a"), { type: "locked" }, { type: "disconnected" });
  assert.deepEqual([state.entries, state.outbox, state.link, state.open], [[], [], "locked", true]);
});
