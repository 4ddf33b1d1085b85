/** A conversation as plain text, for the clipboard. Mirrors kuanxin.conversations.replies.as_text. */
import type { Entry } from "../wire.ts";
import type { Words } from "../words.ts";
import { keyOf, timeOf } from "./format.ts";

export function asText(entry: Entry): string {
  const card = entry.card;
  const lines = [entry.text];
  if (card) {
    if (card.title) lines.push(`【${card.title}】`);
    lines.push(...card.facts.map(([label, value]) => `${label}：${value}`));
    lines.push(...card.rows.map((row) => row.map((cell, index) => `${card.columns[index] ?? ""}${cell}`).join("，")));
    lines.push(...card.notes);
  }
  return lines.filter(Boolean).join("\n");
}

export function transcriptText(entries: Entry[], words: Words): string {
  const name = { borrower: words.me, assistant: words.assistant, staff: words.staff };
  return entries.map((entry) => `${keyOf(entry.at)} ${timeOf(entry.at)} ${name[entry.author]}：${asText(entry)}`).join("\n\n");
}
