import assert from "node:assert/strict";
import { test } from "node:test";
import { after, choices, cursor, fresh, MOST_ATTEMPTS, next, type Conversation, type Happening } from "../src/conversation.ts";
import type { Entry } from "../src/wire.ts";

const entry = (number: number, author: Entry["author"] = "assistant", more: Partial<Entry> = {}): Entry => ({
  number,
  at: "2026-11-23T10:00:00+08:00",
  author,
  text: `text ${number}`,
  card: null,
  buttons: [],
  ...more,
});
const hello = (...entries: Entry[]): Happening => ({
  type: "hello",
  hello: { conversation: "c1", entries, earlier: false, expires_in: 600, holder: "bot" },
});
const said = (id: string): Happening => ({ type: "said", id, text: id, button: null, at: "2026-11-23T10:00:00+08:00" });
const all = (start: Conversation, ...happenings: Happening[]) => happenings.reduce(after, start);

test("entries are kept once and in order, whatever order they arrive in", () => {
  const state = all(
    fresh(),
    hello(entry(3)),
    { type: "entries", entries: [entry(5), entry(4)] },
    { type: "entries", entries: [entry(4)] },
    { type: "earlier", entries: [entry(1), entry(2)], earlier: false },
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
    hello(entry(1, "borrower", { message_id: "a" }), entry(2)),
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
    { type: "acknowledged", id: "a", ack: { ok: false, error: "too_long" } },
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
  const yes = { id: "1", title: "好" };
  const no = { id: "2", title: "不用了" };
  let state = all(fresh(), hello(entry(1, "assistant", { buttons: [yes] }), entry(2, "assistant", { buttons: [no] })));
  assert.deepEqual(choices(state), [yes, no]);
  state = after(state, said("好"));
  assert.deepEqual(choices(state), [], "one choice is made once");
  state = after(state, { type: "entries", entries: [entry(3, "borrower", { message_id: "好" }), entry(4)] });
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
