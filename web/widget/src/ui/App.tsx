/** The launcher and the panel that it opens. */
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Button } from "@chatui/core/es/components/Button";
import type { Chat } from "../chat.ts";
import type { Conversation } from "../conversation.ts";
import { printConversation } from "../print.ts";
import { WORDS, type Language } from "../words.ts";
import { Composer } from "./Composer.tsx";
import { Around, useChat, useWords } from "./context.ts";
import { Icon } from "./Icon.tsx";
import { Menu } from "./Menu.tsx";
import { Messages } from "./Messages.tsx";
import { Rating } from "./Rating.tsx";
import { transcriptText } from "./text.ts";

export function App({ chat }: { chat: Chat }) {
  const conversation = useSyncExternalStore(chat.subscribe, chat.snapshot);
  const [language, setLanguage] = useState<Language>(chat.settings.language);
  const around = useMemo(() => ({ chat, words: WORDS[language] }), [chat, language]);
  const launcher = useRef<HTMLButtonElement>(null);
  const { words } = around;
  const close = useCallback(() => {
    chat.closed();
    requestAnimationFrame(() => launcher.current?.focus());
  }, [chat]);
  return (
    <Around.Provider value={around}>
      <div className="kx-root" data-theme={chat.settings.theme} lang={language}>
        <p className="kx-hidden" aria-live="polite" aria-atomic="true">
          <span key={conversation.announcement.count}>{conversation.announcement.text}</span>
        </p>
        {conversation.open ? (
          <Panel conversation={conversation} language={language} setLanguage={setLanguage} onClose={close} />
        ) : (
          <button
            type="button"
            ref={launcher}
            className="kx-launcher"
            aria-label={conversation.unread ? words.openUnread(conversation.unread) : words.open}
            onClick={chat.opened}
          >
            <Icon name="chat" filled />
            {conversation.unread > 0 && <b aria-hidden="true">{Math.min(conversation.unread, 99)}</b>}
          </button>
        )}
      </div>
    </Around.Provider>
  );
}

interface PanelProps {
  conversation: Conversation;
  language: Language;
  setLanguage: (language: Language) => void;
  onClose: () => void;
}

function Panel({ conversation, language, setLanguage, onClose }: PanelProps) {
  const chat = useChat();
  const words = useWords();
  const composer = useRef<{ focus: () => void }>(null);
  const panel = useRef<HTMLElement>(null);
  const [rating, setRating] = useState(false);
  const [copied, setCopied] = useState(false);
  const locked = conversation.link === "locked";

  const goOn = useCallback(() => {
    // on a phone a focused input brings up a keyboard over the answer that is being read
    if (matchMedia("(pointer: coarse)").matches) panel.current?.querySelector<HTMLElement>(".kx-messages")?.focus({ preventScroll: true });
    else composer.current?.focus();
  }, []);
  useEffect(goOn, [goOn, rating, locked]);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (text: string) => void navigator.clipboard?.writeText(text).then(() => setCopied(true));
  const items = [
    { label: words.copyAll, run: () => copy(transcriptText(conversation.entries, words)) },
    { label: words.print, run: printConversation },
    { label: words.language, lang: language === "en" ? "zh-CN" : "en", run: () => setLanguage(language === "en" ? "zh-CN" : "en") },
    { label: words.lock, run: chat.lock },
    { label: words.end, run: () => setRating(true) },
  ];
  return (
    <section
      ref={panel}
      className="kx-panel"
      role="dialog"
      aria-label={words.title}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.nativeEvent.isComposing) onClose();
      }}
    >
      <header>
        <div>
          <h2>{words.title}</h2>
          <p>{{ bot: words.subtitle, waiting: words.waiting, human: words.withPerson }[conversation.holder]}</p>
        </div>
        {!locked && <Menu items={items} />}
        <button type="button" aria-label={words.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {locked ? (
        <Locked />
      ) : rating ? (
        <Rating onBack={() => setRating(false)} />
      ) : (
        <>
          <LinkState conversation={conversation} />
          {copied && <p className="kx-toast">{words.copied}</p>}
          <Messages conversation={conversation} language={language} onChosen={goOn} onCopy={copy} />
          <Composer ref={composer} disabled={conversation.link === "signed_out"} />
        </>
      )}
    </section>
  );
}

function LinkState({ conversation }: { conversation: Conversation }) {
  const chat = useChat();
  const words = useWords();
  const { link } = conversation;
  if (link === "online" || link === "locked") return null;
  if (link === "signed_out")
    return (
      <div className="kx-state" data-link={link}>
        <span>{words.signedOut}</span>
        {chat.settings.signInUrl ? (
          <a href={chat.settings.signInUrl}>{words.signIn}</a>
        ) : (
          <button type="button" onClick={() => void chat.connect()}>
            {words.retry}
          </button>
        )}
      </div>
    );
  return (
    <div className="kx-state" data-link={link}>
      <span>{link === "offline" || conversation.entries.length > 0 ? words.offline : words.connecting}</span>
    </div>
  );
}

function Locked() {
  const chat = useChat();
  const words = useWords();
  const unlock = useRef<HTMLButtonElement>(null);
  useEffect(() => unlock.current?.focus(), []);
  return (
    <section className="kx-screen">
      <Icon name="lock" />
      <h3>{words.locked}</h3>
      <p>{words.lockedNote}</p>
      <Button color="primary" ref={unlock} onClick={() => void chat.connect()}>
        {words.unlock}
      </Button>
    </section>
  );
}
