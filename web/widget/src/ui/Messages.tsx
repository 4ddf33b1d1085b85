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
  const atEnd = useRef(true);
  const heightBefore = useRef(0);
  const { entries, outbox, typing } = conversation;
  const first = entries[0]?.number;
  const offered = choices(conversation);
  const lastWord = entries.reduce((last, entry) => (entry.author === "borrower" ? entry.number : last), 0);

  useLayoutEffect(() => {
    const element = scroller.current!;
    if (heightBefore.current) element.scrollTop += element.scrollHeight - heightBefore.current;
    heightBefore.current = 0;
  }, [first]);
  useEffect(() => {
    const element = scroller.current!;
    if (atEnd.current) element.scrollTop = element.scrollHeight;
  }, [entries.length, outbox.length, typing, offered.length]);
  useEffect(() => {
    if (outbox.length === 0) return;
    atEnd.current = true;
    scroller.current!.scrollTop = scroller.current!.scrollHeight;
  }, [outbox.length]);

  const onScroll = () => {
    const element = scroller.current!;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  };
  const loadEarlier = () => {
    heightBefore.current = scroller.current!.scrollHeight;
    void chat.earlier();
  };

  return (
    <div className="kx-messages" ref={scroller} onScroll={onScroll} role="region" aria-label={words.messages} tabIndex={0}>
      {conversation.earlier && (
        <Button className="kx-earlier" variant="text" onClick={loadEarlier}>
          {words.earlier}
        </Button>
      )}
      <ol>
        {entries.map((entry, index) => (
          <EntryView
            key={entry.number}
            entry={entry}
            before={entries[index - 1]}
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
            <span className="kx-hidden">{words.typing}</span>
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
  );
}

interface EntryProps {
  entry: Entry;
  before: Entry | undefined;
  language: Language;
  active: boolean;
  onCopy: (text: string) => void;
}

function EntryView({ entry, before, language, active, onCopy }: EntryProps) {
  const words = useWords();
  const name = { borrower: words.me, assistant: words.assistant, staff: words.staff }[entry.author];
  const newDay = !before || keyOf(before.at) !== keyOf(entry.at);
  const joined = entry.author === "staff" && before?.author !== "staff" && before !== undefined;
  return (
    <>
      {newDay && (
        <li className="kx-system">
          <time dateTime={keyOf(entry.at)}>{dayName(entry.at, new Date(), language, words)}</time>
        </li>
      )}
      {joined && <li className="kx-system">{words.joined}</li>}
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
