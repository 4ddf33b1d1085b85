/** What the embedding page says, by data- attributes on the script's own tag. */

import type { Language } from "./words.ts";

export interface Settings {
  /** the bank's page answers here with {"token": …} for the borrower who is signed in; 401 where nobody is */
  tokenUrl: string;
  /** where kuanxin/channels/web is reached, without a slash at the end */
  chatUrl: string;
  /** where the bank signs people in; shown when the token URL says that nobody is */
  signInUrl: string | null;
  language: Language;
  theme: "auto" | "light" | "dark";
  open: boolean;
  idleMinutes: number;
}

export class SettingsMissing extends Error {}

export function settingsOf(script: HTMLScriptElement): Settings {
  const { tokenUrl, chatUrl, signInUrl, lang, theme, open, idleMinutes } = script.dataset;
  if (!tokenUrl) throw new SettingsMissing('kuanxin: the script tag needs data-token-url="…", see docs/integration/web.md');
  const minutes = Number(idleMinutes ?? 10);
  return {
    tokenUrl: new URL(tokenUrl, document.baseURI).href,
    chatUrl: (chatUrl ? new URL(chatUrl, document.baseURI) : new URL("..", script.src)).href.replace(/\/+$/, ""),
    signInUrl: signInUrl ? new URL(signInUrl, document.baseURI).href : null,
    language: lang === "en" ? "en" : "zh-CN",
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    open: open !== undefined && open !== "false",
    idleMinutes: minutes > 0 ? minutes : 10,
  };
}
