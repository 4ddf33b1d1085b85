/** The transcript: dates, bubbles, cards, what is still on its way, and the choices that go with the last words. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Bubble } from "@chatui/core/es/components/Bubble";
import { Button } from "@chatui/core/es/components/Button";
import { Typing } from "@chatui/core/es/components/Typing";
import { choices, type Conversation, type Outgoing } from "../conversation.ts";
import type { Entry } from "../wire.ts";
import type { Language } from "../words.ts";
import { CardView } from "./cards/index.tsx";
import { useChat, useWords } from "./context.ts";
import { dayName, keyOf, timeOf } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { asText } from "./text.ts";

const BREATH = 10; // pixels above the line that is read next
const LONG = 600; // characters after which a message is folded

interface Props {
  conversation: Conversation;
  language: Language;
  onChosen: () => void;
  onCopy: (text: string) => void;
}

export function Messages({ conversation, language, onChosen, onCopy }: Props) {
  const chat = useChat();
  const words = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  const [below, setBelow] = useState(false);
  const heightBefore = useRef(0);
  const { entries, outbox, typing } = conversation;
  const first = entries[0]?.number;
  const offered = choices(conversation);
  const newest = entries[entries.length - 1]?.number ?? 0;
  const seen = useRef(newest);
  const lastWord = entries.reduce((last, entry) => (entry.author === "borrower" ? entry.number : last), 0);

  useLayoutEffect(() => {
    const element = scroller.current!;
    if (heightBefore.current) element.scrollTop += element.scrollHeight - heightBefore.current;
    heightBefore.current = 0;
  }, [first]);
  const toEnd = () => {
    const element = scroller.current!;
    element.scrollTop = element.scrollHeight;
    atEnd.current = true;
    setBelow(false);
  };
  useEffect(() => {
    // what is new is read from its beginning: a long answer does not push its first line out of sight
    const known = seen.current;
    seen.current = newest;
    if (!atEnd.current) return;
    toEnd();
    const answer = known > 0 && entries.find((entry) => entry.number > known && entry.author !== "borrower");
    const line = answer && list.current!.querySelector(`[data-number="${answer.number}"]`);
    if (!line) return;
    const element = scroller.current!;
    const hidden = element.getBoundingClientRect().top - line.getBoundingClientRect().top + BREATH;
    if (hidden <= 0) return;
    element.scrollTop -= hidden;
    look();
  }, [newest, outbox.length, typing, offered.length]);
  useEffect(() => {
    if (outbox.length > 0) toEnd();
  }, [outbox.length]);

  const look = () => {
    const element = scroller.current!;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
    setBelow(!atEnd.current);
  };
  const loadEarlier = () => {
    heightBefore.current = scroller.current!.scrollHeight;
    void chat.earlier();
  };

  return (
    <div className="kx-scene">
      <div className="kx-messages" ref={scroller} onScroll={look} role="region" aria-label={words.messages} tabIndex={0}>
        {conversation.earlier && (
          <Button className="kx-earlier" variant="text" onClick={loadEarlier}>
            {words.earlier}
          </Button>
        )}
        {conversation.link === "online" && entries.length + outbox.length === 0 && <Welcome onChosen={onChosen} />}
        <ol ref={list}>
          {entries.map((entry, index) => (
            <EntryView
              key={entry.number}
              entry={entry}
              before={entries[index - 1]}
              answeredBefore={entries.slice(0, index).reverse().find((other) => other.author !== "borrower")?.author}
              language={language}
              active={entry.number > lastWord && outbox.length === 0}
              onCopy={onCopy}
            />
          ))}
          {outbox.map((message) => (
            <OutgoingView key={message.id} message={message} offline={conversation.link !== "online"} />
          ))}
          {typing && (
            <li className="kx-line" data-author="assistant">
              <span className="kx-hidden">{conversation.holder === "human" ? words.staffTyping : words.typing}</span>
              <Typing />
            </li>
          )}
        </ol>
        {offered.length > 0 && (
          <div className="kx-choices" role="group" aria-label={words.choices}>
            {offered.map((button) => (
              <Button
                key={button.id}
                onClick={() => {
                  chat.say(button.title, button);
                  onChosen();
                }}
              >
                {button.title}
              </Button>
            ))}
          </div>
        )}
      </div>
      {below && (
        <button type="button" className="kx-down" aria-label={words.newest} title={words.newest} onClick={toEnd}>
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

/** Before the first word: who speaks here, and some ways to begin. */
function Welcome({ onChosen }: { onChosen: () => void }) {
  const chat = useChat();
  const words = useWords();
  return (
    <div className="kx-welcome">
      <p>{words.welcome}</p>
      <div className="kx-choices" role="group" aria-label={words.choices}>
        {words.beginnings.map((text) => (
          <Button
            key={text}
            lang="zh-CN"
            onClick={() => {
              chat.say(text);
              onChosen();
            }}
          >
            {text}
          </Button>
        ))}
      </div>
    </div>
  );
}

interface EntryProps {
  entry: Entry;
  before: Entry | undefined;
  /** who answered last before this entry */
  answeredBefore: Entry["author"] | undefined;
  language: Language;
  active: boolean;
  onCopy: (text: string) => void;
}

function EntryView({ entry, before, answeredBefore, language, active, onCopy }: EntryProps) {
  const words = useWords();
  const name = { borrower: words.me, assistant: words.assistant, staff: words.staff }[entry.author];
  const newDay = !before || keyOf(before.at) !== keyOf(entry.at);
  const joined = entry.author === "staff" && answeredBefore !== "staff";
  const left = entry.author === "assistant" && answeredBefore === "staff";
  return (
    <>
      {newDay && (
        <li className="kx-system">
          <time dateTime={keyOf(entry.at)}>{dayName(entry.at, new Date(), language, words)}</time>
        </li>
      )}
      {joined && <li className="kx-system">{words.joined}</li>}
      {left && <li className="kx-system">{words.left}</li>}
      <li className="kx-line" data-author={entry.author} data-number={entry.number}>
        <span className="kx-hidden">{name}：</span>
        {entry.text && (
          <Bubble>
            <Folded text={entry.text} />
          </Bubble>
        )}
        {entry.card && <CardView card={entry.card} active={active} />}
        <div className="kx-meta">
          {entry.author === "staff" && <span>{name}</span>}
          <time dateTime={entry.at}>{timeOf(entry.at)}</time>
          {entry.author !== "borrower" && (
            <button type="button" aria-label={words.copy} title={words.copy} onClick={() => onCopy(asText(entry))}>
              <Icon name="copy" />
            </button>
          )}
        </div>
      </li>
    </>
  );
}

/** Text as it was typed, in its own direction; a very long one is folded. */
function Folded({ text }: { text: string }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  if (text.length <= LONG) return <p dir="auto">{text}</p>;
  return (
    <>
      <p dir="auto">{open ? text : `${text.slice(0, LONG)}…`}</p>
      <button type="button" className="kx-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? words.less : words.more}
      </button>
    </>
  );
}

function OutgoingView({ message, offline }: { message: Outgoing; offline: boolean }) {
  const chat = useChat();
  const words = useWords();
  const state = message.state === "failed" ? words.failed : message.state === "sending" && !offline ? words.sending : words.queued;
  const reason = message.reason ? words.refusals[message.reason] ?? words.refusals.not_understood : null;
  return (
    <li className="kx-line" data-author="borrower" data-state={message.state}>
      <Bubble>
        <Folded text={message.text} />
      </Bubble>
      <div className="kx-meta">
        <span>{[state, reason].filter(Boolean).join("：")}</span>
        {message.state === "failed" && (
          <>
            <button type="button" className="kx-fold" onClick={() => chat.again(message.id)}>
              {words.again}
            </button>
            <button type="button" className="kx-fold" onClick={() => chat.discard(message.id)}>
              {words.drop}
            </button>
          </>
        )}
      </div>
    </li>
  );
}
