/** Joins the state of the conversation, the borrower's token and the socket. The user interface sees only this. */

import { io, type Socket } from "socket.io-client";
import { after, cursor, fresh, next, type Conversation, type Happening } from "./conversation.ts";
import { Session, SignedOut } from "./session.ts";
import type { Settings } from "./settings.ts";
import type { Ack, Button, Entry, Hello } from "./wire.ts";

const ANSWER_TIMEOUT_MS = 20_000;
const RENEW_BEFORE_SECONDS = 60;
const MOST_RECONNECT_DELAY_MS = 15_000;

export class Chat {
  state: Conversation;
  readonly session: Session;
  private readonly listeners = new Set<() => void>();
  private socket: Socket | null = null;
  private renewal: ReturnType<typeof setTimeout> | undefined;
  private reconnect: ReturnType<typeof setTimeout> | undefined;
  private resend: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(readonly settings: Settings) {
    this.state = fresh(settings.open);
    this.session = new Session(settings.tokenUrl);
    window.addEventListener("online", () => this.state.link === "offline" && this.connect());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): Conversation => this.state;

  /** Connects with a token, from the cursor on; a first connection gets the latest entries. */
  connect = async (): Promise<void> => {
    clearTimeout(this.reconnect);
    this.happened({ type: "connecting" });
    this.drop();
    try {
      await this.session.get(this.failures > 0);
    } catch (error) {
      if (error instanceof SignedOut) this.happened({ type: "signed_out" });
      else this.later();
      return;
    }
    const address = new URL(this.settings.chatUrl);
    const socket = io(address.origin, {
      path: `${address.pathname.replace(/\/$/, "")}/socket.io`,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnection: false,
      timeout: 10_000,
      forceNew: true,
      auth: (give) => void this.session.get().then((token) => give({ token }), () => give({})),
    });
    this.socket = socket;
    socket.on("connect", () => void this.resume(socket));
    socket.on("entries", (entries: Entry[]) => this.happened({ type: "entries", entries }));
    socket.on("typing", (on: boolean) => this.happened({ type: "typing", on }));
    socket.on("holder", (holder: Hello["holder"]) => this.happened({ type: "holder", holder }));
    socket.on("connect_error", () => this.lost(socket));
    socket.on("disconnect", () => this.lost(socket));
  };

  say(text: string, button: Button | null = null): void {
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.happened({ type: "said", id, text, button: button?.id ?? null, at: new Date().toISOString() });
  }

  again = (id: string): void => this.happened({ type: "again", id });
  discard = (id: string): void => this.happened({ type: "dropped", id });
  opened = (): void => this.happened({ type: "opened" });
  closed = (): void => this.happened({ type: "closed" });

  /** Forgets token and conversation; nothing is left on this device. */
  lock = (): void => {
    this.session.forget();
    this.drop();
    clearTimeout(this.reconnect);
    this.happened({ type: "locked" });
  };

  async earlier(): Promise<void> {
    const first = this.state.entries[0]?.number;
    if (!first || !this.socket) return;
    const page = await this.ask<{ entries: Entry[]; earlier: boolean }>("history", { before: first });
    if (page) this.happened({ type: "earlier", ...page });
  }

  async rate(score: number, words: string): Promise<boolean> {
    const ack = await this.ask<{ ok: boolean }>("rate", { score, words });
    return ack?.ok === true;
  }

  /** A document of an arrangement: "pdf" to keep, "ics" for the calendar. Throws where the server gives none. */
  async document(arrangement: string, kind: "pdf" | "ics"): Promise<Blob> {
    const url = `${this.settings.chatUrl}/documents/${encodeURIComponent(arrangement)}.${kind}`;
    for (const renewed of [false, true]) {
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${await this.session.get(renewed)}` } });
      if (answer.ok) return answer.blob();
      if (answer.status !== 401) break;
    }
    throw new Error("no document");
  }

  private async ask<T>(event: string, data: unknown): Promise<T | null> {
    try {
      return this.socket ? await this.socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck(event, data) : null;
    } catch {
      return null;
    }
  }

  private happened(happening: Happening): void {
    this.state = after(this.state, happening);
    this.listeners.forEach((listener) => listener());
    clearTimeout(this.resend);
    const message = next(this.state);
    // after a failure a little later each time, so that a struggling server is not pushed
    const delay = message && message.attempts > 0 && message.reason ? 700 * 2 ** message.attempts : 0;
    if (message) this.resend = setTimeout(() => void this.send(), delay);
  }

  private async send(): Promise<void> {
    const message = next(this.state);
    const socket = this.socket;
    if (!message || !socket?.connected) return;
    this.happened({ type: "sending", id: message.id });
    const content = message.button ? { button: message.button } : { text: message.text };
    const ack = await this.ask<Ack>("say", { id: message.id, ...content });
    if (socket !== this.socket) return; // sent again over the new connection, under the same id
    if (ack === null) this.happened({ type: "no_answer", id: message.id });
    else {
      this.happened({ type: "acknowledged", id: message.id, ack });
      if (!ack.ok && ack.error === "expired") void this.renew();
    }
  }

  /** Gets what was missed; only then is the conversation online and anything waiting goes out. */
  private async resume(socket: Socket): Promise<void> {
    const hello = await this.ask<Hello & { ok: boolean }>("resume", { cursor: cursor(this.state) });
    if (socket !== this.socket) return;
    if (!hello?.ok) {
      this.lost(socket);
      return;
    }
    if (this.state.id !== null && this.state.id !== hello.conversation) {
      // somebody else has signed in at the bank since: nothing of the one before is shown or sent
      this.happened({ type: "somebody_else" });
      return this.resume(socket);
    }
    this.failures = 0;
    this.renewIn(hello.expires_in);
    this.happened({ type: "hello", hello });
  }

  private renewIn(seconds: number): void {
    clearTimeout(this.renewal);
    const wait = Math.max(seconds - RENEW_BEFORE_SECONDS, seconds / 2);
    this.renewal = setTimeout(() => void this.renew(), wait * 1000);
  }

  private async renew(): Promise<void> {
    try {
      const token = await this.session.get(true);
      const answer = await this.ask<{ ok: boolean; expires_in?: number }>("renew", { token });
      if (answer?.ok && answer.expires_in) this.renewIn(answer.expires_in);
      else void this.connect();
    } catch (error) {
      if (!(error instanceof SignedOut)) return; // the server ends the connection when the old token does
      this.drop();
      this.happened({ type: "signed_out" });
    }
  }

  private lost(socket: Socket): void {
    if (socket !== this.socket) return;
    this.drop();
    this.later();
  }

  private later(): void {
    this.happened({ type: "disconnected" });
    this.failures += 1;
    const delay = Math.min(MOST_RECONNECT_DELAY_MS, 500 * 2 ** Math.min(this.failures, 6)) * (0.75 + Math.random() / 2);
    this.reconnect = setTimeout(() => void this.connect(), delay);
  }

  private drop(): void {
    clearTimeout(this.renewal);
    const socket = this.socket;
    this.socket = null;
    socket?.removeAllListeners();
    socket?.disconnect();
  }
}
