/** Dates in a transcript, in the time zone that everything in Kuanxin is stated in. */
import type { Language, Words } from "../words.ts";

const ZONE = "Asia/Shanghai";
const dayKey = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });

export const keyOf = (at: string): string => dayKey.format(new Date(at));

export function dayName(at: string, now: Date, language: Language, words: Words): string {
  const key = keyOf(at);
  if (key === dayKey.format(now)) return words.today;
  if (key === dayKey.format(new Date(now.getTime() - 86_400_000))) return words.yesterday;
  return new Intl.DateTimeFormat(language, { timeZone: ZONE, year: "numeric", month: "long", day: "numeric", weekday: "short" }).format(new Date(at));
}

/** "11月28日周六" of an ISO date. */
export const dateName = (day: string, locale: string): string =>
  new Intl.DateTimeFormat(locale, { timeZone: "UTC", month: "long", day: "numeric", weekday: "short" }).format(new Date(`${day}T00:00:00Z`));

export const timeOf = (at: string): string =>
  new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at));
