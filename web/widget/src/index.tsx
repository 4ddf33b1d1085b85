/**
 * Puts the chat on the page that embeds this script:
 *
 *   <script src="https://chat.example/webhooks/web/widget/kuanxin.js" data-token-url="/chat-token" defer></script>
 *
 * Everything lives in a shadow root with constructed stylesheets: no inline style or script, so a strict
 * Content-Security-Policy holds, and neither page nor widget styles the other.
 */
import { createRoot } from "react-dom/client";
import chatui from "@chatui/core/dist/index.css";
import { Chat } from "./chat.ts";
import { lockWhenIdle } from "./idle.ts";
import { settingsOf } from "./settings.ts";
import printing from "./print.css";
import own from "./style.css";
import { App } from "./ui/App.tsx";

function sheet(text: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

function start(script: HTMLScriptElement): void {
  const settings = settingsOf(script);
  const host = document.createElement("kuanxin-chat");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet(chatui), sheet(own)];
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet(printing)];
  const mount = document.createElement("div");
  root.append(mount);
  document.body.append(host);
  const chat = new Chat(settings);
  createRoot(mount).render(<App chat={chat} />);
  lockWhenIdle(settings.idleMinutes, () => chat.state.link !== "locked" && chat.lock());
  void chat.connect();
}

const script = document.currentScript as HTMLScriptElement;
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => start(script));
else start(script);
