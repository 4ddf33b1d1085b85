/** What travels between the widget and kuanxin/channels/web. Field names are the server's. */

export interface Button {
  id: string;
  title: string;
}

export interface Card {
  kind: string;
  title: string;
  facts: [string, string][];
  columns: string[];
  rows: string[][];
  notes: string[];
  data: Record<string, unknown>;
}

export type Author = "borrower" | "assistant" | "staff";

/** One line of the transcript; `number` counts from 1 in each conversation. */
export interface Entry {
  number: number;
  at: string;
  author: Author;
  text: string;
  card: Card | null;
  buttons: Button[];
  /** of the borrower's own messages: the id that the client gave */
  message_id?: string | null;
}

export interface Hello {
  /** tells one borrower's conversation from another's; says nothing about who it is */
  conversation: string;
  entries: Entry[];
  /** there is more before the first of these entries */
  earlier: boolean;
  expires_in: number;
  holder: "bot" | "waiting" | "human";
}

/** The answer to a message: everything that the conversation had to say about it so far. */
export type Ack = { ok: true; entries: Entry[]; pending?: boolean } | { ok: false; error: Refusal; retry_in?: number };

/** The codes of kuanxin/channels/inbound.py and kuanxin/channels/web/sockets.py that the widget has words for. */
export type Refusal = "too_long" | "too_fast" | "button" | "empty" | "not_understood" | "unavailable" | "expired" | "refused";
